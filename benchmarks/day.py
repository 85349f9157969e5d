"""A day of the schedule, simulated, beside what ``sentry-sync plan`` says of it.

Usage: python -m benchmarks.day [--seed N]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from benchmarks import harness
from benchmarks.organizations import DAY_SHAPE, HUGE_SHAPE, IDLE_SHAPE, at
from benchmarks.simulation import Figures, Shaped, Simulation
from sentry_sync.sync import costs
from sentry_sync.sync.forecast import Forecast, forecast
from sentry_sync.sync.plan import DAY

START = datetime(2026, 11, 19, 0, 7, 23, tzinfo=UTC)
QUARTER = timedelta(hours=6)
AGREES = 0.2
"""How far the plan and a run may be apart."""


def main() -> None:
    """Simulate an ordinary day, an idle one, and a quarter of one that is far too large."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.perf_counter()
    print("200 projects, 5,000 unresolved issues, 300,000 events a day:")
    busy = simulated(partial(at, DAY_SHAPE), DAY, options.seed)
    planned = forecast(partial(costs.turn, DAY_SHAPE), {}, 100)
    table(busy, planned, DAY)
    verdicts(busy)
    print("the same with nothing new all day:")
    idle = simulated(lambda _: IDLE_SHAPE, DAY, options.seed)
    quiet = forecast(partial(costs.turn, IDLE_SHAPE), {}, 100, idle=True)
    compare(idle, quiet, DAY)
    print(harness.verdict("requests a minute", per_minute(idle, DAY), 4))
    print("1,000 projects, 200,000 unresolved issues, 50,000,000 events a day, for six hours:")
    huge = simulated(lambda _: HUGE_SHAPE, QUARTER, options.seed)
    table(huge, forecast(partial(costs.turn, HUGE_SHAPE), {}, 100), QUARTER)
    print(harness.verdict("requests in the busiest 60 s", huge.busiest(), 100))
    print(f"all of it in {time.perf_counter() - began:.1f} s")


def simulated(shape: Shaped, length: timedelta, seed: int) -> Figures:
    """What a simulation of an organization sees."""
    with tempfile.TemporaryDirectory() as folder:
        return Simulation(shape, START, Path(folder) / "ledger.db", seed=seed).run(length)


def per_minute(figures: Figures, length: timedelta) -> float:
    """Requests a minute but for an assistant's."""
    return background(figures) / (length / timedelta(minutes=1))


def background(figures: Figures) -> int:
    """Requests but for an assistant's."""
    return figures.requests.total() - figures.requests["live"]


def table(figures: Figures, planned: Forecast, length: timedelta) -> None:
    """Requests a minute by stream, simulated and planned."""
    minutes = length / timedelta(minutes=1)
    print(f"{'requests a minute':26}{'run':>8}{'plan':>8}{'ratio':>8}")
    for line in planned.lines:
        run = figures.requests[line.stream] / minutes
        ratio = f"{run / line.spent:8.2f}" if line.spent > 0.005 else "       -"
        print(f"{line.stream:26}{run:8.2f}{line.spent:8.2f}{ratio}")
    compare(figures, planned, length)


def compare(figures: Figures, planned: Forecast, length: timedelta) -> None:
    """All of the sync's requests beside the plan's."""
    spent = per_minute(figures, length)
    print(f"{'all of the sync':26}{spent:8.2f}{planned.spent:8.2f}{spent / planned.spent:8.2f}")
    print(harness.verdict("run beside plan, in all", abs(spent / planned.spent - 1), AGREES))


def verdicts(figures: Figures) -> None:
    """The bounds of the day."""
    print(harness.verdict("requests in the busiest 60 s", figures.busiest(), 100))
    for name, values, bound in (
        ("status of an unresolved issue", figures.status_ages, 600),
        ("a new issue", figures.new_issues, 90),
        ("counts of an hour, after its end", figures.counts, 300),
    ):
        if not values:
            print(f"     {name}: none in this time")
            continue
        print(harness.verdict(f"{name}, median age", harness.middle(values), bound, unit=" s"))
        print(f"     95 of 100 within {harness.percentile(values, 0.95):.0f} s")
    if figures.live_waits:
        print(f"     live questions waited {harness.percentile(figures.live_waits, 0.95):.1f} s (95 of 100)")


if __name__ == "__main__":
    main()

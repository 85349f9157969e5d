"""One hour of an organization of 300,000 errors a day, run for real against the simulator on a clock that we move.

The figures stand beside those of the discrete-event simulation of the same hour, and beside the plan.

The day before had a tenth of the errors, so that the first copy, which nobody measures here, is soon made.

Usage: python -m benchmarks.hour [--events-per-day N] [--minutes N]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from benchmarks import day, harness
from benchmarks.live_hour import Hour
from benchmarks.simulation import Simulation
from sentry_sync.simulator import WorldSize
from sentry_sync.sync import costs
from sentry_sync.sync.forecast import forecast

START = datetime(2026, 11, 20, 9, 25, tzinfo=UTC)
"""A Friday morning: the hour measured has a third more errors than the day's average."""

SETTLING = timedelta(minutes=30)
"""Until the ladders, all due at the start, are apart, and their windows hold what arrives since."""


def main() -> None:
    """Run the hour, and the same hour simulated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events-per-day", type=int, default=300_000)
    parser.add_argument("--minutes", type=int, default=60)
    options = parser.parse_args()
    length = timedelta(minutes=options.minutes)
    before = options.events_per_day // 10
    size = WorldSize(projects=200, issues=7_500, events_per_day=before, releases=8, days=1)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        hour = Hour(Path(folder), size, options.events_per_day, START)
        hour.first_sync()
        print(f"first copy: {len(hour.sim.requests)} requests, {time.perf_counter() - began:.0f} s")
        began = time.perf_counter()
        hour.run(SETTLING, length)
        shape = hour.shape()
        print(f"{options.minutes} minutes of {shape}: {time.perf_counter() - began:.0f} s")
        simulated = Simulation(lambda _: shape, START + SETTLING, Path(folder) / "ledger.db").run(length)
    print("run for real, beside the plan:")
    day.table(hour.figures, forecast(partial(costs.turn, shape), {}, 100), length)
    day.verdicts(hour.figures)
    print("simulated, beside the plan:")
    day.table(simulated, forecast(partial(costs.turn, shape), {}, 100), length)
    day.verdicts(simulated)
    ratio = day.background(hour.figures) / day.background(simulated)
    print(harness.verdict("real beside simulated, requests in all", abs(ratio - 1), day.AGREES))


if __name__ == "__main__":
    main()

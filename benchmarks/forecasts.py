"""How well the week to come is forecast: from every second day of simulated projects, beside the naive forecast.

Each project's errors a day are forecast for seven days from no more than six weeks before, and laid beside what
came. Error is the mean absolute error over that of the same days of the last week (MASE: below 1 is better than
naive); the interval's promise is four days of five.

Usage: python -m benchmarks.forecasts [--seeds 301-308]
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import fmean, median

from sentry_sync.simulator import Simulator, SimulatorOptions, WorldSize
from sentry_sync.trends.verdicts.forecast import DAYS, FEWEST, forecast, naive

DAY = 86_400
START = datetime(2026, 11, 20, tzinfo=UTC)
LONGEST = 42


@dataclass(slots=True)
class Score:
    """What one way of forecasting came to."""

    scaled: list[float] = field(default_factory=list)
    missed: float = 0.0
    happened: float = 0.0
    inside: list[bool] = field(default_factory=list)

    def add(self, expected: list[float], seen: list[float], scale: float) -> None:
        """One week."""
        errors = [abs(one - other) for one, other in zip(expected, seen, strict=True)]
        self.scaled.append(fmean(errors) / scale)
        self.missed += sum(errors)
        self.happened += sum(seen)


def main() -> None:
    """Forecast and print how it went, for quiet worlds and for worlds full of flaws."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="301-308")
    first, _, last = parser.parse_args().seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    print(f"{'worlds':<8} {'way':<6} {'MASE':>6} {'median':>7} {'missed':>7} {'inside':>7} {'weeks':>6}")
    for name, flawed in (("quiet", False), ("flawed", True)):
        ours, plain = Score(), Score()
        for seed in seeds:
            for weekday, counts in daily(seed, flawed=flawed):
                score(weekday, counts, ours, plain)
        for way, found in (("ours", ours), ("naive", plain)):
            inside = f"{fmean(found.inside):.1%}" if found.inside else "-"
            print(
                f"{name:<8} {way:<6} {fmean(found.scaled):>6.2f} {median(found.scaled):>7.2f} "
                f"{found.missed / found.happened:>7.1%} {inside:>7} {len(found.scaled):>6}"
            )


def daily(seed: int, *, flawed: bool) -> Iterator[tuple[int, list[float]]]:
    """Of each project the weekday of its first day, and its errors by day."""
    size = WorldSize(projects=4, issues=150, events_per_day=600, releases=14, days=56, flawed=flawed)
    world = Simulator(SimulatorOptions(seed=seed, size=size, static=True, frozen=True, start=START)).world
    counts: Counter[tuple[int, int]] = Counter()
    for number in world.index.order:
        issue = world.by_number[world.index.issue[number]]
        counts[issue.project.number, world.index.timestamp[number] // DAY] += 1
    first, end = world.start // DAY + 1, world.began // DAY
    for project in world.projects:
        yield (first + 3) % 7, [float(counts[project.number, day]) for day in range(first, end)]


def score(weekday: int, counts: list[float], ours: Score, plain: Score) -> None:
    """Forecast from every second day of a project's life."""
    for at in range(FEWEST, len(counts) - DAYS + 1, 2):
        since = max(0, at - LONGEST)
        past, seen = counts[since:at], counts[at : at + DAYS]
        scale = fmean(abs(past[day] - past[day - 7]) for day in range(7, len(past))) or 1.0
        expected = forecast(past, (weekday + since) % 7)
        ours.add([one.value for one in expected], seen, scale)
        ours.inside += [one.low <= count <= one.high for one, count in zip(expected, seen, strict=True)]
        plain.add(naive(past), seen, scale)


if __name__ == "__main__":
    main()

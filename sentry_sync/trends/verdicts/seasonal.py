"""Hours that are not like the hours they should be like: a robust seasonal baseline. Pure.

Counts are looked at as ``2 sqrt(n + 3/8)``, which makes a Poisson count's spread 1 whatever its mean (Anscombe,
Biometrika 35, 1948). What is usual is the median of the same hour in the weeks or days before, and how far from it
is usual the median of the distances times 1.4826, which a few bad hours do not move (Rousseeuw and Croux, JASA 88,
1993). Never less than 1: no count is steadier than Poisson's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)

ODD = 5.0
"""Spreads from the median. Iglewicz and Hoaglin (1993) draw the line at 3.5 for one look; a week has 168."""

WEEKS_FOR_A_WEEK = 4
"""Weeks before that it takes to know an hour of the week; with fewer it is an hour of a working day or weekend."""

FEWEST = 3
"""Hours of a kind that it takes to say what is usual."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual of an hour, on Anscombe's scale."""

    centre: float
    spread: float

    @property
    def count(self) -> float:
        """The usual count."""
        return max(0.0, (self.centre / 2) ** 2 - 3 / 8)

    def distance(self, count: float) -> float:
        """How many spreads above (or below) the usual a count is."""
        return (scaled(count) - self.centre) / self.spread


@dataclass(frozen=True, slots=True)
class Episode:
    """Odd hours one after the other."""

    start: datetime
    end: datetime
    events: int
    usual: float
    distance: float
    """Of its oddest hour."""


def scaled(count: float) -> float:
    """Anscombe's transform."""
    return 2 * math.sqrt(max(count, 0.0) + 3 / 8)


def usual(counts: Sequence[float]) -> Usual | None:
    """The usual of such counts; None of fewer than FEWEST."""
    if len(counts) < FEWEST:
        return None
    values = [scaled(count) for count in counts]
    centre = median(values)
    return Usual(centre, max(1.0, 1.4826 * median(abs(value - centre) for value in values)))


def like(hour: datetime, known: Mapping[datetime, float], weeks: int) -> list[float]:
    """The counts of the hours before ``hour`` that it should be like."""
    if weeks >= WEEKS_FOR_A_WEEK:
        same = [hour - back * WEEK for back in range(1, weeks + 1)]
        return [known[at] for at in same if at in known]
    days = [hour - timedelta(days=back) for back in range(1, 7 * max(weeks, 1) + 8)]
    return [known[at] for at in days if at in known and weekend(at) == weekend(hour)]


def usual_day(counts: Sequence[float | None], ends: Sequence[datetime], end: datetime) -> float | None:
    """The median of days that end on a working day or a weekend as ``end`` does; None of fewer than FEWEST.

    Of whole days and not of their hours: errors come in bursts, and a burst is part of a usual day but of no
    usual hour.
    """
    moment = end - HOUR
    alike = [
        count
        for count, at in zip(counts, ends, strict=True)
        if count is not None and weekend(at - HOUR) == weekend(moment)
    ]
    return median(alike) if len(alike) >= FEWEST else None


def weekend(moment: datetime) -> bool:
    """Saturday or Sunday, UTC."""
    return moment.weekday() >= 5


def episodes(counts: Mapping[datetime, float], since: datetime) -> list[Episode]:
    """Runs of odd hours from ``since`` on, oldest first. ``counts`` has an entry for each hour that is known."""
    if not counts:
        return []
    weeks = (since - min(counts)) // WEEK
    found: list[Episode] = []
    for hour in sorted(at for at in counts if at >= since):
        was = usual(like(hour, counts, weeks))
        if was is None or was.distance(counts[hour]) < ODD:
            continue
        one = Episode(hour, hour + HOUR, round(counts[hour]), was.count, was.distance(counts[hour]))
        if found and found[-1].end == hour:
            one = _joined(found.pop(), one)
        found.append(one)
    return found


def _joined(first: Episode, second: Episode) -> Episode:
    return Episode(
        first.start,
        second.end,
        first.events + second.events,
        first.usual + second.usual,
        max(first.distance, second.distance),
    )

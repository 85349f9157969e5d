"""The next days' errors with an interval: a smoothed level times the rhythm of the week. Pure.

Daily counts are looked at as ``2 sqrt(n + 3/8)`` (Anscombe 1948), on which their noise does not grow with them.
The rhythm is taken out: what working days and weekends have more or less, with eight weeks each day of the week.
What is left is smoothed exponentially, the weight being the one that would have told the next day best, and goes
on level. That is ETS(A,N,N) on the transformed counts, so the interval after ``h`` days is that of Hyndman,
Koehler, Ord and Snyder, Forecasting with Exponential Smoothing (2008), table 6.1: ``sigma^2 (1 + (h - 1)
weight^2)``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, median

from sentry_sync.trends.verdicts.seasonal import scaled

DAYS = 7
FEWEST = 14
"""Days that it takes: a rhythm seen once may be chance."""

EACH_WEEKDAY = 56
"""Days from which each day of the week has a level of its own: eight of each."""

WEIGHTS = tuple(step / 20 for step in range(1, 20))


@dataclass(frozen=True, slots=True)
class Expected:
    """A day's expected count and the interval it lies in with the level asked for."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class _Fit:
    level: float
    weight: float
    sigma: float


def forecast(counts: Sequence[float], weekday: int, days: int = DAYS, level: float = 0.8) -> list[Expected]:
    """What to expect of the ``days`` after ``counts``, of whole days the first of which is ``weekday`` (Monday 0).

    Empty for fewer than FEWEST days.
    """
    if len(counts) < FEWEST:
        return []
    values = [scaled(count) for count in counts]
    rhythm = _rhythm(values, weekday)
    fit = _fit([value - rhythm[(weekday + at) % 7] for at, value in enumerate(values)])
    z = NormalDist().inv_cdf((1 + level) / 2)
    found = []
    for ahead in range(1, days + 1):
        centre = fit.level + rhythm[(weekday + len(values) + ahead - 1) % 7]
        reach = z * fit.sigma * math.sqrt(1 + (ahead - 1) * fit.weight**2)
        found.append(Expected(_count(centre), _count(centre - reach), _count(centre + reach)))
    return found


def _count(value: float) -> float:
    return max(0.0, (max(value, 0.0) / 2) ** 2 - 3 / 8)


def _rhythm(values: Sequence[float], weekday: int) -> dict[int, float]:
    """How far above its week's mean a day of the week is.

    By the median of its distances from the mean of the seven days about it, so that neither a level that moved nor
    an incident is taken for rhythm.
    """
    groups: dict[int, list[float]] = defaultdict(list)
    for at in range(3, len(values) - 3):
        groups[_kind(weekday + at, len(values))].append(values[at] - fmean(values[at - 3 : at + 4]))
    return {day: median(groups[_kind(day, len(values))]) for day in range(7)}


def _kind(day: int, days: int) -> int:
    return day % 7 if days >= EACH_WEEKDAY else int(day % 7 >= 5)


def _fit(values: Sequence[float]) -> _Fit:
    """The weight with the smallest one-day errors; these are at least what Poisson counts have by chance."""
    fits = [_smoothed(values, weight) for weight in WEIGHTS]
    return min(fits, key=lambda fit: fit.sigma)


def _smoothed(values: Sequence[float], weight: float) -> _Fit:
    level, errors = fmean(values[:7]), list[float]()
    for value in values:
        errors.append(value - level)
        level += weight * (value - level)
    # Three were fitted: the level, the weight, and what a weekend differs by.
    sigma = math.sqrt(sum(error * error for error in errors) / max(1, len(errors) - 3))
    return _Fit(level, weight, max(1.0, sigma))


def naive(counts: Sequence[float], days: int = DAYS) -> list[float]:
    """The same days of the last week: what a forecast has to beat."""
    return [counts[len(counts) - 7 + ahead % 7] for ahead in range(days)]

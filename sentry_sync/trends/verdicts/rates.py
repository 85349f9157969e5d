"""Two rates compared: so many events in so much exposure, against so many in so much. Pure.

Given their sum, one of two Poisson counts is binomial, with a share that follows from the ratio of the rates and
the exposures (Przyborowski and Wilenski, Biometrika 31, 1940). The exact test built on that is conservative; its
mid-P version (Lancaster, JASA 56, 1961) keeps to the level on average and is among those that Gu, Ng, Tang and
Schucany recommend (Biometrical Journal 50, 2008). The interval holds the ratios that the test would not reject.

Errors are not Poisson: they come in bursts. With a variance of ``dispersion`` times the mean, counts divided by it
behave like Poisson ones (quasi-likelihood: Wedderburn, Biometrika 61, 1974), so that is what is tested.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

STEPS = 36
"""Halvings of the search for an interval's end: from e^±40 to a relative 1e-9."""

MOST_DISPERSED = 100.0
"""A burst of a hundred times the usual noise is no noise any more."""


@dataclass(frozen=True, slots=True)
class Counted:
    """So many events in so much exposure (sessions, transactions, hours)."""

    events: float
    exposure: float

    def __add__(self, other: Counted) -> Counted:
        return Counted(self.events + other.events, self.exposure + other.exposure)

    @property
    def rate(self) -> float | None:
        """Events per unit of exposure."""
        return self.events / self.exposure if self.exposure > 0 else None


NOTHING = Counted(0, 0)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio with its interval, and how likely one as far from 1 is where there is no difference."""

    value: float | None
    """None where nothing was counted on either side; infinite where only the baseline had nothing."""
    low: float
    high: float
    p: float


def total(parts: Iterable[Counted]) -> Counted:
    """All of the parts together."""
    return sum(parts, NOTHING)


def rate_ratio(candidate: Counted, baseline: Counted, *, dispersion: float = 1.0, alpha: float = 0.01) -> Ratio:
    """The candidate's rate over the baseline's, its ``1 - alpha`` interval, and the two-sided mid-P.

    Without exposure on either side, or without a single event, nothing is known: the interval is all ratios.
    """
    if candidate.exposure <= 0 or baseline.exposure <= 0 or candidate.events + baseline.events <= 0:
        return Ratio(None, 0.0, math.inf, 1.0)
    ours, theirs = candidate.events / dispersion, baseline.events / dispersion
    odds = candidate.exposure / baseline.exposure

    def above(ratio: float) -> float:
        return mid_upper(ours, ours + theirs, _share(ratio, odds))

    tail = above(1.0)
    value = candidate.events / candidate.exposure / (baseline.events / baseline.exposure) if theirs else math.inf
    return Ratio(
        value,
        _where(above, alpha / 2) if ours else 0.0,
        _where(above, 1 - alpha / 2) if theirs else math.inf,
        min(1.0, 2 * min(tail, 1 - tail)),
    )


def _share(ratio: float, odds: float) -> float:
    """The part of all events that is the candidate's, at this ratio of the rates."""
    return ratio * odds / (1 + ratio * odds)


def _where(above: Callable[[float], float], level: float) -> float:
    """The ratio at which the mid-P tail, which grows with it, reaches ``level``."""
    low, high = -40.0, 40.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if above(math.exp(middle)) < level else (low, middle)
    return math.exp((low + high) / 2)


def mid_upper(count: float, of: float, share: float) -> float:
    """P(X > count) + P(X = count) / 2 for a binomial X of ``of`` trials.

    Written with the incomplete beta function, which also takes counts that are no whole numbers.
    """
    at_least = incomplete_beta(count, of - count + 1, share) if count > 0 else 1.0
    more = incomplete_beta(count + 1, of - count, share) if count < of else 0.0
    return (at_least + more) / 2


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (DLMF 8.17.22), modified Lentz."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    front = (
        math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    )
    return min(1.0, front * _fraction(a, b, x))


_TINY = 1e-300


def _fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, 10_000):  # it takes about the root of the larger parameter
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = 1 / _away(1 + even * d), _away(1 + even / c)
        found *= c * d
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1 / _away(1 + odd * d), _away(1 + odd / c)
        found *= c * d
        if abs(c * d - 1) < 1e-13:
            break
    return found


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def dispersion(strata: Iterable[Sequence[Counted]], unknown: float) -> float:
    """How many times its mean the variance of a count is: Pearson's statistic over its degrees of freedom.

    Each stratum (a release) has a rate of its own, and its parts (days) vary about that. The statistic's own
    scatter is taken off by leaning on ``unknown`` as on so many further degrees of freedom as a usual prior has:
    with few days it is mostly ``unknown``, with many it is what was seen. Never below 1.
    """
    square, freedom = 0.0, 0
    for parts in strata:
        whole = total(parts)
        if len(parts) < 2 or whole.rate is None or not whole.events:
            continue
        expected = [(part.events, whole.rate * part.exposure) for part in parts]
        counted = [(seen, mean) for seen, mean in expected if mean >= _FEWEST_EXPECTED]
        square += sum((seen - mean) ** 2 / mean for seen, mean in counted)
        freedom += max(len(counted) - 1, 0)
    leaning = _LEAN * unknown
    return min(max((square + leaning) / (freedom + _LEAN), 1.0), MOST_DISPERSED)


_FEWEST_EXPECTED = 5
"""Events that a day must lead one to expect (Cochran's rule): of fewer, one burst makes the statistic huge."""

_LEAN = 4
"""Degrees of freedom that the usual dispersion counts for: half a week of days."""


def exposure_needed(rate: float, ratio: float, *, dispersion: float = 1.0, alpha: float = 0.01) -> float:
    """The exposure that shows ``ratio`` times ``rate`` in four cases of five, the baseline being well known.

    Roots of Poisson counts have a variance of 1/4 whatever their mean, so it takes
    ``((z_alpha + z_power) / (2 (sqrt(ratio) - 1)))**2`` expected events (Huffman, Applied Statistics 33, 1984).
    """
    from statistics import NormalDist

    normal = NormalDist()
    distance = normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(0.8)
    return dispersion * (distance / (2 * (math.sqrt(ratio) - 1))) ** 2 / rate

"""Shares compared: so many of so many, against so many of so many. Pure.

The interval of one share is Wilson's score interval (JASA 22, 1927); that of a difference is Newcombe's hybrid
of two of them (method 10 in Statistics in Medicine 17, 1998), which stays within -1..1 and is sound near 0 and
1, where crash-free rates are. The p-value is that of the score test with the pooled share.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Share:
    """``part`` of ``of``; ``of`` may be an effective number, smaller than what was counted."""

    part: float
    of: float

    def __add__(self, other: Share) -> Share:
        return Share(self.part + other.part, self.of + other.of)

    @property
    def value(self) -> float | None:
        """The share itself; None of nothing."""
        return self.part / self.of if self.of > 0 else None

    def thinned(self, dispersion: float) -> Share:
        """The same share of as many independent ones as it is worth."""
        return Share(self.part / dispersion, self.of / dispersion)


@dataclass(frozen=True, slots=True)
class Difference:
    """The candidate's share less the baseline's, its interval, and the two-sided p-value."""

    value: float | None
    low: float
    high: float
    p: float


def wilson(share: Share, alpha: float = 0.01) -> tuple[float, float]:
    """The interval of a share; all of 0..1 where nothing was counted."""
    if share.of <= 0:
        return 0.0, 1.0
    z, n, p = _NORMAL.inv_cdf(1 - alpha / 2), share.of, share.part / share.of
    centre = p + z * z / (2 * n)
    reach = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    whole = 1 + z * z / n
    return max(0.0, (centre - reach) / whole), min(1.0, (centre + reach) / whole)


def difference(candidate: Share, baseline: Share, alpha: float = 0.01) -> Difference:
    """How the candidate's share differs; nothing is known where one side counted nothing."""
    ours, theirs = candidate.value, baseline.value
    if ours is None or theirs is None:
        return Difference(None, -1.0, 1.0, 1.0)
    low, high = wilson(candidate, alpha)
    their_low, their_high = wilson(baseline, alpha)
    gap = ours - theirs
    return Difference(
        gap,
        gap - math.hypot(ours - low, their_high - theirs),
        gap + math.hypot(high - ours, theirs - their_low),
        _p(candidate, baseline),
    )


def _p(candidate: Share, baseline: Share) -> float:
    pooled = (candidate.part + baseline.part) / (candidate.of + baseline.of)
    error = math.sqrt(pooled * (1 - pooled) * (1 / candidate.of + 1 / baseline.of))
    if error == 0:
        return 1.0
    gap = candidate.part / candidate.of - baseline.part / baseline.of
    return 2 * _NORMAL.cdf(-abs(gap) / error)


def needed_for_drop(share: float, drop: float, *, dispersion: float = 1.0, alpha: float = 0.01) -> float:
    """How many it takes to see a crashed share of ``share`` grow by ``drop`` in four cases of five.

    The baseline being well known: ``(z_alpha sqrt(p q) + z_power sqrt(p' q'))**2 / drop**2`` (Fleiss, 1981).
    """
    grown = min(share + drop, 1.0)
    before, after = math.sqrt(share * (1 - share)), math.sqrt(grown * (1 - grown))
    reach = _NORMAL.inv_cdf(1 - alpha / 2) * before + _NORMAL.inv_cdf(0.8) * after
    return dispersion * (reach / drop) ** 2

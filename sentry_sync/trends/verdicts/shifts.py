"""Whether hourly latencies have shifted, without adding up a single percentile. Pure.

Each hour's percentile stays what the server computed for it. An hour is laid beside its like from before (the
same hour of the week, or of the day), the logarithms of the ratios are taken as a sample, and that sample is
judged by ranks, so that one odd hour moves nothing: the shift is the median of its Walsh averages (Hodges and
Lehmann, Annals of Mathematical Statistics 34, 1963), its interval and p-value come from the exact distribution
of the signed-rank statistic (Wilcoxon, Biometrics Bulletin 1, 1945).
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

FEWEST = 6
"""Hours that it takes: of five, even if all are slower, the p-value is 0.06."""

MOST = 48
"""Hours that are looked at, the newest: two days, and 1,176 averages."""


@dataclass(frozen=True, slots=True)
class Shift:
    """How many times as long it takes, with an interval, and how likely that is without a difference."""

    ratio: float
    low: float
    high: float
    p: float
    hours: int


def shift(logs: Sequence[float], alpha: float = 0.01) -> Shift | None:
    """The shift that these logarithms of ratios, one an hour, show; None of fewer than FEWEST."""
    sample = logs[-MOST:]
    count = len(sample)
    if count < FEWEST:
        return None
    averages = sorted((sample[i] + sample[j]) / 2 for i in range(count) for j in range(i, count))
    below = _cumulative(count)
    # W, the sum of the ranks of positive ones, is the number of positive averages; a zero is half of one.
    positive = len(averages) - (bisect_left(averages, 0.0) + bisect_right(averages, 0.0)) / 2
    smaller = min(positive, len(averages) - positive)
    cut = bisect_right(below, alpha / 2) - 1  # the largest W whose tail is within alpha / 2
    middle = (averages[(len(averages) - 1) // 2] + averages[len(averages) // 2]) / 2
    return Shift(
        ratio=math.exp(middle),
        low=math.exp(averages[cut]) if cut >= 0 else 0.0,
        high=math.exp(averages[-cut - 1]) if cut >= 0 else math.inf,
        p=min(1.0, 2 * below[math.floor(smaller)]),
        hours=count,
    )


@lru_cache(maxsize=MOST + 1)
def _cumulative(count: int) -> list[float]:
    """P(W <= w) of the signed-rank statistic of so many pairs, for each w."""
    ways = [1.0]
    for rank in range(1, count + 1):
        grown = [*ways, *[0.0] * rank]
        for w, number in enumerate(ways):
            grown[w + rank] += number
        ways = [number / 2 for number in grown]
    return list(accumulate(ways))

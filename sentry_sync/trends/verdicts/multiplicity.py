"""What is left of p-values when many were looked at. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted so that even one false alarm among all is as rare as the level says.

    Holm, Scandinavian Journal of Statistics 6, 1979: the smallest times their number, the next times one less.
    """
    count = len(p_values)
    adjusted, highest = [0.0] * count, 0.0
    for place, number in enumerate(sorted(range(count), key=lambda at: p_values[at])):
        highest = max(highest, min(1.0, (count - place) * p_values[number]))
        adjusted[number] = highest
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted so that of what is called different, the level is the share that is not.

    Benjamini and Hochberg, Journal of the Royal Statistical Society B 57, 1995.
    """
    count = len(p_values)
    adjusted, lowest = [0.0] * count, 1.0
    for place, number in enumerate(sorted(range(count), key=lambda at: -p_values[at])):
        lowest = min(lowest, p_values[number] * count / (count - place))
        adjusted[number] = lowest
    return adjusted

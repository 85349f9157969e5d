"""Tags that an issue's events have more often than other events of its project. Pure.

A share among the issue's events is held against the share among others. It stands out where it is larger by a
fifth of all events at least and by three standard errors of the difference, so that a few events prove little.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

LEAST_OWN = 5
LEAST_AROUND = 20
"""Events with tags below which a share says nothing."""

LARGER = 0.2
ERRORS = 3.0

STATISTIC = (
    "share of the issue's newest events held with tags, against that of other events of the project held with "
    "tags; shown where larger by 0.2 and by 3 standard errors"
)


@dataclass(frozen=True, slots=True)
class Standout:
    """A tag's value, and the shares of events that have it."""

    tag: str
    value: str
    events: int
    share: float
    elsewhere: float


def standouts(
    own: Sequence[Mapping[str, str]], around: Sequence[Mapping[str, str]], most: int
) -> list[Standout] | None:
    """The values that stand out, the largest difference first; None where there are too few events to tell."""
    if len(own) < LEAST_OWN or len(around) < LEAST_AROUND:
        return None
    mine, others = _counted(own), _counted(around)
    found = []
    for (tag, value), events in mine.items():
        share = events / len(own)
        elsewhere = others[tag, value] / len(around)
        if share - elsewhere >= LARGER and share - elsewhere >= ERRORS * _error(share, elsewhere, own, around):
            found.append(Standout(tag, value, events, share, elsewhere))
    return sorted(found, key=lambda one: (one.elsewhere - one.share, one.tag, one.value))[:most]


def _error(share: float, elsewhere: float, own: Sequence[object], around: Sequence[object]) -> float:
    """The standard error of the difference, were both shares the same."""
    pooled = (share * len(own) + elsewhere * len(around)) / (len(own) + len(around))
    return sqrt(pooled * (1 - pooled) * (1 / len(own) + 1 / len(around)))


def _counted(events: Sequence[Mapping[str, str]]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for tags in events:
        found.update(tags.items())
    return found

"""Tags that an issue's events have more often than other events of its project. Pure.

A share among the issue's events is held against the share among others. It stands out where it is larger by a
fifth of all events at least and by three standard errors of the difference, so that a few events prove little.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
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


@dataclass(frozen=True, slots=True)
class Tally:
    """In how many of some events each value of each tag is."""

    events: int
    counts: Counter[tuple[str, str]]

    @classmethod
    def of(cls, events: Sequence[Mapping[str, str]]) -> Tally:
        """What is in ``events``, each by its tags."""
        return cls(len(events), Counter(chain.from_iterable(tags.items() for tags in events)))

    def without(self, some: Tally) -> Tally:
        """The same without ``some`` of these events."""
        counts = self.counts.copy()
        counts.subtract(some.counts)
        return Tally(self.events - some.events, counts)


def standouts(own: Tally, around: Tally, most: int) -> list[Standout] | None:
    """The values that stand out, the largest difference first; None where there are too few events to tell."""
    if own.events < LEAST_OWN or around.events < LEAST_AROUND:
        return None
    found = []
    for (tag, value), events in own.counts.items():
        share, elsewhere = events / own.events, around.counts.get((tag, value), 0) / around.events
        if share - elsewhere >= LARGER and share - elsewhere >= ERRORS * _error(share, elsewhere, own, around):
            found.append(Standout(tag, value, events, share, elsewhere))
    return sorted(found, key=lambda one: (one.elsewhere - one.share, one.tag, one.value))[:most]


def _error(share: float, elsewhere: float, own: Tally, around: Tally) -> float:
    """The standard error of the difference, were both shares the same."""
    pooled = (share * own.events + elsewhere * around.events) / (own.events + around.events)
    return sqrt(pooled * (1 - pooled) * (1 / own.events + 1 / around.events))

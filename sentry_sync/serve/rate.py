"""How often one client may ask: a token bucket for each address. Pure but for the clock that is handed in."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MOST_CLIENTS = 10_000
"""Addresses remembered, a megabyte or so; the one that was quiet for longest is forgotten first."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What one client may have."""

    per_minute: float
    burst: float
    """At once, after a time of quiet."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """What a client had left, and when."""

    left: float
    at: float


def taken(bucket: Bucket | None, limit: Limit, now: float) -> tuple[Bucket, float]:
    """The bucket after one more request at ``now``, and the seconds to wait first: 0 if it is let in.

    A request that isn't let in takes nothing, so waiting that long is enough however often it was tried.
    """
    per_second = limit.per_minute / 60
    found = bucket or Bucket(limit.burst, now)
    left = min(limit.burst, found.left + max(0.0, now - found.at) * per_second)
    if left >= 1:
        return Bucket(left - 1, now), 0.0
    return Bucket(left, now), (1 - left) / per_second


class Buckets:
    """The buckets of all clients."""

    def __init__(self, limit: Limit, clock: Callable[[], float], most: int = MOST_CLIENTS) -> None:
        self._limit = limit
        self._clock = clock
        self._most = most
        self._held: OrderedDict[str, Bucket] = OrderedDict()

    def wait(self, client: str) -> float:
        """Count one request of ``client``; the seconds it must wait, 0 if it is let in."""
        bucket, seconds = taken(self._held.pop(client, None), self._limit, self._clock())
        self._held[client] = bucket
        if len(self._held) > self._most:
            self._held.popitem(last=False)
        return seconds

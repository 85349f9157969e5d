"""Who may send a request now: lanes, the rolling 60-second window, and what a server's headers announce.

Moments are whole microseconds since 1970, as the ledger keeps them. Nothing here reads a clock or a database:
the ledger counts, these functions decide.

A request *holds* its place from its reservation until a window's length after its completion. We can't know when
within that time the server counted it, so the whole time counts: with a shorter hold, slow answers followed by
fast ones would squeeze more than N arrivals into 60 seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

SECOND = 1_000_000
WINDOW = 60 * SECOND
"""The length of our own rolling window: the budget is a number per minute."""

LONGEST_REQUEST = 120 * SECOND
"""A reservation that nobody settled, because its process was killed, is taken to be over after this long, and
holds its place for a window's length more. Requests have reached the server far earlier: 10 s each for a free
connection, for connecting and for sending. Answers take a minute and one silence (at most another) at worst."""

POLL = SECOND // 20
"""How soon to ask again when only another request's completion can make room: a fast answer takes about this long,
and asking costs a tenth of a millisecond."""


HOT_RESERVE = 20
"""Of so many requests the lanes below leave one to the hot lane. A first copy spends a minute's budget in seconds;
what a webhook tells of must not wait for the rest of that minute."""


class Lane(IntEnum):
    """A request's priority; the greater goes first. ``str(Lane.LIVE)`` is ``"live"``."""

    BACKFILL = 0
    WARM = 1
    HOT = 2
    LIVE = 3

    def __str__(self) -> str:
        return self.name.lower()


class Refusal(StrEnum):
    """Why a server answered 429."""

    WINDOW = "window"
    """Too many requests in its window: wait for the reset."""
    CONCURRENCY = "concurrency"
    """Too many at once: a short wait is enough."""
    QUERY = "query"
    """Its database is protecting itself, or it didn't say: back off for a minute and more."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one answer said about rate limits; None where it said nothing (self-hosted servers say nothing)."""

    limit: int | None = None
    """``X-Sentry-Rate-Limit-Limit``: requests per window; the headers never say how long the window is."""
    remaining: int | None = None
    reset: int | None = None
    """``X-Sentry-Rate-Limit-Reset``: server time in epoch seconds at which the window ends."""
    concurrent_limit: int | None = None
    server_time: int | None = None
    """The answer's ``Date`` in epoch seconds: the only clock ``reset`` may be measured against."""
    retry_after: int | None = None
    """Seconds; Sentry sends none, proxies before it do."""
    window: int | None = None
    """Seconds; only the text of a 429 tells it ("Limit is 40 requests in 1 seconds")."""
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Reservation:
    """Leave to send one request; must be settled when the request is over, whatever came of it."""

    id: int
    endpoint: str
    lane: Lane
    at: int


@dataclass(frozen=True, slots=True)
class Wait:
    """No leave yet: ask again in ``seconds``; ``reason`` is a phrase for people.

    ``blocked`` says that the server refused such requests (429) and this is how long it asked us to wait.
    """

    seconds: float
    reason: str
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of ``lane`` that wants to go ``now``."""

    lane: Lane
    now: int
    live_reserve: int = 0
    yields: bool = False
    """Whether a higher background lane waits for room too. Then three quarters of it are that lane's, else whoever
    asks most often would win instead of whoever matters most; a quarter, so that nobody starves."""

    def kept(self, limit: int, for_live: int) -> int:
        """How many of ``limit`` requests are others' when ``for_live`` are kept for the live lane."""
        if self.lane is Lane.LIVE:
            return 0
        for_hot = limit // HOT_RESERVE if self.lane < Lane.HOT else 0
        return for_live + max(for_hot, (limit - for_live) * 3 // 4 if self.yields else 0)


@dataclass(frozen=True, slots=True)
class Count:
    """How many requests hold a place in a window, and how many of these are still under way."""

    live: int = 0
    background: int = 0
    in_flight: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.live + self.background


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a request may not go: until a moment, or until ``excess`` requests have left their window."""

    reason: str
    until: int = 0
    excess: int = 0
    blocked: bool = False
    """The server refused such requests itself."""
    scarce: bool = False
    """What all lanes share is used up: lower ones should leave what comes free."""


def reserve_of(limit: int, live_reserve: int) -> int:
    """Requests kept for the live lane out of ``limit``: never more than a fifth, so small limits still sync."""
    return min(live_reserve, limit // 5)


def over_budget(asked: Asked, count: Count, per_minute: int | None) -> Refused | None:
    """Why our own budget refuses a request, or None if it may go; ``per_minute`` None or 0 is a lifted budget."""
    if not per_minute:
        return None
    kept = asked.kept(per_minute, max(0, reserve_of(per_minute, asked.live_reserve) - count.live))
    excess = count.total + kept - per_minute + 1
    if excess <= 0:
        return None
    said = f"{count.total} of {per_minute} requests of the last 60 s are spent"
    return Refused(said, excess=excess, scarce=True)


def room(lane: Lane, count: Count, per_minute: int | None, live_reserve: int) -> int | None:
    """How many requests of ``lane`` our own budget lets go now; None when it is lifted."""
    if not per_minute:
        return None
    for_live = max(0, reserve_of(per_minute, live_reserve) - count.live)
    return max(0, per_minute - count.total - Asked(lane, 0).kept(per_minute, for_live))


def blocked(until: int) -> Refused:
    """The refusal of what the server refused itself."""
    return Refused("the server asked to wait (429)", until=until, blocked=True)


def leaves_at(holds_until: int, window: int, now: int) -> int:
    """When a request that holds its place until ``holds_until`` leaves a window, at the soonest.

    One under way may complete at any moment, so only from now on does its window begin to run.
    """
    return min(holds_until, now) + window

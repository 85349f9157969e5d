"""What the server counts, against what is held: which hours are read again, and what the server still serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sentry_sync.records.intervals import Interval, gaps

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

SETTLED = timedelta(hours=1)
"""Ingestion lags by minutes, and Sentry's replicas differ for seconds: what an hour holds is judged, and what it
lacks believed, this long after its end."""

BELIEVE_AGAIN = timedelta(days=1)
"""How long a difference that reading again did not settle is left alone. Rows that can't be read, or that Sentry
counts but does not list, would otherwise cost the same requests every hour."""

RETENTION_HOLDS = timedelta(hours=2)
"""How long we rely on what the server was seen to serve: it is asked every hour."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """An hour (or a day) of which something else is held than the server counts: it is to be read again."""

    resource: str
    hour: datetime
    served: int
    held: int
    doubted_at: datetime
    length: timedelta = HOUR

    @property
    def span(self) -> Interval:
        """The time that is to be read again."""
        return Interval(self.hour, self.hour + self.length)


@dataclass(frozen=True, slots=True)
class Retention:
    """The oldest row of a resource that the server still listed."""

    resource: str
    since: datetime
    learned_at: datetime

    def surely_since(self, now: datetime) -> datetime | None:
        """Since when the server serves everything, for sure: what it drops moves on no faster than the clock.

        None where that was learned too long ago: somebody may have made the server keep less.
        """
        age = max(now - self.learned_at, timedelta())
        return self.since + age if age <= RETENTION_HOLDS else None


@dataclass(frozen=True, slots=True)
class Books:
    """What is held of a resource, hour by hour."""

    resource: str
    held: Mapping[datetime, int]
    known: Sequence[Interval]
    """The time that was read completely."""
    doubts: Mapping[datetime, Doubt]
    """What was doubted before."""


def doubts(books: Books, judged: Interval, served: Mapping[datetime, int], now: datetime) -> list[Doubt]:
    """The hours of ``judged`` that have to be read again, newest first: something else is ``served`` than held.

    Only hours that are known whole and have settled by ``now`` are judged; one that was read again since it was
    doubted and still differs by the same is left alone for a day.
    """
    found = []
    for hour in sorted({*served, *books.held}, reverse=True):
        span = Interval(hour, hour + HOUR)
        if not judged.contains(span) or span.end > now - SETTLED or gaps(span, books.known):
            continue
        doubt = Doubt(books.resource, hour, served.get(hour, 0), books.held.get(hour, 0), now)
        if doubt.served != doubt.held and not _old_news(doubt, books.doubts.get(hour)):
            found.append(doubt)
    return found


def _old_news(doubt: Doubt, before: Doubt | None) -> bool:
    if before is None or doubt.doubted_at - before.doubted_at >= BELIEVE_AGAIN:
        return False
    return (doubt.served, doubt.held) == (before.served, before.held)


@dataclass(frozen=True, slots=True)
class Days:
    """What is known of a resource's days besides what it holds."""

    resource: str
    before: Mapping[datetime, Doubt]
    """What the server counted of them the last time."""
    unwatched: Sequence[Interval]
    """The time that was read and that nothing but this count watches."""


def days_counted(days: Days, served: Mapping[datetime, int], now: datetime, most: int) -> list[tuple[Doubt, bool]]:
    """What the server counts of each day, to be remembered, and whether the day has to be read again.

    It has when it counts something else than the last time. Of a day that is counted for the first time nobody can
    say so: it has when it was read before, unwatched.

    Of such days only the ``most`` newest are given; the others still are such days the next time.
    """
    found: list[tuple[Doubt, bool]] = []
    for day in sorted(served, reverse=True):
        last, whole = days.before.get(day), Interval(day, day + DAY)
        if last and not served[day]:
            continue  # nothing left of it: dropped by the server, which is no change
        unseen = bool(served[day]) and gaps(whole, days.unwatched) != [whole]
        again = last.served != served[day] if last else unseen
        if again and sum(seen for _, seen in found) >= most:
            continue
        found.append((Doubt(days.resource, day, served[day], served[day], now, DAY), again))
    return found

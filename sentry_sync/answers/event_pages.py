"""Pages of events, newest first, that neither lose nor double one, whoever listed them. Pure.

Sentry orders events by whole seconds, and some of its answers tell milliseconds that others leave out. So events
stand in the order of their seconds and, within one, of their ids, and a page ends only where all the events of its
last second are known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sentry_sync.answers.event_filters import Wanted
from sentry_sync.answers.misses import SEARCH_WINDOW
from sentry_sync.answers.times import HOUR, ceiling
from sentry_sync.records.intervals import Interval

SECOND = timedelta(seconds=1)

Position = tuple[datetime, str]
"""A whole second and an event's id."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Which events are wanted, newest first; times are whole seconds."""

    wanted: Wanted
    limit: int
    since: datetime | None = None
    until: datetime | None = None
    after: Position | None = None
    """Behind which event they begin."""
    full: bool = False
    """With their bodies, where the list has them."""

    @property
    def from_the_top(self) -> bool:
        """Whether it is the newest that are wanted, as far back as there are any."""
        return self.since is None and self.until is None and self.after is None

    def window(self, now: datetime) -> Interval:
        """What to ask the server for. To the hour where nothing else is said, so that equal questions are one."""
        ends = [at for at in (self.until, self.after[0] + SECOND if self.after else None) if at]
        end = min(ends, default=ceiling(now, HOUR))
        start = self.since or ceiling(now, HOUR) - SEARCH_WINDOW
        return Interval(min(start, end - SECOND), end)

    def inside(self, event: Any) -> bool:
        """Whether an event is of the time asked for; not every server is asked for that."""
        late = self.until is not None and event.timestamp >= self.until
        return not late and (self.since is None or event.timestamp >= self.since)

    @property
    def environments(self) -> tuple[str, ...]:
        """As a parameter."""
        return (self.wanted.environment,) if self.wanted.environment else ()


@dataclass(frozen=True, slots=True)
class Page:
    """Some events in their order."""

    rows: Sequence[Any]
    more: bool | None
    """Whether there are further ones; None where that needs more reading."""

    @property
    def settled(self) -> bool:
        """No event that was not read can belong among these."""
        return self.more is not None


def position(row: Any) -> Position:
    """Where an event stands."""
    moment: datetime = row.timestamp
    return moment.replace(microsecond=0), row.event_id


def page(rows: Sequence[Any], after: Position | None, limit: int, *, exhausted: bool) -> Page:
    """The first ``limit`` events behind ``after`` of rows that were read newest first.

    ``exhausted`` says that there were no others to read; else those of the last second may go on.
    """
    placed = sorted(((position(row), row) for row in rows), key=lambda entry: _order(entry[0]))
    behind = [(at, row) for at, row in placed if after is None or _order(at) > _order(after)]
    if exhausted:
        return Page([row for _, row in behind[:limit]], len(behind) > limit)
    last = placed[-1][0][0] if placed else None
    known = [row for at, row in behind if at[0] != last]
    if len(known) >= limit:
        return Page(known[:limit], more=True)
    return Page([row for _, row in behind[:limit]], None)


def _order(at: Position) -> tuple[float, str]:
    return -at[0].timestamp(), at[1]

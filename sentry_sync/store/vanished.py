"""Events that the server no longer lists: their rows, bodies, and what their issues' environments said of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select, update

from sentry_sync.records.event import EventGone
from sentry_sync.records.intervals import Interval, floor, union
from sentry_sync.store import tables

_events, _pairs, _known = tables.events.c, tables.issue_environments.c, tables.coverage.c

SECOND = timedelta(seconds=1)
"""The grain of the times that environments are told with."""

Uncover = Callable[[str, str, Interval], None]


@dataclass(frozen=True, slots=True)
class _Lost:
    """The first and last event that an issue lost in one environment."""

    project_id: str
    first: datetime
    last: datetime


def remove(connection: Connection, gone: Iterable[EventGone], uncover: Uncover) -> None:
    """Delete the events; ``uncover`` takes back what is known of environments that they alone told of."""
    lost: dict[tuple[str, str], _Lost] = {}
    for event in gone:
        mine = (_events.project_id == event.project_id, _events.event_id == event.event_id)
        row = connection.execute(select(tables.events).where(*mine)).first()
        if row is None:
            continue
        at, pair = row.timestamp, (row.issue_id, row.environment or "")
        known = lost.get(pair, _Lost(row.project_id, at, at))
        lost[pair] = _Lost(row.project_id, min(at, known.first), max(at, known.last))
        connection.execute(delete(tables.events).where(*mine))
        bodies = tables.event_bodies
        connection.execute(
            delete(bodies).where(bodies.c.project_id == event.project_id, bodies.c.event_id == event.event_id)
        )
    for (issue, environment), what in lost.items():
        _mend(connection, issue, environment, what, uncover)


def _mend(connection: Connection, issue: str, environment: str, lost: _Lost, uncover: Uncover) -> None:
    """Say of the pair what its other events say; all of them are held from where the known time begins."""
    mine = (_pairs.issue_id == issue, _pairs.environment == environment)
    pair = connection.execute(select(_pairs.first_seen, _pairs.last_seen).where(*mine)).first()
    if pair is None:
        return
    first, last = pair.first_seen, pair.last_seen
    was_first, was_last = floor(first, SECOND) >= floor(lost.first, SECOND), last < lost.last + SECOND
    if not (was_first or was_last):
        return
    oldest, newest = _others(connection, issue, environment)
    since = _known_since(connection, lost)
    if was_last and newest is None:
        if first >= since:
            connection.execute(delete(tables.issue_environments).where(*mine))
            return
        # Its last event is older than the events held: the server has to say when that was.
        newest = first
        uncover("issue_environments", "", Interval(first, since))
    if was_first and oldest is not None:
        first = floor(oldest, SECOND)
    if was_last and newest is not None:
        last = max(first, floor(newest, SECOND))
    connection.execute(update(tables.issue_environments).where(*mine).values(first_seen=first, last_seen=last))


def _others(connection: Connection, issue: str, environment: str) -> tuple[datetime | None, datetime | None]:
    found = connection.execute(
        select(func.min(_events.timestamp), func.max(_events.timestamp)).where(
            _events.issue_id == issue, func.coalesce(_events.environment, "") == environment
        )
    ).one()
    return found[0], found[1]


def _known_since(connection: Connection, lost: _Lost) -> datetime:
    """Where the unbroken time begins in which all events are held, of which those lost were a part."""
    rows = connection.execute(
        select(_known.start, _known.end).where(
            _known.resource == "events", _known.scope.in_(("", f"project:{lost.project_id}"))
        )
    )
    parts = union(Interval(row.start, row.end) for row in rows)
    return max((part.start for part in parts if part.start <= lost.first), default=lost.first)

"""What is held hour by hour, to lay beside what the server counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, func, literal_column, or_, select, type_coerce

from sentry_sync.records.audit import HOUR, Doubt, Retention
from sentry_sync.records.intervals import Interval
from sentry_sync.store import tables
from sentry_sync.store.types import MICROSECOND, from_micros

_events, _counts, _issues, _projects = tables.events, tables.error_counts, tables.issues, tables.projects

_HOUR = HOUR // MICROSECOND
_ASIDE = select(_issues.c.id).where(
    or_(
        _issues.c.category != "error",
        _issues.c.removed_at.is_not(None),
        _issues.c.project_id.in_(select(_projects.c.id).where(_projects.c.removed_at.is_not(None))),
    )
)
"""Issues whose rows no count of errors speaks of: of other kinds, known to be gone, or of a project that is."""


class Audits:
    """Rows by the hour; each read is its own snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def events(self, window: Interval) -> dict[datetime, int]:
        """Event rows by hour, of the issues that Sentry counts errors of."""
        hour = _hour(_events.c.timestamp)
        within = _events.c.timestamp >= window.start, _events.c.timestamp < window.end
        # All rows less those of few issues: each of the two is read from an index alone.
        every = select(hour, func.count()).where(*within).group_by(hour)
        aside = select(hour, func.count()).where(*within, _events.c.issue_id.in_(_ASIDE)).group_by(hour)
        with self._connection.begin():
            less = dict(map(tuple, self._connection.execute(aside)))
            rows = self._connection.execute(every).all()
        return {from_micros(at): count - less.get(at, 0) for at, count in rows}

    def error_counts(self, window: Interval) -> dict[datetime, int]:
        """Errors by hour as the server counted them, of issues and projects that are still there."""
        query = (
            select(_counts.c.hour, func.sum(_counts.c.count))
            .where(_counts.c.hour >= window.start, _counts.c.hour < window.end, _counts.c.issue_id.not_in(_ASIDE))
            .group_by(_counts.c.hour)
        )
        with self._connection.begin():
            return {hour: int(count) for hour, count in self._connection.execute(query)}

    def doubts(self, resource: str, window: Interval) -> dict[datetime, Doubt]:
        """The doubts there were, by hour."""
        found = tables.doubts
        query = select(found).where(
            found.c.resource == resource, found.c.hour >= window.start, found.c.hour < window.end
        )
        with self._connection.begin():
            rows = self._connection.execute(query).all()
        return {row.hour: Doubt(resource, row.hour, row.served, row.held, row.doubted_at) for row in rows}

    def retention(self, resource: str) -> Retention | None:
        """The oldest row the server still listed, or None while nobody has asked."""
        found = tables.retention
        with self._connection.begin():
            row = self._connection.execute(select(found).where(found.c.resource == resource)).first()
        return Retention(resource, row.since, row.learned_at) if row else None

    def held_events(self, window: Interval, scope: str) -> Sequence[Any]:
        """Project, id and time of the events within ``window`` that a list of the scope's errors ought to show."""
        query = select(_events.c.project_id, _events.c.event_id, _events.c.timestamp).where(
            _events.c.timestamp >= window.start,
            _events.c.timestamp < window.end,
            _events.c.issue_id.not_in(_ASIDE),
        )
        kind, _, key = scope.partition(":")
        if kind:
            query = query.where((_events.c.project_id if kind == "project" else _events.c.issue_id) == key)
        with self._connection.begin():
            return self._connection.execute(query).all()


def _hour(column: Any) -> Any:
    micros = type_coerce(column, Integer)
    return (micros - micros % literal_column(str(_HOUR))).label("hour")

"""Projects as complete lists of them show: which were never seen before, and which are gone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, or_, select, update

from sentry_sync.records.intervals import Interval
from sentry_sync.store import tables
from sentry_sync.store.types import EPOCH

_projects = tables.projects.c


def unseen_before(connection: Connection, since: datetime) -> Interval | None:
    """The lifetime, before ``since``, of projects first listed from then on; None if they are all there are."""
    new = connection.execute(select(_projects.date_created).where(_projects.known_since >= since)).all()
    if not new or not connection.execute(select(_projects.id).where(_projects.known_since < since)).first():
        return None
    start = min(row.date_created or EPOCH for row in new)
    return Interval(start, since) if start < since else None


def remove_unseen(connection: Connection, since: datetime) -> None:
    """Mark projects that a complete list, begun at ``since``, no longer named as removed.

    Those that were never listed too: known from an issue, they were gone before the first list.
    """
    unseen = or_(_projects.verified_at.is_(None), _projects.verified_at < since)
    connection.execute(
        update(tables.projects).where(unseen, _projects.removed_at.is_(None)).values(removed_at=since)
    )

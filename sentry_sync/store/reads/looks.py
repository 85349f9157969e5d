"""Which issues are due for another look: read by the reconcile to choose its batches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from sentry_sync.records.intervals import Interval
from sentry_sync.records.issue import UNKNOWN
from sentry_sync.store import tables
from sentry_sync.store.types import EPOCH

_issues, _pairs, _history = tables.issues.c, tables.issue_environments.c, tables.issue_history.c

PENDING = ("pending_deletion", "pending_merge")
"""Statuses of issues that are on their way out."""

PASSING = ("unresolved", *PENDING, "reprocessing")
"""Statuses whose absence from a list of the unresolved asks for a look; all but the first never last."""

OPEN = or_(_issues.removed_at.is_(None), _issues.removed_as == UNKNOWN)
"""Issues that are still looked at: those that are there, and those of which it is not known how they went."""

OLDEST = select(func.min(_issues.verified_at)).where(OPEN)
"""When the issue that was looked at longest ago was last looked at; nothing without issues."""

After = tuple[datetime, str]
"""The last look and the id of the issue after which to go on."""


class Looks:
    """Issues by their last look, the oldest first; each read is its own snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def oldest(self) -> datetime | None:
        """When the issue that was looked at longest ago was last looked at; None without issues."""
        with self._connection.begin():
            return self._connection.execute(OLDEST).scalar()

    def before(self, moment: datetime, after: After | None, limit: int) -> list[After]:
        """Issues not looked at since ``moment``."""
        return self._page([_issues.verified_at < moment], after, limit)

    def missed(self, window: Interval, after: After | None, limit: int) -> list[After]:
        """Issues that a complete list of the unresolved, pinned to ``window``, ought to have shown and did not.

        Only those with their last event inside: a search sees no others. Before them those of which only events
        are held: they may have been deleted or merged before any list could show them.
        """
        strangers = self._strangers(window, after, limit)
        conditions = [
            _issues.verified_at < window.end,
            _issues.status.in_(PASSING),
            _issues.last_seen >= window.start,
            _issues.last_seen < window.end,
        ]
        return strangers + self._page(conditions, after, limit - len(strangers))

    def all_unresolved(self, ids: Sequence[str]) -> bool:
        """Whether each of these issues is held and unresolved."""
        query = select(func.count()).where(
            _issues.id.in_(ids), _issues.status == "unresolved", _issues.removed_at.is_(None)
        )
        with self._connection.begin():
            return self._connection.execute(query).scalar() == len(set(ids))

    def of_removed_projects(self, ids: Sequence[str]) -> set[str]:
        """Those of the issues whose whole project is gone, by a complete list of projects."""
        projects = tables.projects.c
        query = (
            select(_issues.id)
            .join(tables.projects, projects.id == _issues.project_id)
            .where(_issues.id.in_(ids), projects.removed_at.is_not(None))
        )
        with self._connection.begin():
            return set(self._connection.execute(query).scalars())

    def witness(self, issue_id: str) -> tuple[str, str] | None:
        """The slug of the project and the id of the newest event held of an issue; None without any."""
        events, projects = tables.events.c, tables.projects.c
        query = (
            select(projects.slug, events.event_id)
            .join(tables.projects, projects.id == events.project_id)
            .where(events.issue_id == issue_id)
            .order_by(events.timestamp.desc())
            .limit(1)
        )
        with self._connection.begin():
            row = self._connection.execute(query).first()
        return (row.slug, row.event_id) if row else None

    def pending_beside(self, issue_id: str, since: datetime) -> set[str]:
        """Issues of its project that are being deleted or merged ``since`` then: it may be part of one of them.

        Those seen so after this one was last seen at all: two that went together must not wait for each other.
        """
        began = select(_history.issue_id).where(_history.field == "status", _history.at >= since)
        of_issue = select(_issues.project_id).where(_issues.id == issue_id)
        of_pairs = select(_pairs.project_id).where(_pairs.issue_id == issue_id)
        seen_at = select(_seen_alive()).where(_issues.id == issue_id).scalar_subquery()
        query = select(_issues.id).where(
            _issues.status.in_(PENDING),
            OPEN,
            _seen_alive() > func.coalesce(seen_at, EPOCH),
            or_(_issues.known_since >= since, _issues.id.in_(began)),
            or_(_issues.project_id.in_(of_issue), _issues.project_id.in_(of_pairs)),
        )
        with self._connection.begin():
            return set(self._connection.execute(query).scalars())

    def _strangers(self, window: Interval, after: After | None, limit: int) -> list[After]:
        """Issues that are not held, of events that are; those of a project that is gone stay as they are."""
        gone = select(tables.projects.c.id).where(tables.projects.c.removed_at.is_not(None))
        query = (
            select(_pairs.issue_id)
            .distinct()
            .where(
                _pairs.issue_id.not_in(select(_issues.id)),
                _pairs.project_id.not_in(gone),
                _pairs.last_seen < window.end,
            )
            .order_by(_pairs.issue_id)
            .limit(limit)
        )
        if after:
            at, issue = after
            if at > EPOCH:
                return []
            query = query.where(_pairs.issue_id > issue)
        with self._connection.begin():
            return [(EPOCH, issue) for issue in self._connection.execute(query).scalars()]

    def _page(self, conditions: list[ColumnElement[bool]], after: After | None, limit: int) -> list[After]:
        query: Any = select(_issues.verified_at, _issues.id).where(OPEN, *conditions)
        if after:
            at, issue = after
            query = query.where(or_(_issues.verified_at > at, and_(_issues.verified_at == at, _issues.id > issue)))
        with self._connection.begin():
            rows = self._connection.execute(query.order_by(_issues.verified_at, _issues.id).limit(limit)).all()
        return [(row.verified_at, row.id) for row in rows]


def _seen_alive() -> ColumnElement[datetime]:
    """When an issue was last seen to be there: at the last look, or before the one that found it gone."""
    went = select(func.max(_history.after)).where(
        _history.issue_id == _issues.id, _history.field == "removed_as", _history.new == UNKNOWN
    )
    return case((_issues.removed_as == UNKNOWN, went.scalar_subquery()), else_=_issues.verified_at)

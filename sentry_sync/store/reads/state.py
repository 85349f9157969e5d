"""What the sync needs to know of the store to decide what is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, or_, select

from sentry_sync.records.intervals import Interval
from sentry_sync.records.schedule import Entry
from sentry_sync.records.windows import Size
from sentry_sync.store import tables, take_back, wishes
from sentry_sync.store.reads.audits import Audits
from sentry_sync.store.reads.hints import Hints
from sentry_sync.store.reads.looks import Looks
from sentry_sync.store.reads.prepared import Prepared
from sentry_sync.store.reads.snapshot import driver_of
from sentry_sync.store.reads.windows import window_size
from sentry_sync.store.unit_of_work import Pass

UNFINISHED = ("running", "failed")
"""States of a pass that still has a cursor to go on from; ``running`` without a runner was killed."""


_passes, _known = tables.passes.c, tables.coverage.c


def _covered(*conditions: ColumnElement[bool]) -> Prepared:
    found = select(_known.start, _known.end)
    return Prepared(
        found.where(_known.resource == bindparam("of"), _known.scope == bindparam("within"), *conditions)
    )


# Every stream of every run asks for these, some of them several times.
_UNFINISHED = Prepared(
    select(tables.passes)
    .where(
        _passes.stream == bindparam("of"),
        or_(*(_passes.state == state for state in UNFINISHED)),
        _passes.cursor.is_not(None),
    )
    .order_by(_passes.id)
)
_COVERED = _covered()
_EXACTLY_COVERED = _covered(_known.approximate.is_(False))
_MARK = Prepared(
    select(tables.marks.c.mark, tables.marks.c.as_of).where(
        tables.marks.c.stream == bindparam("of"), tables.marks.c.scope == bindparam("within")
    )
)
_PROJECTS = Prepared(
    select(tables.projects.c.slug, tables.projects.c.id).where(tables.projects.c.removed_at.is_(None))
)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a stream has come, and when that was true."""

    mark: datetime
    as_of: datetime


class State:
    """Reads for planning, each its own snapshot: planning happens between transactions, not inside one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._driver = driver_of(connection)
        self.looks = Looks(connection)
        self.audits = Audits(connection)
        self.hints = Hints(connection)

    def mark(self, stream: str, scope: str = "") -> Mark | None:
        """The stream's high-water mark, or None before its first complete pass."""
        row = _MARK.first(self._driver, {"of": stream, "within": scope})
        return Mark(row.mark, row.as_of) if row else None

    def origin(self) -> tuple[str, str] | None:
        """Base URL and organization this store is a copy of; None before its first page."""
        with self._connection.begin():
            row = self._connection.execute(select(tables.origin)).first()
        return (row.base_url, row.organization) if row else None

    def region(self) -> str | None:
        """The URL of the region that holds the organization's data, if it named one."""
        with self._connection.begin():
            return self._connection.execute(select(tables.organizations.c.region_url)).scalar()

    def latest_mark(self) -> datetime | None:
        """The newest moment of the server's clock that any stream has seen."""
        with self._connection.begin():
            return self._connection.execute(select(func.max(tables.marks.c.as_of))).scalar()

    def newest_claim(self) -> datetime | None:
        """The latest moment of the server's clock that a mark, coverage or a pass claims to have seen."""
        with self._connection.begin():
            return take_back.newest(self._connection)

    def coverage(self, resource: str, scope: str = "", *, exactly: bool = False) -> list[Interval]:
        """The time known complete for a resource and scope; with ``exactly``, without what the server sampled."""
        query = _EXACTLY_COVERED if exactly else _COVERED
        rows = query.all(self._driver, {"of": resource, "within": scope})
        return [Interval(row.start, row.end) for row in rows]

    def window_size(self, stream: str) -> Size | None:
        """The longest window the server was seen to take; None where none was too long for it."""
        return window_size(self._driver, stream)

    def unfinished(self, stream: str) -> list[Pass]:
        """Passes of the stream that were killed or failed and can go on, oldest first."""
        return [
            Pass(
                row.id,
                row.stream,
                row.scope,
                Interval(row.start, row.end) if row.start is not None else None,
                row.cursor,
                row.pages,
                row.rows,
                row.started_at,
                row.rejected,
                row.updated_at,
            )
            for row in _UNFINISHED.all(self._driver, {"of": stream})
        ]

    def schedule(self) -> dict[str, Entry]:
        """When each ladder is due, as the last daemon left it."""
        with self._connection.begin():
            rows = self._connection.execute(select(tables.schedule)).all()
        return {
            row.stream: Entry(
                row.stream, timedelta(seconds=row.every_seconds), row.due_at, row.failures, row.error, row.requests
            )
            for row in rows
        }

    def wishes(self) -> dict[str, datetime]:
        """When each stream that somebody wants before its turn was wished for."""
        return wishes.read(self._connection)

    def changes_seen(self, streams: Sequence[str], since: datetime) -> int:
        """How many changes of issues these streams found out since then; counts move with events and are none."""
        history = tables.issue_history.c
        query = select(func.count()).where(
            history.seen_by.in_(streams), history.at >= since, history.field != "count"
        )
        with self._connection.begin():
            return int(self._connection.execute(query).scalar() or 0)

    def projects(self) -> dict[str, str]:
        """Slug to id of the projects that are still there."""
        return {row.slug: row.id for row in _PROJECTS.all(self._driver)}

    def capabilities(self) -> dict[str, tuple[bool, datetime]]:
        """Whether the server can do something and when we learned it, by name; the sync's own notes included."""
        with self._connection.begin():
            rows = self._connection.execute(select(tables.capabilities)).all()
        return {row.name: (row.available, row.learned_at) for row in rows}

    def issues_wanting_body(self, limit: int, stale_before: datetime) -> list[str]:
        """Ids of recently active unresolved issues without a body, or with one older than ``stale_before``."""
        issues, bodies = tables.issues, tables.event_bodies
        newest = (
            select(
                bodies.c.issue_id,
                func.max(bodies.c.timestamp).label("at"),
                func.max(bodies.c.fetched_at).label("got"),
            )
            .group_by(bodies.c.issue_id)
            .subquery()
        )
        tried = tables.marks
        query = (
            select(issues.c.id)
            .outerjoin(newest, newest.c.issue_id == issues.c.id)
            .outerjoin(tried, and_(tried.c.stream == "event_bodies", tried.c.scope == issues.c.id))
            .where(
                issues.c.status == "unresolved",
                issues.c.removed_at.is_(None),
                or_(
                    tried.c.as_of.is_(None),
                    # An issue that had no event to show when it was tried is worth it again once it has a new one.
                    and_(
                        tried.c.as_of < stale_before,
                        func.coalesce(newest.c.at, tried.c.as_of) < issues.c.last_seen,
                    ),
                ),
            )
            .order_by(issues.c.last_seen.desc(), issues.c.id)
            .limit(limit)
        )
        with self._connection.begin():
            return list(self._connection.execute(query).scalars())

    def issues_active_since(self, since: datetime, limit: int) -> list[tuple[str, datetime]]:
        """Id and last event of the most recently active issues, newest first."""
        issues = tables.issues
        with self._connection.begin():
            rows = self._connection.execute(
                select(issues.c.id, issues.c.last_seen)
                .where(issues.c.last_seen >= since, issues.c.removed_at.is_(None))
                .order_by(issues.c.last_seen.desc(), issues.c.id)
                .limit(limit)
            ).all()
        return [(row.id, row.last_seen) for row in rows]

    def releases_wanting_deploys(self, limit: int) -> list[str]:
        """The newest deployed releases whose deploys were not read since they last changed."""
        releases, tried = tables.releases, tables.marks
        query = (
            select(releases.c.version)
            .outerjoin(tried, and_(tried.c.stream == "deploys", tried.c.scope == releases.c.version))
            .where(releases.c.deploy_count > 0, releases.c.removed_at.is_(None), tried.c.as_of.is_(None))
            .order_by(releases.c.date_created.desc(), releases.c.version)
            .limit(limit)
        )
        with self._connection.begin():
            return list(self._connection.execute(query).scalars())

    def releases_missed(self, swept: datetime, limit: int) -> list[str]:
        """The newest releases that a complete list, begun at ``swept``, ought to have shown and did not."""
        releases = tables.releases
        query = (
            select(releases.c.version)
            .where(releases.c.verified_at < swept, releases.c.removed_at.is_(None))
            .order_by(releases.c.date_created.desc(), releases.c.version)
            .limit(limit)
        )
        with self._connection.begin():
            return list(self._connection.execute(query).scalars())

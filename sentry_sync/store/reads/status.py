"""What the store holds and how each stream fared, all of one moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, func, literal_column, select

from sentry_sync.records.intervals import Interval, gaps, union
from sentry_sync.store import lease, tables
from sentry_sync.store.lease import Lease
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.reads.hints import Hooks, hooks


@dataclass(frozen=True, slots=True)
class PassReport:
    """One run of a stream over one scope."""

    scope: str
    state: str
    """``running`` (or killed), ``done``, ``failed`` or ``abandoned``."""
    pages: int
    rows: int
    rejected: int
    reject_reason: str | None
    error: str | None
    started_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class StreamReport:
    """How one stream stands."""

    stream: str
    as_of: datetime | None
    """When what it brought was last true; None before its first complete pass."""
    whole: bool
    """Whether ``as_of`` holds for the whole organization. A stream that looks at one issue or release at a time,
    when it changes, is not as old as its oldest look: its ``as_of`` is the newest."""
    scopes: int
    """How many scopes it was complete for: the organization, or so many projects, issues or releases."""
    last: PassReport | None
    """Its newest pass; None when it has none on record."""
    failed: int
    """Scopes whose newest pass failed."""
    rejected: int
    """Rows set aside as unreadable by the newest pass over each window of each scope, of the passes on record."""


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """The time known complete for one resource."""

    resource: str
    scope: str
    """``""`` for the organization; ``issue:*`` or ``project:*`` sums up several scopes of a kind."""
    scopes: int
    start: datetime
    end: datetime
    """Of several scopes: the time that each of them covers; empty (``start >= end``) when there is none."""
    gaps: tuple[Interval, ...]
    """Unknown time between start and end, in any of the scopes."""
    sources: tuple[str, ...]
    approximate: bool
    resolution: int | None
    """Seconds: the coarsest of its parts; None where rows are of no time of their own."""


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """What the server still serves of one resource."""

    resource: str
    since: datetime
    """The oldest row that it listed."""
    learned_at: datetime
    held_beyond: int
    """Rows held from before: Sentry no longer lists them."""


@dataclass(frozen=True, slots=True)
class DoubtReport:
    """Hours in which something else is held than the server counts."""

    resource: str
    hours: int
    newest_at: datetime
    """When that was last seen."""


@dataclass(frozen=True, slots=True)
class Failing:
    """A stream whose last turn failed."""

    failures: int
    """Turns in a row."""
    error: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Status:
    """Everything `sentry-sync status` shows of the database."""

    base_url: str | None
    organization: str | None
    streams: dict[str, StreamReport]
    coverage: tuple[CoverageReport, ...]
    rows: dict[str, int]
    """Rows by table, removed ones left out."""
    capabilities: dict[str, bool]
    retention: tuple[RetentionReport, ...]
    doubts: tuple[DoubtReport, ...]
    due: dict[str, datetime]
    """When each stream is due again, as the process that syncs last planned it."""
    failing: dict[str, Failing]
    """The streams whose last turn failed."""
    lease: Lease | None
    """Who syncs, or synced last; see :func:`sentry_sync.store.lease.held`."""
    hooks: Hooks


COUNTED = (
    "projects",
    "environments",
    "issues",
    "issue_environments",
    "error_counts",
    "events",
    "event_bodies",
    "releases",
    "deploys",
    "release_health",
    "transaction_stats",
    "transaction_windows",
    "query_stats",
    "web_vitals",
)
"""The tables that hold what was synced."""


def read(connection: Connection, *, counted: bool = True) -> Status:
    """The status of the store, read in one snapshot; without ``counted`` no rows: of millions that takes long."""
    with connection.begin():
        origin = connection.execute(select(tables.origin)).first()
        # The sync's own notes have a colon in their names.
        known = tables.capabilities.c
        able = select(known.name, known.available).where(known.name.not_like("%:%"))
        planned = connection.execute(select(tables.schedule)).all()
        return Status(
            base_url=origin.base_url if origin else None,
            organization=origin.organization if origin else None,
            streams=_streams(connection),
            coverage=_coverage(connection),
            rows={name: _count(connection, tables.metadata.tables[name]) for name in COUNTED if counted},
            capabilities={row.name: row.available for row in connection.execute(able)},
            retention=tuple(_retention(connection)) if counted else (),
            doubts=tuple(_doubts(connection)),
            due={row.stream: row.due_at for row in planned},
            failing={
                row.stream: Failing(row.failures, row.error, row.updated_at) for row in planned if row.failures
            },
            lease=lease.read(connection),
            hooks=hooks(connection),
        )


def _retention(connection: Connection) -> Iterator[RetentionReport]:
    events = tables.events.c
    for row in connection.execute(select(tables.retention)).all():
        older = select(func.count()).where(events.timestamp < row.since) if row.resource == "events" else None
        beyond = connection.execute(older).scalar_one() if older is not None else 0
        yield RetentionReport(row.resource, row.since, row.learned_at, beyond)


def _doubts(connection: Connection) -> Iterator[DoubtReport]:
    doubts = tables.doubts.c
    differing = (
        select(doubts.resource, func.count().label("hours"), func.max(doubts.doubted_at).label("newest_at"))
        .where(doubts.served != doubts.held)
        .group_by(doubts.resource)
        .order_by(doubts.resource)
    )
    for row in connection.execute(differing):
        yield DoubtReport(row.resource, row.hours, row.newest_at)


def size_on_disk(paths: StorePaths) -> dict[str, int]:
    """Bytes of the ``database`` (with its log), the request ``ledger`` and the ``lake``."""
    found = {"database": 0, "ledger": 0, "lake": 0}
    for name, path in (("database", paths.database), ("ledger", paths.ledger)):
        found[name] = sum(part.stat().st_size for part in path.parent.glob(path.name + "*") if part.is_file())
    found["lake"] = sum(part.stat().st_size for part in paths.lake.rglob("*") if part.is_file())
    return found


def _count(connection: Connection, table: Table) -> int:
    statement = select(func.count()).select_from(table)
    if "removed_at" in table.c:
        statement = statement.where(table.c.removed_at.is_(None))
    return connection.execute(statement).scalar_one()


def _streams(connection: Connection) -> dict[str, StreamReport]:
    as_of: dict[str, dict[str, datetime]] = defaultdict(dict)
    for mark in connection.execute(select(tables.marks)):
        as_of[mark.stream][mark.scope] = mark.as_of
    newest: dict[str, list[PassReport]] = defaultdict(list)
    passes = tables.passes
    last = select(func.max(passes.c.id)).group_by(passes.c.stream, passes.c.scope)
    for row in connection.execute(select(passes).where(passes.c.id.in_(last)).order_by(passes.c.id)):
        newest[row.stream].append(
            PassReport(
                row.scope,
                row.state,
                row.pages,
                row.rows,
                row.rejected,
                row.reject_reason,
                row.error,
                row.started_at,
                row.updated_at,
            )
        )
    rejected = _rejected(connection)
    return {
        name: _stream(name, as_of[name], newest[name], rejected.get(name, 0)) for name in sorted({*as_of, *newest})
    }


def _rejected(connection: Connection) -> dict[str, int]:
    """Unreadable rows by stream. Reading a window again makes good for the time before."""
    passes, later = tables.passes, tables.passes.alias("later")
    read_again = select(later.c.id).where(
        later.c.stream == passes.c.stream,
        later.c.scope == passes.c.scope,
        later.c.start.is_not_distinct_from(passes.c.start),
        later.c.id > passes.c.id,
    )
    statement = (
        select(passes.c.stream, func.sum(passes.c.rejected).label("rejected"))
        # Written out, since SQLite takes its partial index only for the very condition it was made with.
        .where(passes.c.rejected > literal_column("0"), ~read_again.exists())
        .group_by(passes.c.stream)
    )
    return {row.stream: row.rejected for row in connection.execute(statement)}


def _stream(name: str, marks: dict[str, datetime], newest: list[PassReport], rejected: int) -> StreamReport:
    as_of, whole = _as_of(marks)
    return StreamReport(
        stream=name,
        as_of=as_of,
        whole=whole,
        scopes=len(marks),
        last=newest[-1] if newest else None,
        failed=sum(report.state == "failed" for report in newest),
        rejected=rejected,
    )


def _as_of(marks: dict[str, datetime]) -> tuple[datetime | None, bool]:
    if "" in marks:
        return marks[""], True
    projects = [at for scope, at in marks.items() if scope.startswith("project:")]
    if projects:  # every project is polled, so together they are as old as the oldest
        return min(projects), True
    return max(marks.values(), default=None), False


def _coverage(connection: Connection) -> tuple[CoverageReport, ...]:
    found: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in connection.execute(select(tables.coverage)):
        found[row.resource, row.scope.split(":")[0] + ":*" if ":" in row.scope else row.scope].append(row)
    return tuple(_covered(*key, found[key]) for key in sorted(found))


def _covered(resource: str, scope: str, rows: list[Any]) -> CoverageReport:
    scopes: dict[str, list[Interval]] = defaultdict(list)
    for row in rows:
        scopes[row.scope].append(Interval(row.start, row.end))
    known = list(scopes.values())
    start = max(min(part.start for part in parts) for parts in known)
    end = min(max(part.end for part in parts) for parts in known)
    missing = [gap for parts in known for gap in gaps(Interval(start, end), parts)] if start < end else []
    return CoverageReport(
        resource,
        scope,
        len(known),
        start,
        end,
        tuple(union(missing)),
        tuple(sorted({row.source for row in rows})),
        approximate=any(row.approximate for row in rows),
        resolution=max((row.resolution for row in rows if row.resolution is not None), default=None),
    )

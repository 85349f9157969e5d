"""Releases of a project, their deploys and their health."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
)

from sentry_sync.records.intervals import Interval
from sentry_sync.store import tables
from sentry_sync.store.reads.knowledge import as_list, listed
from sentry_sync.store.reads.prepared import Prepared, Snapshot
from sentry_sync.store.types import Moment

_releases, _of, _deploys, _health, _issues = (
    tables.releases,
    tables.release_projects,
    tables.deploys,
    tables.release_health,
    tables.issues,
)


_BEFORE_ALL: ColumnElement[int] = literal_column("-1")
"""Where a release without a date stands: behind all that have one."""


def _page() -> Select[Any]:
    return (
        select(*_releases.c, _of.c.new_issues.label("project_new_issues"))
        .join(_of, _of.c.version == _releases.c.version)
        .where(_of.c.project_id == bindparam("project"), _releases.c.removed_at.is_(None), *_wanted(), _behind())
        .order_by(_releases.c.date_created.desc(), _releases.c.version)
        .limit(bindparam("page"))
    )


def _wanted() -> list[ColumnElement[bool]]:
    part: BindParameter[str | None] = bindparam("part", type_=Text)
    since: BindParameter[datetime | None] = bindparam("since", type_=Moment)
    return [
        part.is_(None) | (func.instr(func.lower(_releases.c.version), part) > literal_column("0")),
        since.is_(None) | (_releases.c.date_created >= since),
    ]


def _behind() -> ColumnElement[bool]:
    """Whether a row comes behind the last one of a page, where there was one."""
    last: BindParameter[str | None] = bindparam("last", type_=Text)
    created = func.coalesce(cast(_releases.c.date_created, Integer), _BEFORE_ALL)
    at = func.coalesce(cast(bindparam("last_created", type_=Moment), Integer), _BEFORE_ALL)
    return or_(last.is_(None), created < at, and_(created == at, _releases.c.version > last))


_NEWEST = Prepared(_page())
_NAMED = Prepared(
    _page().where(
        or_(_releases.c.version == bindparam("version"), _releases.c.short_version == bindparam("version"))
    )
)
_FIRST_SEEN = Prepared(
    select(_issues.c.id, _issues.c.short_id, _issues.c.status, _issues.c.first_release)
    .where(
        _issues.c.first_release.in_(select(listed("versions").c.value)),
        # The plus keeps SQLite from walking the project's issues instead of those of the releases.
        literal_column("+issues.project_id", Text) == bindparam("project"),
        _issues.c.removed_at.is_(None),
    )
    .order_by(_issues.c.first_seen.desc(), _issues.c.id)
)
_DEPLOYS = Prepared(
    select(_deploys)
    .where(_deploys.c.version.in_(select(listed("versions").c.value)))
    .order_by(_deploys.c.date_finished.desc(), _deploys.c.id)
)
_HEALTH = Prepared(
    select(_health)
    .where(
        _health.c.release.in_(select(listed("versions").c.value)),
        _health.c.project_id == bindparam("project"),
        _health.c.bucket >= bindparam("start", type_=Moment),
        _health.c.bucket < bindparam("end", type_=Moment),
    )
    .order_by(_health.c.release, _health.c.environment, _health.c.bucket)
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which releases of a project, newest first."""

    project_id: str
    limit: int
    version: str | None = None
    """Only those whose full or short version it is."""
    part: str | None = None
    """Only those whose version contains it, whatever its case."""
    since: datetime | None = None
    """Only those created at or after this."""
    last: str | None = None
    """The version of the last row before these, and when it was created."""
    last_created: datetime | None = None


def page(snapshot: Snapshot, wanted: Wanted) -> list[Any]:
    """The releases that are wanted."""
    given = {
        "project": wanted.project_id,
        "page": wanted.limit,
        "part": wanted.part.lower() if wanted.part else None,
        "since": wanted.since,
        "last": wanted.last,
        "last_created": wanted.last_created,
    }
    if wanted.version is None:
        return _NEWEST.all(snapshot, given)
    return _NAMED.all(snapshot, given | {"version": wanted.version})


def first_seen_in(snapshot: Snapshot, project_id: str, versions: Sequence[str]) -> list[Any]:
    """Issues whose first release is known to be one of ``versions``, the newest first."""
    return _FIRST_SEEN.all(snapshot, {"project": project_id, "versions": as_list(versions)})


def deploys(snapshot: Snapshot, versions: Sequence[str]) -> dict[str, list[Any]]:
    """The deploys of each version, newest first."""
    found: dict[str, list[Any]] = defaultdict(list)
    for row in _DEPLOYS.all(snapshot, {"versions": as_list(versions)}):
        found[row.version].append(row)
    return found


def health(snapshot: Snapshot, project_id: str, versions: Sequence[str], days: Interval) -> dict[str, list[Any]]:
    """The daily health rows of each version in ``days``, by environment and day."""
    found: dict[str, list[Any]] = defaultdict(list)
    given = {"versions": as_list(versions), "project": project_id, "start": days.start, "end": days.end}
    for row in _HEALTH.all(snapshot, given):
        found[row.release].append(row)
    return found

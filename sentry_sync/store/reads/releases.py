"""Releases of a project, their deploys and their health."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, bindparam, or_, select

from sentry_sync.records.intervals import Interval
from sentry_sync.store import tables
from sentry_sync.store.reads.knowledge import as_list, listed
from sentry_sync.store.reads.prepared import Prepared, Snapshot
from sentry_sync.store.types import Moment

_releases, _of, _deploys, _health = (
    tables.releases,
    tables.release_projects,
    tables.deploys,
    tables.release_health,
)


def _page() -> Select[Any]:
    return (
        select(*_releases.c, _of.c.new_issues.label("project_new_issues"))
        .join(_of, _of.c.version == _releases.c.version)
        .where(_of.c.project_id == bindparam("project"), _releases.c.removed_at.is_(None))
        .order_by(_releases.c.date_created.desc(), _releases.c.version)
        .limit(bindparam("page"))
    )


_NEWEST = Prepared(_page())
_NAMED = Prepared(
    _page().where(
        or_(_releases.c.version == bindparam("version"), _releases.c.short_version == bindparam("version"))
    )
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


def newest(snapshot: Snapshot, project_id: str, limit: int) -> list[Any]:
    """The project's newest releases by creation."""
    return _NEWEST.all(snapshot, {"project": project_id, "page": limit})


def named(snapshot: Snapshot, project_id: str, version: str, limit: int) -> list[Any]:
    """The project's releases whose full or short version is ``version``, newest first."""
    return _NAMED.all(snapshot, {"project": project_id, "version": version, "page": limit})


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

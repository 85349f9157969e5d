"""Names a person may be about to type: slugs, environments, releases, short ids. Each read is bounded."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from sentry_sync.store import tables
from sentry_sync.store.reads.prepared import Prepared, Snapshot

_projects, _environments, _releases, _issues = (
    tables.projects,
    tables.environments,
    tables.releases,
    tables.issues,
)

_AFTER_ALL = "\U0010ffff"
"""Sorts behind whatever may follow a prefix."""

_SLUGS = Prepared(
    select(_projects.c.slug)
    .where(_projects.c.removed_at.is_(None))
    .order_by(_projects.c.slug)
    .limit(bindparam("most"))
)
_ENVIRONMENTS = Prepared(
    select(_environments.c.name).distinct().order_by(_environments.c.name).limit(bindparam("most"))
)
_NEWEST_RELEASES = Prepared(
    select(_releases.c.version)
    .where(_releases.c.removed_at.is_(None))
    .order_by(_releases.c.date_created.desc(), _releases.c.version)
    .limit(bindparam("most"))
)
_RELEASES_FROM = Prepared(
    select(_releases.c.version)
    .where(
        _releases.c.removed_at.is_(None),
        _releases.c.version >= bindparam("start"),
        _releases.c.version < bindparam("end"),
    )
    .order_by(_releases.c.version)
    .limit(bindparam("most"))
)
_RECENT_ISSUES = Prepared(
    select(_issues.c.short_id)
    .where(_issues.c.removed_at.is_(None), _issues.c.short_id.is_not(None))
    .order_by(_issues.c.last_seen.desc(), _issues.c.id)
    .limit(bindparam("most"))
)
_SHORT_IDS_FROM = Prepared(
    select(_issues.c.short_id)
    .where(
        _issues.c.removed_at.is_(None),
        _issues.c.short_id >= bindparam("start"),
        _issues.c.short_id < bindparam("end"),
    )
    .order_by(_issues.c.short_id)
    .limit(bindparam("most"))
)
_PROJECTS_OF = Prepared(
    select(_projects.c.slug)
    .join(tables.release_projects, tables.release_projects.c.project_id == _projects.c.id)
    .where(tables.release_projects.c.version == bindparam("version"), _projects.c.removed_at.is_(None))
    .order_by(_projects.c.slug)
    .limit(bindparam("most"))
)


def projects(snapshot: Snapshot, most: int) -> list[str]:
    """Slugs of the projects that are there, in alphabetical order."""
    return [row.slug for row in _SLUGS.all(snapshot, {"most": most})]


def environments(snapshot: Snapshot, most: int) -> list[str]:
    """Names of environments of any project, in alphabetical order."""
    return [row.name for row in _ENVIRONMENTS.all(snapshot, {"most": most})]


def releases(snapshot: Snapshot, prefix: str, most: int) -> list[str]:
    """Versions that begin with ``prefix``, then the newest ones of all."""
    given = {"start": prefix, "end": prefix + _AFTER_ALL, "most": most}
    begun = [row.version for row in _RELEASES_FROM.all(snapshot, given)] if prefix else []
    return begun + [row.version for row in _NEWEST_RELEASES.all(snapshot, {"most": most})]


def short_ids(snapshot: Snapshot, prefix: str, most: int) -> list[str]:
    """Short ids that begin with ``prefix``; without one those of the issues with the newest events."""
    if not prefix:
        return [row.short_id for row in _RECENT_ISSUES.all(snapshot, {"most": most})]
    given = {"start": prefix, "end": prefix + _AFTER_ALL, "most": most}
    return [row.short_id for row in _SHORT_IDS_FROM.all(snapshot, given)]


def projects_of(snapshot: Snapshot, version: str, most: int) -> list[str]:
    """Slugs of the projects that a release belongs to."""
    return [row.slug for row in _PROJECTS_OF.all(snapshot, {"version": version, "most": most})]

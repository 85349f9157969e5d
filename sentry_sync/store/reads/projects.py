"""Projects: found by what a person calls them, and all of them with their numbers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Text, and_, bindparam, or_, select

from sentry_sync.store import tables
from sentry_sync.store.reads.prepared import Prepared, Snapshot

_projects, _stats = tables.projects, tables.project_stats

_FIND = Prepared(
    select(_projects.c.id, _projects.c.slug, _projects.c.platform, _projects.c.removed_at)
    .where(or_(_projects.c.slug == bindparam("name"), _projects.c.id == bindparam("name")))
    # A slug may be used again after its project was deleted: the living one is meant, and a slug before an id.
    .order_by(_projects.c.removed_at.is_not(None), _projects.c.slug != bindparam("name"))
    .limit(1)
)
_SLUGS = Prepared(
    select(_projects.c.slug, _projects.c.id).where(_projects.c.removed_at.is_(None)).order_by(_projects.c.slug)
)
_ALL = Prepared(
    select(
        _projects.c.id,
        _projects.c.slug,
        _projects.c.name,
        _projects.c.platform,
        _projects.c.status,
        _stats.c.events_24h,
        _stats.c.errors_24h,
        _stats.c.sessions_24h,
        _stats.c.as_of,
    )
    .outerjoin(_stats, _stats.c.project_id == _projects.c.id)
    .where(
        _projects.c.removed_at.is_(None),
        or_(
            _projects.c.slug > bindparam("last", type_=Text),
            and_(_projects.c.slug == bindparam("last"), _projects.c.id > bindparam("last_id", type_=Text)),
        ),
    )
    .order_by(_projects.c.slug, _projects.c.id)
    .limit(bindparam("page"))
)
_ORGANIZATION = Prepared(
    select(tables.organizations.c.id, tables.organizations.c.slug, tables.organizations.c.name)
)


def find(snapshot: Snapshot, name: str) -> Any | None:
    """The project whose slug or id is ``name``, removed ones last: id, slug, platform, removed_at."""
    return _FIND.first(snapshot, {"name": name})


def ids_by_slug(snapshot: Snapshot) -> dict[str, str]:
    """Slug to id of every project that is not removed, by slug."""
    return {row.slug: row.id for row in _SLUGS.all(snapshot)}


def page(snapshot: Snapshot, limit: int, after: tuple[str, str] = ("", "")) -> list[Any]:
    """Projects that are not removed, by slug and id, behind ``after``; with their numbers of a day."""
    return _ALL.all(snapshot, {"page": limit, "last": after[0], "last_id": after[1]})


def organization(snapshot: Snapshot) -> Any | None:
    """Id, slug and name of the store's organization, once they have been read."""
    return _ORGANIZATION.first(snapshot)

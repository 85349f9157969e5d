"""What to look at to see whether something changed: rows that differ after it did, and stay equal until then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, or_, select

from sentry_sync.store import tables
from sentry_sync.store.reads.prepared import Prepared, Snapshot

NEWEST_PASSES = 20
"""As many streams may be at work at once, a pass each; an older pass is not written to again but by a restart."""

_passes, _leases, _issues, _releases, _health = (
    tables.passes,
    tables.leases,
    tables.issues,
    tables.releases,
    tables.release_health,
)

_PASSES = Prepared(
    select(_passes.c.id, _passes.c.state, _passes.c.pages, _passes.c.updated_at)
    .order_by(_passes.c.id.desc())
    .limit(NEWEST_PASSES)
)
_LEASES = Prepared(select(_leases.c.holder, _leases.c.generation, _leases.c.rests_until))
_ISSUE_COLUMNS: list[ColumnElement[Any]] = [
    # Not verified_at: an issue that was looked at and found as it was has not changed.
    *(column for column in _issues.c if column.name not in ("verified_at", "known_since")),
    (
        select(func.max(tables.issue_history.c.id))
        .where(tables.issue_history.c.issue_id == _issues.c.id)
        .scalar_subquery()
        .label("told")
    ),
]
_ISSUE = Prepared(
    select(*_ISSUE_COLUMNS)
    .where(or_(_issues.c.id == bindparam("issue"), _issues.c.short_id == bindparam("issue")))
    .order_by(_issues.c.id)
)
_RELEASE_COLUMNS: list[ColumnElement[Any]] = [column for column in _releases.c if column.name != "verified_at"]
_RELEASE = Prepared(select(*_RELEASE_COLUMNS).where(_releases.c.version == bindparam("version")))
_HEALTH_COLUMNS: list[ColumnElement[Any]] = [
    func.count(_health.c.bucket).label("rows"),
    func.sum(_health.c.sessions).label("sessions"),
]
_HEALTH = Prepared(select(*_HEALTH_COLUMNS).where(_health.c.release == bindparam("version")))


def status(snapshot: Snapshot) -> Sequence[Any]:
    """Rows about what the sync does."""
    return [*_PASSES.all(snapshot), *_LEASES.all(snapshot)]


def issue(snapshot: Snapshot, name: str) -> Sequence[Any]:
    """Rows about the issue with this id or short id."""
    return _ISSUE.all(snapshot, {"issue": name})


def release(snapshot: Snapshot, version: str) -> Sequence[Any]:
    """Rows about the release of this version."""
    return [*_RELEASE.all(snapshot, {"version": version}), *_HEALTH.all(snapshot, {"version": version})]


def version(snapshot: Snapshot) -> int:
    """A number that differs once another connection has committed; to be compared on one connection alone."""
    found: int = snapshot.execute("PRAGMA data_version").fetchone()[0]
    return found

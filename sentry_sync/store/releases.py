"""What follows from how releases were seen: deploys to read again, releases and their projects that are gone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from sentry_sync.records.release import Deploy, Release, ReleaseGone
from sentry_sync.store.types import to_micros

# A release's deploys were read when it has a mark; it is dropped by what shows that there is another one.
_COUNT_CHANGED = (
    "DELETE FROM marks WHERE stream = 'deploys' AND scope = ?1 AND EXISTS "
    "(SELECT 1 FROM releases WHERE version = ?1 AND verified_at <= ?3 AND deploy_count IS NOT ?2)"
)
_NEW_DEPLOY = (
    "DELETE FROM marks WHERE stream = 'deploys' AND scope = ?1 "
    "AND NOT EXISTS (SELECT 1 FROM deploys WHERE id = ?2)"
)
_WITHDRAW = "UPDATE releases SET removed_at = ?2, verified_at = ?2 WHERE version = ?1 AND verified_at <= ?2"
# Only of releases seen in that very list: of others it says nothing.
_LEAVE_PROJECTS = (
    "DELETE FROM release_projects WHERE verified_at < ?1 AND version IN "
    "(SELECT version FROM releases WHERE verified_at >= ?1 AND removed_at IS NULL)"
)


def renew(connection: Connection, releases: Iterable[Release], deploys: Iterable[Deploy]) -> None:
    """Before the rows are written: have the deploys of those releases read again that have new ones."""
    counts = [(row.version, row.deploy_count, to_micros(row.verified_at)) for row in releases]
    if counts:
        connection.exec_driver_sql(_COUNT_CHANGED, counts)
    ids = [(row.version, row.id) for row in deploys]
    if ids:
        connection.exec_driver_sql(_NEW_DEPLOY, ids)


def withdraw(connection: Connection, gone: Iterable[ReleaseGone]) -> None:
    """Mark releases as removed, unless they were seen since."""
    for release in gone:
        connection.exec_driver_sql(_WITHDRAW, (release.version, to_micros(release.at)))


def leave_projects(connection: Connection, since: datetime) -> None:
    """Drop the projects that the releases of a complete list, begun at ``since``, were no longer listed with."""
    connection.exec_driver_sql(_LEAVE_PROJECTS, (to_micros(since),))

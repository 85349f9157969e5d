"""Issues that are gone from the server: tombstones, and what moves to the issue they were merged into."""

from __future__ import annotations

from sqlalchemy import Connection

from sentry_sync.records.issue import IssueGone
from sentry_sync.store.types import to_micros

_HISTORY = (
    "INSERT INTO issue_history (issue_id, after, at, field, old, new, seen_by) "
    "SELECT id, verified_at, ?2, 'removed_as', removed_as, ?3, ?4 FROM issues "
    "WHERE id = ?1 AND verified_at <= ?2 AND removed_as IS NOT ?3"
)
_BURY = (
    "UPDATE issues SET removed_at = coalesce(removed_at, ?2), removed_as = ?3, merged_into = ?4, verified_at = ?2 "
    "WHERE id = ?1 AND verified_at <= ?2"
)

_ADD_ENVIRONMENTS = (
    "INSERT INTO issue_environments (issue_id, environment, project_id, first_seen, last_seen) "
    "SELECT ?2, environment, project_id, first_seen, last_seen FROM issue_environments WHERE issue_id = ?1 "
    "ON CONFLICT DO UPDATE SET first_seen = min(first_seen, excluded.first_seen), "
    "last_seen = max(last_seen, excluded.last_seen)"
)
# Events add up. Users don't, since one may have met both: where both had some, their number isn't known.
_ADD_COUNTS = (
    "INSERT INTO error_counts (project_id, issue_id, environment, release, hour, count, users) "
    "SELECT project_id, ?2, environment, release, hour, count, users FROM error_counts WHERE issue_id = ?1 "
    "ON CONFLICT DO UPDATE SET count = count + excluded.count, users = CASE WHEN excluded.users = 0 THEN users "
    "WHEN users = 0 THEN excluded.users END"
)
_REHOME = (
    "UPDATE events SET issue_id = ?2 WHERE issue_id = ?1",
    "UPDATE event_bodies SET issue_id = ?2 WHERE issue_id = ?1",
    _ADD_ENVIRONMENTS,
    "DELETE FROM issue_environments WHERE issue_id = ?1 AND ?2 IS NOT NULL",
    _ADD_COUNTS,
    "DELETE FROM error_counts WHERE issue_id = ?1 AND ?2 IS NOT NULL",
)


def bury(connection: Connection, gone: IssueGone, seen_by: str) -> bool:
    """Mark an issue as removed; False when it isn't held, or was seen alive after ``gone.at``.

    A merged issue's events, bodies, environments and hourly counts become its parent's, as they did in Sentry.
    """
    at = to_micros(gone.at)
    connection.exec_driver_sql(_HISTORY, (gone.issue_id, at, gone.removed_as, seen_by))
    done = connection.exec_driver_sql(_BURY, (gone.issue_id, at, gone.removed_as, gone.merged_into))
    if done.rowcount and gone.merged_into is not None:
        for statement in _REHOME:
            connection.exec_driver_sql(statement, (gone.issue_id, gone.merged_into))
    return done.rowcount > 0

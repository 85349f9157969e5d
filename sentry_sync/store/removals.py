"""Issues that are gone from the server: tombstones, and what becomes of what was held of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import orjson
from sqlalchemy import Connection

from sentry_sync.records.intervals import Interval, floor
from sentry_sync.records.issue import UNKNOWN, Issue, IssueGone
from sentry_sync.store.types import from_micros, to_micros

SECOND = timedelta(seconds=1)
"""The resolution of the lists that events are read from."""

_HISTORY = (
    "INSERT INTO issue_history (issue_id, after, at, field, old, new, seen_by) "
    "SELECT id, verified_at, ?2, 'removed_as', removed_as, ?3, ?4 FROM issues "
    "WHERE id = ?1 AND verified_at <= ?2 AND removed_as IS NOT ?3"
)
# How it went that is known already is not forgotten by a look that can't tell.
_STILL_UNKNOWN = f" AND coalesce(removed_as, '{UNKNOWN}') = '{UNKNOWN}'"
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


# People delete issues for privacy, and Sentry no longer has their events: neither must a copy of it.
_PURGE = tuple(
    f"DELETE FROM {table} WHERE issue_id = ?1"  # noqa: S608 (our own names)
    for table in ("events", "event_bodies", "issue_environments", "error_counts", "issue_raw")
)

_IS_HELD = "SELECT 1 FROM issues WHERE id = ?1"

_SPAN = "SELECT max(project_id), min(timestamp), max(timestamp) FROM events WHERE issue_id = ?1"

_BACK = (
    "SELECT min(coalesce(first_seen, 0)) AS since FROM issues WHERE removed_as = 'deleted' "
    "AND id IN (SELECT value FROM json_each(?1))"
)


def bury(connection: Connection, gone: IssueGone, seen_by: str) -> bool:
    """Mark an issue as removed; False when it was seen alive after ``gone.at``.

    Of one that isn't held there may be events all the same, read before any list showed it. A merged issue's
    events, bodies, environments and hourly counts become its parent's, as they did in Sentry. A deleted issue's go
    with it. One whose whole project is gone keeps them: the project's row says that it is. One of which it is not
    known how it went keeps them until it is.
    """
    at, only = to_micros(gone.at), _STILL_UNKNOWN if gone.removed_as == UNKNOWN else ""
    connection.exec_driver_sql(_HISTORY + only, (gone.issue_id, at, gone.removed_as, seen_by))
    done = connection.exec_driver_sql(_BURY + only, (gone.issue_id, at, gone.removed_as, gone.merged_into))
    if not done.rowcount and connection.exec_driver_sql(_IS_HELD, (gone.issue_id,)).first():
        return False
    if gone.merged_into is not None:
        for statement in _REHOME:
            connection.exec_driver_sql(statement, (gone.issue_id, gone.merged_into))
    elif gone.removed_as == "deleted":
        for statement in _PURGE:
            connection.exec_driver_sql(statement, (gone.issue_id,))
    return True


def events_of(connection: Connection, issue_id: str) -> tuple[str, Interval] | None:
    """The project of an issue's events, and the whole seconds from the first to the last held; None without any.

    What is known of events is told to the second, and so is what no longer is.
    """
    project, first, last = connection.exec_driver_sql(_SPAN, (issue_id,)).one()
    if not project:
        return None
    return project, Interval(floor(from_micros(first), SECOND), floor(from_micros(last), SECOND) + SECOND)


def back_since(connection: Connection, issues: Iterable[Issue]) -> datetime | None:
    """When the first of those ``issues`` began that were taken for deleted; None where none was.

    The server, or a proxy before it, said that they were gone, and now shows them: what was held of them was
    dropped on its word.
    """
    ids = orjson.dumps([issue.id for issue in issues]).decode()
    since = connection.exec_driver_sql(_BACK, (ids,)).scalar()
    return None if since is None else from_micros(since)

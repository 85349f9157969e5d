"""Taking back what the store claims to know of the future.

The server's clock, or ours where the server sent no date, was wrong once. Left alone, such claims make old rows
seem fresh, keep windows from being asked for, and keep rows that were looked at "tomorrow" from being updated.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from sentry_sync.store import tables
from sentry_sync.store.types import EPOCH, Moment, from_micros, to_micros

STREAM = "clock"
"""Its passes are no passes: each says that claims were taken back, when and why."""

LAG = timedelta(minutes=1)
"""What happened in the last minute before a look may not have been there to see: ingestion lags by as much."""

LOOKS = (
    "verified_at",
    "fetched_at",
    "known_since",
    "learned_at",
    "doubted_at",
    "removed_at",
    "started_at",
    "updated_at",
)
"""Columns that say when we looked. Those that say when something happened in Sentry are Sentry's own."""

_OBSERVED = [
    (table.name, column.name)
    for table in tables.metadata.tables.values()
    for column in table.columns
    if isinstance(column.type, Moment)
    and (column.name in LOOKS or table.name in ("issue_history", "project_stats"))
]

# Of failed passes the time is our own guess; those of the stream "clock" are notes.
_NEWEST = (
    "SELECT max(at) FROM (SELECT max(mark, as_of) AS at FROM marks UNION ALL SELECT end FROM coverage "
    "UNION ALL SELECT updated_at FROM passes WHERE state IN ('running', 'done') AND stream != :clock)"
)
_NOTE = (
    "INSERT INTO passes (stream, scope, state, pages, rows, rejected, error, started_at, updated_at) "
    "VALUES (:clock, '', 'done', 0, 0, 0, :said, :now, :now)"
)

# Passes are numbered in the order they began. The last one before the first with a time yet to come was made while
# the clock was right; what came after it proves nothing, even where its time is past by now.
_LAST_TRUE = (
    "SELECT max(updated_at) FROM passes WHERE stream != :clock AND updated_at <= :now "
    "AND id < coalesce((SELECT min(id) FROM passes WHERE updated_at > :now), 9223372036854775807)"
)

_ABANDON = (
    "UPDATE passes SET state = 'abandoned', error = 'the clock was wrong when it began' "
    "WHERE state IN ('running', 'failed') AND max(updated_at, coalesce(end, 0)) > :now"
)
_CLAIMS = (
    "DELETE FROM coverage WHERE end > :now AND start >= :believed",
    "UPDATE coverage SET end = :believed WHERE end > :now",
    # The mark of a day or week that was read says which one: at another time there are no rows to it.
    "DELETE FROM marks WHERE max(mark, as_of) > :now AND (:believed = 0 OR stream GLOB 'transaction_windows.*')",
    "UPDATE marks SET mark = min(mark, :believed), as_of = min(as_of, :believed) WHERE max(mark, as_of) > :now",
    _ABANDON,
    "UPDATE schedule SET due_at = :now WHERE due_at > :now",
)


def newest(connection: Connection) -> datetime | None:
    """The latest moment that the store claims to know of."""
    found = connection.exec_driver_sql(_NEWEST, {"clock": STREAM}).scalar()
    return None if found is None else from_micros(found)


def take_back(connection: Connection, server_time: datetime) -> str | None:
    """Believe nothing beyond ``server_time``; one line that says what was taken back, None if nothing was.

    Coverage and marks that reach beyond it go back to the last pass made before the clock went wrong, not merely
    to ``server_time``: up to when they were really true they don't say. Without such a pass they go altogether.
    """
    now, claimed = to_micros(server_time), newest(connection)
    if claimed is None or claimed <= server_time:
        return None
    last_true = connection.exec_driver_sql(_LAST_TRUE, {"now": now, "clock": STREAM}).scalar()
    believed = from_micros(last_true) - LAG if last_true else EPOCH
    values = {"now": now, "believed": to_micros(believed)}
    for statement in _CLAIMS:
        connection.exec_driver_sql(statement, values)
    looked = to_micros(believed if last_true else server_time - LAG)
    for table, column in _OBSERVED:
        connection.exec_driver_sql(
            f"UPDATE {table} SET {column} = :looked WHERE {column} > :now",  # noqa: S608 (our own names)
            {"now": now, "looked": looked},
        )
    said = _said(claimed, server_time, believed)
    connection.exec_driver_sql(_NOTE, {"now": now, "said": said, "clock": STREAM})
    return said


def _said(claimed: datetime, server_time: datetime, believed: datetime) -> str:
    again = "all of that" if believed == EPOCH else f"what came after {believed:%Y-%m-%d %H:%M:%S}"
    return (
        f"the copy claimed to know all until {claimed:%Y-%m-%d %H:%M:%S} UTC when it was "
        f"{server_time:%Y-%m-%d %H:%M:%S} at the server: a clock was wrong once; {again} is read again"
    )

"""What the store writes down about its lake, inside the caller's transaction."""

from __future__ import annotations

from dataclasses import astuple

from sqlalchemy import Connection

from sentry_sync.store.lake_parts import Part, Span

_RAISE = "UPDATE lake_counter SET counter = counter + 1"
_COUNTER = "SELECT counter FROM lake_counter"
_OVERLAPPING = 'resource = ?1 AND start < ?3 AND "end" > ?2'
_WATCHED = f'SELECT min(?2, min(start)), max(?3, max("end")) FROM lake_spans WHERE {_OVERLAPPING}'  # noqa: S608 (our own names)
_UNWATCH = f"DELETE FROM lake_spans WHERE {_OVERLAPPING}"  # noqa: S608
_WATCH = 'INSERT INTO lake_spans (resource, start, "end") VALUES (?1, ?2, ?3)'
_STILL_WATCHED = 'SELECT 1 FROM lake_spans WHERE resource = ?1 AND start <= ?2 AND "end" >= ?3'
_WITHDRAW = 'DELETE FROM lake_parts WHERE resource = ?1 AND start >= ?2 AND "end" <= ?3'
_PUBLISH = (
    'INSERT INTO lake_parts (resource, start, "end", file, rows, first, last, size, checksum, counter, '
    "published_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_SETTLE = "DELETE FROM lake_changes WHERE resource = ?1 AND at >= ?2 AND at < ?3 AND counter < ?4"


_REACHING = 'SELECT min(start) FROM lake_parts WHERE resource = ?1 AND start < ?2 AND "end" > ?2'
_DROP = (
    'DELETE FROM lake_parts WHERE resource = ?1 AND "end" <= ?2',
    'DELETE FROM lake_spans WHERE resource = ?1 AND "end" <= ?2',
    "UPDATE lake_spans SET start = ?2 WHERE resource = ?1 AND start < ?2",
    "DELETE FROM lake_changes WHERE resource = ?1 AND at < ?2",
)


class LakeBooks:
    """Parts, watched spans and changes. A part is made in two transactions with its file written in between."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def watch(self, resource: str, span: Span) -> int:
        """Before a part is read: from now on each change within its span is written down.

        Returns the change counter of this moment. A change written down with a lower one was made before, so that
        the part has it; whether it has one of the same number or higher nobody knows, so those stay.
        """
        self._connection.exec_driver_sql(_RAISE)
        start, end = self._connection.exec_driver_sql(_WATCHED, (resource, *span)).one()
        # Spans never overlap, since a trigger looks at one only; what was ever watched stays so.
        watched = span if start is None else (start, end)
        self._connection.exec_driver_sql(_UNWATCH, (resource, *watched))
        self._connection.exec_driver_sql(_WATCH, (resource, *watched))
        return int(self._connection.exec_driver_sql(_COUNTER).scalar_one())

    def publish(self, part: Part) -> None:
        """Put ``part`` in the place of all parts within its span, and let go of the changes that it has.

        Not if its time was given up since it was read: of what changed in it since nothing was written down.
        """
        span = (part.resource, part.start, part.end)
        if not self._connection.exec_driver_sql(_STILL_WATCHED, span).first():
            return
        self._connection.exec_driver_sql(_WITHDRAW, span)
        self._connection.exec_driver_sql(_PUBLISH, astuple(part))
        self._connection.exec_driver_sql(_SETTLE, (*span, part.counter))

    def drop_before(self, resource: str, at: int) -> None:
        """List no part any more, and watch no time, before ``at``: its rows are about to be dropped.

        A part that reaches beyond it stays, and what goes of it is written down as any change.
        """
        floor = self._connection.exec_driver_sql(_REACHING, (resource, at)).scalar_one() or at
        for statement in _DROP:
            self._connection.exec_driver_sql(statement, (resource, floor))

    def forget(self) -> None:
        """Publish nothing any more: every row is read from SQLite until it is published again."""
        for table in ("lake_parts", "lake_spans", "lake_changes"):
            self._connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608 (our own names)

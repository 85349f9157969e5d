"""Rows that nobody wants any longer: which they are, and dropping some of them in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete

from sentry_sync.records.audit import BELIEVE_AGAIN
from sentry_sync.records.intervals import Interval
from sentry_sync.store import tables
from sentry_sync.store.columns import quote
from sentry_sync.store.coverage_books import CoverageBooks
from sentry_sync.store.lake_books import LakeBooks
from sentry_sync.store.lake_resources import RESOURCES
from sentry_sync.store.moments import EPOCH, to_micros
from sentry_sync.store.privacy.retention import KINDS, Keeping

_STAYING = {
    # One that is not through has a cursor to go on from, however old it is.
    "passes": "state IN ('done', 'abandoned')",
    # An erasure that was begun is to be finished.
    "audit_log": "outcome IS NOT 'begun'",
    # The newest says since when none came, and whether the integration was uninstalled then.
    "webhook_deliveries": "rowid < (SELECT max(rowid) FROM webhook_deliveries)",
}
"""What must hold of a row beside its age, for it to go."""


@dataclass(frozen=True, slots=True)
class Old:
    """Rows of one table from before a time."""

    table: str
    column: str
    since: int
    """Microseconds."""

    @property
    def _where(self) -> str:
        staying = _STAYING.get(self.table)
        return f"{quote(self.column)} < ?" + (f" AND {staying}" if staying else "")

    @property
    def listing(self) -> str:
        """The statement that lists keys of such rows, given ``since`` and how many."""
        return f"SELECT rowid FROM {self.table} WHERE {self._where} LIMIT ?"  # noqa: S608 (our own names)

    @property
    def dropping(self) -> str:
        """The statement that drops one, given ``since`` and its key: who has the key now may be another row."""
        return f"DELETE FROM {self.table} WHERE {self._where} AND rowid = ?"  # noqa: S608


def old(keeping: Keeping, now: datetime) -> Iterator[Old]:
    """What is older than ``keeping`` wants."""
    for name, kind in KINDS.items():
        since = keeping.since(name, now)
        if since is not None:
            for table, column in kind.tables:
                yield Old(table, column, to_micros(since))


class OldRows:
    """Drops rows inside a transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def give_up(self, keeping: Keeping, now: datetime) -> None:
        """Claim to know nothing any more of the time whose rows are about to be dropped."""
        for name, kind in KINDS.items():
            since = keeping.since(name, now)
            if since is None:
                continue
            for table, _ in kind.tables:
                if table in RESOURCES:
                    # Before the rows go: each would be written down as changed, and the lake written again for it.
                    LakeBooks(self._connection).drop_before(table, to_micros(since))
            for resource in kind.covers:
                self._uncover(resource, since)
        passes_since = keeping.since("passes", now)
        if passes_since is not None:
            # By then they would be raised again anyway.
            doubted = tables.doubts.c.doubted_at < passes_since - BELIEVE_AGAIN
            self._connection.execute(delete(tables.doubts).where(doubted))

    def drop(self, what: Old, keys: Sequence[int]) -> int:
        """Drop those of the rows of these keys that still are old; how many."""
        values = [(what.since, key) for key in keys]
        return self._connection.exec_driver_sql(what.dropping, values).rowcount if values else 0

    def drop_surplus(self, issue_id: str, kept: int, most: int) -> int:
        """Drop bodies of an issue's events but for its ``kept`` newest, at most so many; how many."""
        return self._connection.exec_driver_sql(_SURPLUS, (issue_id, most, kept)).rowcount

    def _uncover(self, resource: str, since: datetime) -> None:
        books = CoverageBooks(self._connection)
        for scope in books.scopes_of(resource):
            books.withdraw(resource, scope, Interval(EPOCH, since))


ABOVE = "SELECT issue_id FROM event_bodies GROUP BY issue_id HAVING count(*) > ? LIMIT ?"
"""Issues with more bodies than are kept."""

_SURPLUS = (
    "DELETE FROM event_bodies WHERE rowid IN "
    "(SELECT rowid FROM event_bodies WHERE issue_id = ? ORDER BY timestamp DESC LIMIT ? OFFSET ?)"
)

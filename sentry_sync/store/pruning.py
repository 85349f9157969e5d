"""Dropping rows that nobody wants any longer, in the caller's transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete

from sentry_sync.records.audit import BELIEVE_AGAIN
from sentry_sync.records.intervals import Interval
from sentry_sync.store import tables
from sentry_sync.store.coverage_books import CoverageBooks
from sentry_sync.store.lake_books import LakeBooks
from sentry_sync.store.lake_resources import RESOURCES
from sentry_sync.store.moments import EPOCH, to_micros
from sentry_sync.store.privacy.retention import KINDS, Keeping

_SURPLUS = (
    "DELETE FROM event_bodies WHERE rowid IN (SELECT rowid FROM (SELECT rowid, row_number() OVER "
    "(PARTITION BY issue_id ORDER BY timestamp DESC) AS place FROM event_bodies) WHERE place > ?)"
)


def prune(connection: Connection, keeping: Keeping, now: datetime, bodies_per_issue: int | None) -> dict[str, int]:
    """Drop what is older than ``keeping`` wants; see ``UnitOfWork.prune``."""
    done: dict[str, int] = {}
    for name, kind in KINDS.items():
        since = keeping.since(name, now)
        if since is None:
            continue
        for table, column in kind.tables:
            if table in RESOURCES:
                # Before the rows go: each would be written down as changed, and the lake written again for it.
                LakeBooks(connection).drop_before(table, to_micros(since))
            done[table] = done.get(table, 0) + _drop(connection, table, column, since)
        for resource in kind.covers:
            _uncover(connection, resource, since)
    doubts, passes_since = tables.doubts, keeping.since("passes", now)
    if passes_since is not None:
        # By then they would be raised again anyway.
        connection.execute(delete(doubts).where(doubts.c.doubted_at < passes_since - BELIEVE_AGAIN))
    if bodies_per_issue is not None:
        surplus = connection.exec_driver_sql(_SURPLUS, (bodies_per_issue,)).rowcount
        done["event_bodies"] = done.get("event_bodies", 0) + surplus
    return done


def _drop(connection: Connection, table: str, column: str, since: datetime) -> int:
    found = tables.metadata.tables[table]
    old = found.c[column] < since
    if table == "passes":  # an unfinished one has a cursor to go on from, however old it is
        old = old & found.c.state.in_(("done", "abandoned"))
    return connection.execute(delete(found).where(old)).rowcount


def _uncover(connection: Connection, resource: str, since: datetime) -> None:
    books = CoverageBooks(connection)
    for scope in books.scopes_of(resource):
        books.withdraw(resource, scope, Interval(EPOCH, since))

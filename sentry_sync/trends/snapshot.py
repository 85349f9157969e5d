"""Filling DuckDB from one snapshot of the store, through Python's own SQLite.

DuckDB never opens the store's files: a second SQLite library in the process would drop the first one's locks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

import duckdb
from sqlalchemy import Connection

from sentry_sync.store import database, migrate
from sentry_sync.store.paths import StorePaths
from sentry_sync.trends.relations import RELATIONS, Relation, select

BATCH = 4096
"""Rows handed over at once: larger ones load no faster, and time limits are looked at in between."""

Columns = Mapping[str, Sequence[str]]
"""Which columns of which relations a statement needs."""


class Cursor(Protocol):
    """What is needed of a database cursor."""

    def fetchmany(self, size: int = ...) -> Sequence[Sequence[Any]]:
        """The next rows, none at the end."""
        ...


@contextmanager
def reading(paths: StorePaths) -> Iterator[Connection]:
    """One read transaction on the store; raises StoreMissing, StoreTooNew or another StoreError."""
    engine = database.reader(paths.database)
    with database.explained(paths.database):
        migrate.check(paths.database)
        with engine.connect() as connection, connection.begin():
            yield connection


def fill(
    session: duckdb.DuckDBPyConnection,
    connection: Connection,
    paths: StorePaths,
    columns: Columns,
    stopped: Callable[[], bool],
) -> None:
    """Append the rows of each relation to its empty table; ends early once ``stopped`` says so."""
    for name, chosen in columns.items():
        relation = RELATIONS[name]
        if relation.ledger:
            with closing(_ledger(paths.ledger)) as ledger:
                _append(session, relation, ledger.execute(_ledger_rows(ledger, relation, chosen)), stopped)
        else:
            with closing(connection.connection.cursor()) as cursor:
                cursor.execute(select(relation, chosen))
                _append(session, relation, cursor, stopped)


def _append(
    session: duckdb.DuckDBPyConnection, relation: Relation, rows: Cursor, stopped: Callable[[], bool]
) -> None:
    with session.appender(f"stored.{relation.name}") as appender:
        while not stopped() and (batch := rows.fetchmany(BATCH)):
            appender.append_rows(batch)


def _ledger(path: Path) -> sqlite3.Connection:
    """The request ledger, read-only; an empty database where no request was ever made."""
    if not path.exists():
        return sqlite3.connect(":memory:")
    with database.explained(path):
        uri = f"file:{database.quoted(path)}?mode=ro"
        return sqlite3.connect(uri, uri=True, timeout=database.BUSY_SECONDS, isolation_level=None)


def _ledger_rows(ledger: sqlite3.Connection, relation: Relation, columns: Sequence[str]) -> str:
    made = ledger.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (relation.source,)).fetchone()
    return select(relation, columns) if made else "SELECT 1 WHERE false"

"""Filling DuckDB from one snapshot of the store, through Python's own SQLite.

DuckDB never opens the store's files: a second SQLite library in the process would drop the first one's locks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

import duckdb
from sqlalchemy import Connection

from sentry_sync.store import database, ledger_schema, migrate
from sentry_sync.store.paths import StorePaths
from sentry_sync.trends.relations import RELATIONS, Relation, select

BATCH = 1024
"""Rows handed over at once: 200,000 events take 1.04 s so, 1.1 s by 256 and 1.5 s by 16,384, where Python's
garbage collector looks at them all again and again. Time limits are looked at in between."""

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
            _requests(session, paths.ledger, relation, chosen, stopped)
        else:
            with closing(connection.connection.cursor()) as cursor:
                cursor.execute(select(relation, chosen))
                _append(session, relation, cursor, stopped)


def _append(
    session: duckdb.DuckDBPyConnection, relation: Relation, rows: Cursor, stopped: Callable[[], bool]
) -> None:
    appender = session.appender(f"stored.{relation.name}")
    try:
        while not stopped() and (batch := rows.fetchmany(BATCH)):
            appender.append_rows(batch)
        appender.flush()
    finally:
        # Rows that did not fit must be let go of by hand; after a flush there are none.
        appender.clear()


def _requests(
    session: duckdb.DuckDBPyConnection,
    path: Path,
    relation: Relation,
    columns: Sequence[str],
    stopped: Callable[[], bool],
) -> None:
    """The request ledger's rows; none where no request was ever made."""
    if not path.exists():
        return
    with database.explained(path), closing(ledger_schema.connect_to_read(path)) as ledger:
        if ledger.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (relation.source,)).fetchone():
            _append(session, relation, ledger.execute(select(relation, columns)), stopped)

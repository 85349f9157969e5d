"""The whole copy, or some of its tables, in files that others open: one moment of it, one table at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from sentry_sync.errors import QueryError
from sentry_sync.store.columns import quote
from sentry_sync.store.lake_union import literal
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.reading import reading
from sentry_sync.trends import snapshot
from sentry_sync.trends.freshness import describe, states
from sentry_sync.trends.gate import nearest, shown
from sentry_sync.trends.relations import RELATIONS

FOLDERS = {"parquet": "(FORMAT parquet, COMPRESSION zstd)", "csv": "(FORMAT csv, HEADER)", "json": "(FORMAT json)"}
"""Formats with a file for each table, and how DuckDB is told to write it. JSON has a row on each line."""

ONE_FILE = ("sqlite", "duckdb")

_BATCH = 20_000
"""Rows handed to SQLite at once: some ten megabytes."""

_SQLITE_TYPES = {"BIGINT": "INTEGER", "BOOLEAN": "INTEGER", "DOUBLE": "REAL"}


@dataclass(frozen=True, slots=True)
class Exported:
    """One table that was written."""

    table: str
    rows: int
    note: str
    """How fresh and complete it is; empty for the store's own books."""


def chosen(names: Sequence[str]) -> list[str]:
    """The tables of these names, all if there is none; raises QueryError with the nearest for an unknown one."""
    for name in names:
        if name not in RELATIONS:
            raise QueryError(f"there is no table {shown(name)}{nearest(name, RELATIONS)}")
    return list(dict.fromkeys(names)) or list(RELATIONS)


def export(paths: StorePaths, target: Path, form: str, tables: Sequence[str]) -> Iterator[Exported]:
    """Write each table to ``target``, a new folder or file, and tell of it; all of them are of the same moment.

    Raises StoreMissing where there is no store, OSError where ``target`` is there already or cannot be made.
    """
    with reading(paths) as connection:
        if form in FOLDERS:
            target.mkdir(parents=True)
        else:
            target.touch(exist_ok=False)
            target.unlink()
        for name in tables:
            with _loaded(paths, connection, name) as session:
                rows = _written(session, name, target, form)
            notes = [describe(state) for state in states(connection, [name])]
            yield Exported(name, rows, notes[0] if notes else "")


@contextmanager
def _loaded(paths: StorePaths, connection: sqlite3.Connection, name: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A session that shows one table, with the lake's rows where they are."""
    with duckdb.connect(":memory:", config={"threads": "2"}) as session:
        session.execute("SET TimeZone = 'UTC'")
        session.execute("CREATE SCHEMA stored")
        view = snapshot.of(paths, connection, {name: list(RELATIONS[name].columns)})
        view.make(session)
        yield session


def _written(session: duckdb.DuckDBPyConnection, name: str, target: Path, form: str) -> int:
    """Write the table; how many rows it has."""
    if form in FOLDERS:
        file = literal(str(target / f"{name}.{form}"))
        session.execute(f"COPY (SELECT * FROM {quote(name)}) TO {file} {FOLDERS[form]}")  # noqa: S608 (our own names)
    elif form == "duckdb":
        session.execute(f"ATTACH {literal(str(target))} AS file")
        session.execute(f"CREATE TABLE file.{quote(name)} AS SELECT * FROM {quote(name)}")  # noqa: S608 (our own names)
        session.execute("DETACH file")
    else:
        _to_sqlite(session, name, target)
    row = session.execute(f"SELECT count(*) FROM {quote(name)}").fetchone()  # noqa: S608 (our own names)
    return int(row[0]) if row else 0


def _to_sqlite(session: duckdb.DuckDBPyConnection, name: str, target: Path) -> None:
    """A table in a SQLite file; times become ISO 8601 text, which SQLite's own functions understand."""
    columns = RELATIONS[name].columns
    typed = ", ".join(
        f"{quote(column)} {_SQLITE_TYPES.get(kind.shown, 'TEXT')}" for column, kind in columns.items()
    )
    places = ", ".join("?" * len(columns))
    with closing(sqlite3.connect(target)) as file, file:
        file.execute(f"CREATE TABLE {quote(name)} ({typed})")
        found = session.execute(f"SELECT * FROM {quote(name)}")  # noqa: S608 (our own names)
        while batch := found.fetchmany(_BATCH):
            file.executemany(
                f"INSERT INTO {quote(name)} VALUES ({places})",  # noqa: S608 (our own names)
                [[_text(value) for value in row] for row in batch],
            )


def _text(value: object) -> object:
    return value.isoformat(" ") if isinstance(value, datetime) else value

"""The rows of a resource in DuckDB: those of the lake's files, and beside them what SQLite has instead."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sentry_sync.store.columns import COLUMNS, KINDS, quote
from sentry_sync.store.lake_parts import Part, Source

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BATCH = 1024
"""Rows handed over at once: 200,000 events take 1.04 s so, 1.1 s by 256 and 1.5 s by 16,384, where Python's
garbage collector looks at them all again and again. Time limits are looked at in between."""


class Cursor(Protocol):
    """What is needed of a database cursor."""

    def fetchmany(self, size: int = ...) -> Sequence[Sequence[Any]]:
        """The next rows, none at the end."""
        ...


def append(session: DuckDBPyConnection, table: str, rows: Cursor, stopped: Callable[[], bool]) -> None:
    """Append rows to a table of schema ``stored``; ends early once ``stopped`` says so."""
    appender = session.appender(f"stored.{table}")
    try:
        while not stopped() and (batch := rows.fetchmany(BATCH)):
            appender.append_rows(batch)
        appender.flush()
    finally:
        # Rows that did not fit must be let go of by hand; after a flush there are none.
        appender.clear()


def prepare(session: DuckDBPyConnection, found: Source) -> None:
    """Tell the session which rows of the lake do not stand any more; call it before :func:`union` is used."""
    if found.touched:
        changed = f"{found.resource.name}_changed"
        session.execute(f"CREATE TABLE stored.{changed} (moment BIGINT, subject VARCHAR)")
        append(session, changed, _Rows(found.changed), lambda: False)


def load(
    session: DuckDBPyConnection,
    connection: sqlite3.Connection,
    found: Source,
    columns: Sequence[str],
    stopped: Callable[[], bool],
) -> None:
    """Append what SQLite has instead of the lake to the empty table of the resource."""
    for statement, values in found.statements(columns):
        with closing(connection.execute(statement, values)) as rows:
            append(session, found.resource.name, rows, stopped)


class _Rows:
    def __init__(self, rows: Sequence[Sequence[Any]]) -> None:
        self._rows = rows
        self._given = 0

    def fetchmany(self, size: int = BATCH) -> Sequence[Sequence[Any]]:
        batch = self._rows[self._given : self._given + size]
        self._given += size
        return batch


def table(resource: str, columns: Iterable[str]) -> str:
    """The statement for the empty table that takes a relation's rows as SQLite has them."""
    kinds = COLUMNS[resource]
    named = ", ".join(f"{quote(name)} {KINDS[kinds[name]].stored}" for name in columns)
    return f"CREATE TABLE stored.{quote(resource)} ({named})"


def union(found: Source, columns: Sequence[str], folder: Path, projects: Sequence[str] | None = None) -> str:
    """The query for all rows, their values as the lake has them; of the lake those of ``projects``, by id."""
    name, kinds = found.resource.name, COLUMNS[found.resource.name]
    ours = ", ".join(f"{KINDS[kinds[c]].to_lake.format(quote(c))} AS {quote(c)}" for c in columns)
    of_them = "" if projects is None else f" WHERE p.project_id IN ({', '.join(map(literal, projects)) or 'NULL'})"
    theirs = ", ".join(f"p.{quote(c)}" for c in columns)
    queries = [f"SELECT {ours} FROM stored.{quote(name)}"]  # noqa: S608 (our own names)
    if whole := _files(found.whole, folder):
        queries.append(f"SELECT {theirs} FROM read_parquet({whole}) AS p{of_them}")  # noqa: S608
    if touched := _files(found.touched, folder):
        subject = found.resource.subject
        same = f" AND p.{quote(subject)} = c.subject" if subject else ""
        queries.append(
            f"SELECT {theirs} FROM read_parquet({touched}) AS p ANTI JOIN "  # noqa: S608
            f"(SELECT make_timestamp(moment) AS moment, subject FROM stored.{name}_changed) AS c "
            f"ON p.{quote(found.resource.time)} = c.moment{same}{of_them}"
        )
    return " UNION ALL ".join(queries)


def _files(parts: Iterable[Part], folder: Path) -> str:
    """The parts' files as a list in DuckDB's SQL; empty for none."""
    paths = [literal(str(folder / part.file)) for part in parts if part.file]
    return f"[{', '.join(paths)}]" if paths else ""


def literal(text: str) -> str:
    """``text`` as a string in SQL: for paths, which an administrator chose."""
    return "'" + text.replace("'", "''") + "'"

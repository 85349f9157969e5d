"""The rows of a resource in DuckDB: those of the lake's files, and beside them what SQLite has instead."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sentry_sync.store.columns import COLUMNS, KINDS, Kind, quote
from sentry_sync.store.lake_parts import Part, Source

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BATCH = 1024
"""Rows handed over at once: 200,000 events take 1.04 s so, 1.1 s by 256 and 1.5 s by 16,384, where Python's
garbage collector looks at them all again and again. Time limits are looked at in between."""


FEW = 64
"""Rows up to which a table is made of lists, one a column: half a millisecond sooner than row by row."""


class Cursor(Protocol):
    """What is needed of a database cursor."""

    def fetchmany(self, size: int = ...) -> Sequence[Sequence[Any]]:
        """The next rows, none at the end."""
        ...


def fill(
    session: DuckDBPyConnection,
    name: str,
    kinds: Mapping[str, Kind],
    cursors: Iterable[Cursor],
    stopped: Callable[[], bool],
) -> bool:
    """Make a table of schema ``stored`` of all rows, as SQLite has them; ends early once ``stopped`` says so.

    False, and no table, where there is no row: to make one and read it takes a millisecond.
    """
    batches = _batches(cursors, stopped)
    first = next(batches, None)
    if first is None:
        return False
    second = next(batches, None)
    if second is None and len(first) <= FEW and _are_plain(kinds):
        columns = ", ".join(f"unnest(?::{kind.stored}[]) AS {quote(c)}" for c, kind in kinds.items())
        lists = [list(column) for column in zip(*first, strict=True)]
        session.execute(f"CREATE TABLE stored.{quote(name)} AS SELECT {columns}", lists)
        return True
    session.execute(_table(name, kinds))
    appender = session.appender(f"stored.{name}")
    try:
        for batch in chain((first, second or ()), batches):
            appender.append_rows(batch)
        appender.flush()
    finally:
        # Rows that did not fit must be let go of by hand; after a flush there are none.
        appender.clear()
    return True


def _are_plain(kinds: Mapping[str, Kind]) -> bool:
    """Whether a cast takes every value as it is: to JSON it would look whether it is some."""
    return all(kind.stored != "JSON" for kind in kinds.values())


def _batches(cursors: Iterable[Cursor], stopped: Callable[[], bool]) -> Iterator[Sequence[Sequence[Any]]]:
    for rows in cursors:
        while not stopped() and (batch := rows.fetchmany(BATCH)):
            yield batch


def _table(name: str, kinds: Mapping[str, Kind]) -> str:
    columns = ", ".join(f"{quote(column)} {kind.stored}" for column, kind in kinds.items())
    return f"CREATE TABLE stored.{quote(name)} ({columns})"


def held(name: str, kinds: Mapping[str, Kind]) -> str:
    """The query for the rows of such a table, their values as the lake has them."""
    values = ", ".join(f"{kind.to_lake.format(quote(c))} AS {quote(c)}" for c, kind in kinds.items())
    return f"SELECT {values} FROM stored.{quote(name)}"  # noqa: S608 (our own names)


def nothing(kinds: Mapping[str, Kind]) -> str:
    """A query for no row of such columns."""
    values = ", ".join(f"NULL::{kind.lake} AS {quote(c)}" for c, kind in kinds.items())
    return f"SELECT {values} WHERE false"


def union(
    session: DuckDBPyConnection,
    connection: sqlite3.Connection,
    found: Source,
    columns: Sequence[str],
    folder: Path,
    *,
    projects: Sequence[str] | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> str:
    """The query for all rows, as the lake has them; of the lake those of ``projects``, by id.

    What SQLite has instead of the lake is put into the session, until ``stopped`` says to end.
    """
    kinds = {column: KINDS[COLUMNS[found.resource.name][column]] for column in columns}
    queries = list(_published(session, found, columns, folder, projects))
    if fill(session, found.name, kinds, _unpublished(connection, found, columns), stopped):
        queries.append(held(found.name, kinds))
    return " UNION ALL ".join(queries) or nothing(kinds)


def _unpublished(connection: sqlite3.Connection, found: Source, columns: Sequence[str]) -> Iterator[Cursor]:
    for statement, values in found.statements(columns):
        with closing(connection.execute(statement, values)) as rows:
            yield rows


_CHANGED = {"moment": KINDS["integer"], "subject": KINDS["text"]}


def _published(
    session: DuckDBPyConnection,
    found: Source,
    columns: Sequence[str],
    folder: Path,
    projects: Sequence[str] | None,
) -> Iterator[str]:
    """Queries for the rows of the lake that still stand."""
    wanted = [f"p.{found.condition}"] if found.condition else []
    if projects is not None:
        wanted.append(f"p.project_id IN ({', '.join(map(literal, projects)) or 'NULL'})")
    among = f" WHERE {' AND '.join(wanted)}" if wanted else ""
    values = ", ".join(f"p.{quote(c)}" for c in columns)
    if whole := _files(found.whole, folder):
        yield f"SELECT {values} FROM read_parquet({whole}) AS p{among}"  # noqa: S608 (our own names)
    if touched := _files(found.touched, folder):
        changed, subject = f"{found.name}_changed", found.resource.subject
        fill(session, changed, _CHANGED, [_Rows(found.changed)], lambda: False)
        same = f" AND p.{quote(subject)} = c.subject" if subject else ""
        yield (
            f"SELECT {values} FROM read_parquet({touched}) AS p ANTI JOIN "  # noqa: S608
            f"(SELECT make_timestamp(moment) AS moment, subject FROM stored.{changed}) AS c "
            f"ON p.{quote(found.resource.time)} = c.moment{same}{among}"
        )


class _Rows:
    def __init__(self, rows: Sequence[Sequence[Any]]) -> None:
        self._rows = rows
        self._given = 0

    def fetchmany(self, size: int = BATCH) -> Sequence[Sequence[Any]]:
        batch = self._rows[self._given : self._given + size]
        self._given += size
        return batch


def _files(parts: Iterable[Part], folder: Path) -> str:
    """The parts' files as a list in DuckDB's SQL; empty for none."""
    paths = [literal(str(folder / part.file)) for part in parts if part.file]
    return f"[{', '.join(paths)}]" if paths else ""


def literal(text: str) -> str:
    """``text`` as a string in SQL: for paths, which an administrator chose."""
    return "'" + text.replace("'", "''") + "'"

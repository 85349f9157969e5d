"""Filling DuckDB from one snapshot of the store: the lake's files, and the rest through Python's own SQLite.

DuckDB never opens the store's database: a second SQLite library in the process would drop the first one's locks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from sentry_sync.store import lake_parts, lake_union, ledger_schema, sqlite
from sentry_sync.store.columns import Kind
from sentry_sync.store.lake_parts import Part, Source, checksum
from sentry_sync.store.lake_resources import RESOURCES
from sentry_sync.store.paths import StorePaths
from sentry_sync.trends.relations import RELATIONS, Relation, select, view

Columns = Mapping[str, Sequence[str]]
"""Which columns of which relations a statement needs."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment of the store, inside a read transaction of the caller's, as far as a statement reads it."""

    paths: StorePaths
    connection: sqlite3.Connection
    columns: Columns
    sources: Mapping[str, Source]
    """Where the rows of a relation are that the lake may have parts of."""

    @property
    def parts(self) -> list[tuple[Path, Part]]:
        """The lake's parts that are read."""
        return [
            (self.paths.lake / part.file, part)
            for source in self.sources.values()
            for part in (*source.whole, *source.touched)
            if part.file
        ]

    @property
    def files(self) -> list[str]:
        """Their files: a session may open these and no others."""
        return [str(path) for path, _ in self.parts]

    def damaged(self) -> frozenset[str]:
        """Those of them that are not what was published."""
        return frozenset(str(part.file) for path, part in self.parts if checksum(path) != part.checksum)

    def shape(self, session: duckdb.DuckDBPyConnection) -> None:
        """Make the views that the statement reads, all of them empty."""
        for name in self.columns:
            self._show(session, name, lake_union.nothing(self._kinds(name)))

    def make(self, session: duckdb.DuckDBPyConnection, stopped: Callable[[], bool] = lambda: False) -> None:
        """Make those views of all rows, those of SQLite until ``stopped`` says to end."""
        for name in self.columns:
            self._show(session, name, self._rows(session, name, stopped))

    def _show(self, session: duckdb.DuckDBPyConnection, name: str, rows: str) -> None:
        session.execute(view(RELATIONS[name], self.columns[name], rows))

    def _kinds(self, name: str) -> dict[str, Kind]:
        return {column: RELATIONS[name].columns[column] for column in self.columns[name]}

    def _rows(self, session: duckdb.DuckDBPyConnection, name: str, stopped: Callable[[], bool]) -> str:
        """The query for a relation's rows, what it needs put into the session."""
        columns, found = self.columns[name], self.sources.get(name)
        if found:
            return lake_union.union(
                session,
                self.connection,
                found,
                columns,
                self.paths.lake,
                projects=self._projects(),
                stopped=stopped,
            )
        kinds = self._kinds(name)
        is_any = lake_union.fill(session, name, kinds, self._cursors(RELATIONS[name], columns), stopped)
        return lake_union.held(name, kinds) if is_any else lake_union.nothing(kinds)

    def _cursors(self, relation: Relation, columns: Sequence[str]) -> Iterator[sqlite3.Cursor]:
        statement = select(relation, columns)
        if relation.ledger:
            yield from _requests(self.paths.ledger, relation.source, statement)
        else:
            with closing(self.connection.execute(statement)) as rows:
                yield rows

    def _projects(self) -> list[str] | None:
        """The ids of the projects that may be seen; None for all. The connection sees no others."""
        if not self.paths.projects:
            return None
        return [key for (key,) in self.connection.execute("SELECT id FROM projects")]


def of(
    paths: StorePaths, connection: sqlite3.Connection, columns: Columns, without: Collection[str] = ()
) -> Snapshot:
    """What ``columns`` are to be read from, as of ``connection``'s transaction; not from the files ``without``."""
    of_tables: dict[str, Source] = {}
    sources = {}
    for name in columns:
        relation = RELATIONS[name]
        if relation.source in RESOURCES:
            found = of_tables.get(relation.source) or _source(paths, connection, relation.source, without)
            of_tables[relation.source] = found
            sources[name] = replace(found, name=name, condition=relation.condition)
    return Snapshot(paths, connection, columns, sources)


def _source(paths: StorePaths, connection: sqlite3.Connection, table: str, without: Collection[str]) -> Source:
    """Where to read the rows of a table from, of which the lake may have parts."""
    held = lake_parts.usable(paths.lake, lake_parts.parts(connection, table))
    return lake_parts.source(connection, table, [part for part in held if part.file not in without])


def _requests(path: Path, table: str, statement: str) -> Iterator[sqlite3.Cursor]:
    """The request ledger's rows; none where no request was ever made."""
    if not path.exists():
        return
    with sqlite.explained(path), closing(ledger_schema.connect_to_read(path)) as ledger:
        if ledger.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
            yield ledger.execute(statement)

"""Filling DuckDB from one snapshot of the store: the lake's files, and the rest through Python's own SQLite.

DuckDB never opens the store's database: a second SQLite library in the process would drop the first one's locks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sentry_sync.store import lake_parts, lake_union, ledger_schema, sqlite
from sentry_sync.store.lake_parts import Part, Source, checksum
from sentry_sync.store.lake_resources import RESOURCES
from sentry_sync.store.paths import StorePaths
from sentry_sync.trends.relations import RELATIONS, Relation, select, table, view

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
        """Make the tables and views that the statement reads, all of them empty."""
        for name, chosen in self.columns.items():
            session.execute(table(RELATIONS[name], chosen))
            session.execute(view(RELATIONS[name], chosen))

    def attach(self, session: duckdb.DuckDBPyConnection) -> None:
        """Have the views show the lake's rows as well."""
        for name, source in self.sources.items():
            lake_union.prepare(session, source)
            rows = lake_union.union(source, self.columns[name], self.paths.lake, self._projects())
            session.execute(view(RELATIONS[name], self.columns[name], rows))

    def _projects(self) -> list[str] | None:
        """The ids of the projects that may be seen; None for all. The connection sees no others."""
        if not self.paths.projects:
            return None
        return [key for (key,) in self.connection.execute("SELECT id FROM projects")]

    def fill(self, session: duckdb.DuckDBPyConnection, stopped: Callable[[], bool]) -> None:
        """Append what is missing; ends early once ``stopped`` says so."""
        for name, chosen in self.columns.items():
            relation = RELATIONS[name]
            if name in self.sources:
                lake_union.load(session, self.connection, self.sources[name], chosen, stopped)
            elif relation.ledger:
                _requests(session, self.paths.ledger, relation, chosen, stopped)
            else:
                with closing(self.connection.execute(select(relation, chosen))) as rows:
                    lake_union.append(session, relation.name, rows, stopped)


def of(
    paths: StorePaths, connection: sqlite3.Connection, columns: Columns, without: Collection[str] = ()
) -> Snapshot:
    """What ``columns`` are to be read from, as of ``connection``'s transaction; not from the files ``without``."""
    sources = {}
    for name in columns:
        if name in RESOURCES:
            held = lake_parts.usable(paths.lake, lake_parts.parts(connection, name))
            sound = [part for part in held if part.file not in without]
            sources[name] = lake_parts.source(connection, name, sound)
    return Snapshot(paths, connection, columns, sources)


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
    with sqlite.explained(path), closing(ledger_schema.connect_to_read(path)) as ledger:
        if ledger.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (relation.source,)).fetchone():
            lake_union.append(session, relation.name, ledger.execute(select(relation, columns)), stopped)

"""Statements built once, compiled on their first use, run by the driver.

SQLAlchemy's own execution costs 40 to 60 us a statement beside SQLite's 5 to 100, and an answer needs eight of
them, a page of a sync fifteen. So a Core statement is compiled once, and only the values are converted per row.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from time import perf_counter, thread_time
from typing import Any, TypeVar

import orjson
from sqlalchemy import ColumnElement, Connection, Select, UpdateBase
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler

from sentry_sync.store.types import EPOCH, EventId, Moment, Tags

Made = TypeVar("Made")


class Snapshot(sqlite3.Connection):
    """A connection inside a read transaction: what a ``Reader`` hands out."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._memory: dict[object, Any] = {}
        self._version: int | None = None

    def renewed(self) -> bool:
        """Whether anybody has written since the last time; what was made of that version is then forgotten.

        Inside the transaction, whose version it is.
        """
        (version,) = self.execute("PRAGMA data_version").fetchone()
        changed: bool = version != self._version
        if changed or len(self._memory) > REMEMBERED:
            self._version = version
            self._memory.clear()
        return changed

    def give_up_after(self, seconds: float) -> None:
        """Break off a statement still at work after so long, with SQLITE_INTERRUPT, until told to go on.

        Work is what counts: to begin anew because others had the processor would make a busy machine busier. What
        waits for the disk ten times as long is broken off too.
        """
        end, latest = thread_time() + seconds, perf_counter() + 10 * seconds
        self.set_progress_handler(lambda: thread_time() > end or perf_counter() > latest, STEPS)

    def go_on(self) -> None:
        """Let statements take as long as they take."""
        self.set_progress_handler(None, 0)

    def once(self, key: object, make: Callable[[], Made]) -> Made:
        """What ``make`` makes of this version of the store, made once for as long as nobody writes.

        Of what many questions share: nothing that depends on the time, or on who asks.
        """
        if key not in self._memory:
            self._memory[key] = make()
        made: Made = self._memory[key]
        return made

    def once_of(self, kind: str, of: object, make: Callable[[], Made]) -> Made:
        """The same of what is large: of each kind the last one is kept, and no other."""
        kept = self._memory.get(kind)
        if kept is None or kept[0] != of:
            kept = self._memory[kind] = (of, make())
        made: Made = kept[1]
        return made


Convert = Callable[[Any], Any]

REMEMBERED = 256
"""Things made of one version of the store: questions about that many scopes between two writes."""

STEPS = 1000
"""Of SQLite's machine, between two looks at the time: some forty microseconds."""

TIMES_KEPT = 4096
"""A page of rows was verified at one time, and an assistant looks at the same rows again and again."""

_DIALECT = sqlite.dialect(paramstyle="named")
_row_type: Callable[[str, list[str]], Any] = namedtuple  # called with the columns of a statement


@dataclass(frozen=True, slots=True)
class _Bound:
    """A statement's text, and how it takes values."""

    sql: str
    values: dict[str, Any]
    """Those the statement itself brings."""
    bind: dict[str, Convert]

    def with_(self, given: Mapping[str, Any] | None) -> dict[str, Any]:
        """All of its values, as the driver takes them."""
        values = dict(self.values)
        for name, value in (given or {}).items():
            convert = self.bind.get(name)
            values[name] = convert(value) if convert else value
        return values


def _bound(compiled: SQLCompiler) -> _Bound:
    binds = {
        name: bind.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)
        for bind, name in compiled.bind_names.items()
    }
    return _Bound(
        str(compiled), dict(compiled.params), {name: convert for name, convert in binds.items() if convert}
    )


@dataclass(frozen=True, slots=True)
class _Compiled:
    bound: _Bound
    make: Callable[[Any], Any]
    read: list[tuple[int, Convert]]


@lru_cache(maxsize=TIMES_KEPT)
def _moment(value: int | None) -> datetime | None:
    """As ``Moment`` reads it, without the three calls that takes: times are half of what an answer converts."""
    return None if value is None else EPOCH + timedelta(microseconds=value)


def _event_id(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


def _tags(value: str | None) -> Any:
    return orjson.loads(value) if value else {}


_READING: dict[type, Convert] = {Moment: _moment, EventId: _event_id, Tags: _tags}
"""As the types themselves read them."""


def _reading(column: ColumnElement[Any]) -> Convert | None:
    if type(column.type) in _READING:
        return _READING[type(column.type)]
    return column.type.dialect_impl(_DIALECT).result_processor(_DIALECT, None)


class Prepared:
    """One statement. Rows are named tuples of its columns, with times, event ids and tags as records have them."""

    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement

    @cached_property
    def _compiled(self) -> _Compiled:
        compiled = self._statement.compile(dialect=_DIALECT)
        columns = list(self._statement.selected_columns)
        reads = [_reading(column) for column in columns]
        return _Compiled(
            bound=_bound(compiled),
            make=_row_type("Row", [column.name for column in columns])._make,
            read=[(at, convert) for at, convert in enumerate(reads) if convert],
        )

    def all(self, snapshot: sqlite3.Connection, given: Mapping[str, Any] | None = None) -> list[Any]:
        """Every row. Raises sqlite3.Error, which the snapshot explains."""
        prepared = self._compiled
        make, read = prepared.make, prepared.read
        rows = snapshot.execute(prepared.bound.sql, prepared.bound.with_(given))
        if not read:
            return [make(row) for row in rows]
        found = []
        for raw in rows:
            row = list(raw)
            for at, convert in read:
                row[at] = convert(row[at])
            found.append(make(row))
        return found

    def first(self, snapshot: sqlite3.Connection, given: Mapping[str, Any] | None = None) -> Any | None:
        """The first row, or None."""
        rows = self.all(snapshot, given)
        return rows[0] if rows else None


class Change:
    """A statement that changes rows. ``columns`` are those that an INSERT without values fills."""

    def __init__(self, statement: UpdateBase, *columns: str) -> None:
        self._statement = statement
        self._columns = columns

    @cached_property
    def _compiled(self) -> _Bound:
        compiled = self._statement.compile(dialect=_DIALECT, column_keys=list(self._columns) or None)
        bound = _bound(compiled)
        # Of those SQLAlchemy tells only by a placeholder that they are missing, and SQLite would write that.
        given = {name for bind, name in compiled.bind_names.items() if bind.required}
        return replace(bound, values={name: bound.values[name] for name in bound.values.keys() - given})

    def run(self, connection: Connection, given: Mapping[str, Any] | None = None) -> sqlite3.Cursor:
        """Run it in the connection's transaction. Raises sqlite3.Error, which the store explains."""
        return below(connection).execute(self._compiled.sql, self._compiled.with_(given))


def below(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection, in the transaction of ``connection``."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise TypeError("the store is not SQLite")
    return driver

"""A statement's answer, from a DuckDB session of its own over one snapshot of the store.

The walls, each for itself: the gate over the parse tree, a locked session without files, extensions or settings,
and limits on time, memory and rows. A :class:`Question` is plain data and :func:`answer` needs nothing else, so
that the work can move into a child process that can be killed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import duckdb
import orjson

from sentry_sync.errors import QueryError
from sentry_sync.records.clock import Clock, SystemClock
from sentry_sync.store.lake_union import literal
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.reading import reading
from sentry_sync.trends import gate, mistakes, snapshot
from sentry_sync.trends.freshness import TableState, describe, states
from sentry_sync.trends.relations import RELATIONS
from sentry_sync.trends.watchdog import Watchdog

ROWS = 1_000
"""Rows of an answer unless asked otherwise: more than anyone reads, few enough to print."""

SECONDS = 30.0
"""How long a statement may work, loading included: ten times what the slowest of the library takes."""

MEMORY = "2GB"
"""Two million events with all their columns; what needs more is told to narrow itself rather than swap."""

_CONFIGURATION: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_persistent_secrets": "false",
    # Python's own variables must not be tables.
    "python_enable_replacements": "false",
    "temp_directory": "",
    "max_temp_directory_size": "0B",
    # A statement must not take the machine from the syncing daemon.
    "threads": "2",
}
_SETTINGS = (
    "SET enable_progress_bar = false",
    # Comparing our UTC times with now() goes through the session's zone.
    "SET TimeZone = 'UTC'",
    "CREATE SCHEMA stored",
)

DAMAGED = "a file of the lake is damaged, so its rows were read from the database: run `sentry-sync lake rebuild`"

_ZONED = "TIMESTAMP WITH TIME ZONE"
_ZONES = (_ZONED, "TIME WITH TIME ZONE")


@dataclass(frozen=True, slots=True)
class Question:
    """What to run and how far it may go."""

    statement: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    """Values for ``$name`` in the statement."""
    rows: int = ROWS
    seconds: float = SECONDS
    memory: str = MEMORY


@dataclass(frozen=True, slots=True)
class Result:
    """What a statement gave. Text in its rows comes out of events: written by strangers, to be shown as data."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    """DuckDB's type of each column."""
    rows: list[tuple[Any, ...]]
    """Times are aware UTC datetimes, JSON is text."""
    truncated: bool
    """There were more rows than the limit."""
    elapsed_ms: float
    notes: tuple[str, ...]
    """How fresh and complete each table is that was read, in one line each."""
    tables: tuple[TableState, ...]
    """The same, to be worked with."""


def run_sql(
    paths: StorePaths,
    statement: str,
    limit: int = ROWS,
    *,
    seconds: float = SECONDS,
    clock: Clock | None = None,
) -> Result:
    """The answer to one SELECT over the store's tables, at most ``limit`` rows of it.

    Raises QueryError in one line for a statement that is refused, mistaken or too much work, and StoreMissing or
    another StoreError where there is no store to ask.
    """
    return answer(paths, Question(statement, rows=limit, seconds=seconds), clock or SystemClock())


def answer(paths: StorePaths, question: Question, clock: Clock) -> Result:
    """See :func:`run_sql`."""
    return _answer(paths, lambda: reading(paths), question, clock)


def answer_within(paths: StorePaths, connection: sqlite3.Connection, question: Question, clock: Clock) -> Result:
    """The same inside a read transaction of the caller's."""
    return _answer(paths, lambda: nullcontext(connection), question, clock)


Opening = Callable[[], AbstractContextManager[sqlite3.Connection]]


def _answer(paths: StorePaths, opening: Opening, question: Question, clock: Clock) -> Result:
    if question.rows < 1:
        raise QueryError("the limit of rows must be at least 1")
    started = clock.now()
    try:
        found = _in_time(paths, opening, question, frozenset())
    except _Damaged as damage:
        # SQLite has every row: what lies in a damaged file is read from there.
        found = _in_time(paths, opening, question, damage.files)
        found = replace(found, notes=(*found.notes, DAMAGED))
    return replace(found, elapsed_ms=(clock.now() - started).total_seconds() * 1000)


def _in_time(paths: StorePaths, opening: Opening, question: Question, without: frozenset[str]) -> Result:
    with (
        closing(_connected(question.memory)) as session,
        Watchdog(session.interrupt, question.seconds) as watchdog,
    ):
        try:
            found = _found(session, paths, opening, question, watchdog, without=without)
        except QueryError:
            if not watchdog.expired:
                raise
        if watchdog.expired:
            raise QueryError(
                f"the statement was stopped after {question.seconds:g} seconds: narrow it, or name fewer columns"
            )
    return found


class _Damaged(Exception):
    """Files of the lake are not what was published."""

    def __init__(self, files: frozenset[str]) -> None:
        super().__init__(files)
        self.files = files


def open_session(memory: str = MEMORY) -> duckdb.DuckDBPyConnection:
    """An empty DuckDB in memory that can open nothing and whose settings cannot be changed any more."""
    session = _connected(memory)
    _wall_in(session, ())
    return session


def _connected(memory: str) -> duckdb.DuckDBPyConnection:
    """Not yet walled in: it may parse a statement and nothing else."""
    session = duckdb.connect(":memory:", config={**_CONFIGURATION, "memory_limit": memory})
    for setting in _SETTINGS:
        session.execute(setting)
    return session


def _wall_in(session: duckdb.DuckDBPyConnection, files: Sequence[str]) -> None:
    """Let the session open these files and nothing else, for good."""
    if files:
        session.execute(f"SET allowed_paths = [{', '.join(map(literal, files))}]")
    else:
        session.execute("SET disabled_filesystems = 'LocalFileSystem'")
    session.execute("SET enable_external_access = false")
    session.execute("SET lock_configuration = true")


_admitted: dict[tuple[str, frozenset[str]], gate.Reads] = {}

_REMEMBERED = 256
"""Statements: several times the library, whose each is admitted once in a process."""


def admit(session: duckdb.DuckDBPyConnection, question: Question) -> gate.Reads:
    """What the statement reads; raises QueryError if the gate refuses it or DuckDB cannot parse it."""
    asked = (question.statement, frozenset(question.parameters))
    reads = _admitted.get(asked)
    if reads is None:
        reads = _judged(session, question)
        if len(_admitted) >= _REMEMBERED:
            _admitted.clear()
        _admitted[asked] = reads
    return reads


def _judged(session: duckdb.DuckDBPyConnection, question: Question) -> gate.Reads:
    statement = question.statement
    gate.plain_text(statement)
    try:
        gate.one_select([parsed.type.name for parsed in session.extract_statements(statement)])
        row = session.execute("SELECT json_serialize_sql($1::VARCHAR)", [statement]).fetchone()
        tree = orjson.loads(row[0] if row else "null")
    except duckdb.Error as error:
        raise mistakes.before_loading(error, {}) from None
    except orjson.JSONDecodeError:
        raise QueryError(mistakes.TOO_DEEP) from None
    if tree.get("error"):
        raise QueryError(f"DuckDB cannot parse the statement: {gate.shown(tree.get('error_message'))}")
    return gate.judge(tree, RELATIONS, question.parameters.keys())


def _found(
    session: duckdb.DuckDBPyConnection,
    paths: StorePaths,
    opening: Opening,
    question: Question,
    watchdog: Watchdog,
    *,
    without: frozenset[str],
) -> Result:
    reads = admit(session, question)
    columns = {name: reads.columns(RELATIONS[name].columns) for name in sorted(reads.relations)}
    with opening() as connection:
        view = snapshot.of(paths, connection, columns, without)
        _wall_in(session, view.files)
        names, types = _bind(session, question, view)
        try:
            view.attach(session)
            view.fill(session, lambda: watchdog.expired)
            known = states(connection, columns)
        except duckdb.Error as error:
            raise _failed(error, view, ()) from None
    try:
        rows = [] if watchdog.expired else _rows(session, question, types)
    except duckdb.Error as error:
        raise _failed(error, view, reads.literals) from None
    truncated = len(rows) > question.rows
    return Result(names, types, rows[: question.rows], truncated, 0.0, tuple(map(describe, known)), known)


def _failed(error: duckdb.Error, view: snapshot.Snapshot, literals: Collection[str]) -> QueryError | _Damaged:
    """What was wrong with the statement, in a line for a person; or with a file, if it was that."""
    if not isinstance(error, (duckdb.OutOfMemoryException, duckdb.InterruptException)):
        damaged = view.damaged()
        if damaged:
            return _Damaged(damaged)
    return mistakes.while_running(error, literals)


def _bind(
    session: duckdb.DuckDBPyConnection, question: Question, view: snapshot.Snapshot
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The answer's column names and types, found over empty tables: whatever is wrong here is the statement's."""
    try:
        view.shape(session)
        shape = session.execute(f"DESCRIBE {question.statement}", _bound(question)).fetchall()
    except duckdb.Error as error:
        known = {name: RELATIONS[name].columns.keys() for name in view.columns}
        raise mistakes.before_loading(error, known) from None
    types = tuple(str(column[1]) for column in shape)
    if any(zone in kind for kind in types for zone in _ZONES if kind != _ZONED):
        raise QueryError("a column holds a time with a time zone: cast it to TIMESTAMP (all times here are UTC)")
    return tuple(str(column[0]) for column in shape), types


def _bound(question: Question) -> Mapping[str, object] | None:
    return question.parameters or None


def _rows(session: duckdb.DuckDBPyConnection, question: Question, types: Sequence[str]) -> list[tuple[Any, ...]]:
    """At most one row more than asked for; DuckDB streams, so the rest is never made."""
    session.execute(_without_zones(question.statement, types), _bound(question))
    rows: list[tuple[Any, ...]] = session.fetchmany(question.rows + 1)
    timed = ["TIMESTAMP" in kind for kind in types]
    if any(timed):
        rows = [
            tuple(_aware(value) if is_time else value for value, is_time in zip(row, timed, strict=True))
            for row in rows
        ]
    return rows


def _without_zones(statement: str, types: Sequence[str]) -> str:
    """The statement, its TIMESTAMPTZ columns as TIMESTAMP in UTC: Python reads those without pytz."""
    if _ZONED not in types:
        return statement
    names = [f"c{at}" for at in range(len(types))]
    chosen = (
        f"timezone('UTC', {name})" if kind == _ZONED else name for name, kind in zip(names, types, strict=True)
    )
    return f"SELECT {', '.join(chosen)} FROM (\n{_trimmed(statement)}\n) AS answer({', '.join(names)})"  # noqa: S608 (the gate let it in)


def _trimmed(statement: str) -> str:
    """The statement without semicolons and comments after it."""
    plain = statement.encode()
    for start, kind in reversed(duckdb.tokenize(statement)):
        if kind is not duckdb.token_type.comment and plain[start:].strip() != b";":
            break
        plain = plain[:start]
    return plain.decode()


def _aware(value: Any) -> Any:
    """``value`` with each time in it marked as what it is: UTC."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    if isinstance(value, (list, tuple)):
        return type(value)(map(_aware, value))
    if isinstance(value, dict):
        return {_aware(key): _aware(inner) for key, inner in value.items()}
    return value

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
from typing import Any

import duckdb
import orjson

from sentry_sync.errors import QueryError
from sentry_sync.records.clock import Clock, SystemClock
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.reading import reading
from sentry_sync.trends import gate, mistakes, shapes, snapshot
from sentry_sync.trends.freshness import TableState, describe, states
from sentry_sync.trends.opening import MEMORY, Ahead, Held, Opened, wall_in
from sentry_sync.trends.relations import RELATIONS
from sentry_sync.trends.shapes import Shape
from sentry_sync.trends.watchdog import Watchdog

ROWS = 1_000
"""Rows of an answer unless asked otherwise: more than anyone reads, few enough to print."""

SECONDS = 30.0
"""How long a statement may work, loading included: ten times what the slowest of the library takes."""

DAMAGED = "a file of the lake is damaged, so its rows were read from the database: run `sentry-sync lake rebuild`"


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
    return _answers(paths, lambda: reading(paths), [question], clock, Ahead)[0]


def answer_within(paths: StorePaths, connection: sqlite3.Connection, question: Question, clock: Clock) -> Result:
    """The same inside a read transaction of the caller's."""
    return answers_within(paths, connection, [question], clock)[0]


def answers_within(
    paths: StorePaths, connection: sqlite3.Connection, questions: Sequence[Question], clock: Clock
) -> list[Result]:
    """The answers to several, from one session over one moment: what they read alike is loaded once.

    They share the time of the one that has the most, and the memory too.
    """
    return _answers(paths, lambda: nullcontext(connection), questions, clock, Opened)


Opening = Callable[[], AbstractContextManager[sqlite3.Connection]]


def _answers(
    paths: StorePaths,
    opening: Opening,
    questions: Sequence[Question],
    clock: Clock,
    opened: Callable[[str], Held],
) -> list[Result]:
    if any(question.rows < 1 for question in questions):
        raise QueryError("the limit of rows must be at least 1")
    started = clock.now()
    try:
        found = _in_time(paths, opening, questions, opened, frozenset())
    except _Damaged as damage:
        # SQLite has every row: what lies in a damaged file is read from there.
        found = _in_time(paths, opening, questions, opened, damage.files)
        found = [replace(one, notes=(*one.notes, DAMAGED)) for one in found]
    elapsed = (clock.now() - started).total_seconds() * 1000
    return [replace(one, elapsed_ms=elapsed) for one in found]


def _in_time(
    paths: StorePaths,
    opening: Opening,
    questions: Sequence[Question],
    opened: Callable[[str], Held],
    without: frozenset[str],
) -> list[Result]:
    seconds = max(question.seconds for question in questions)
    with (
        closing(opened(questions[0].memory)) as held,
        Watchdog(held.interrupt, seconds) as watchdog,
    ):
        try:
            found = _found(held, paths, opening, questions, watchdog, without=without)
        except QueryError:
            if not watchdog.expired:
                raise
        if watchdog.expired:
            raise QueryError(
                f"the statement was stopped after {seconds:g} seconds: narrow it, or name fewer columns"
            )
    return found


class _Damaged(Exception):
    """Files of the lake are not what was published."""

    def __init__(self, files: frozenset[str]) -> None:
        super().__init__(files)
        self.files = files


_admitted: dict[tuple[str, frozenset[str]], gate.Reads] = {}

_REMEMBERED = 256
"""Statements: several times the library, whose each is admitted once in a process."""


def admit(session: Callable[[], duckdb.DuckDBPyConnection], question: Question) -> gate.Reads:
    """What the statement reads; raises QueryError if the gate refuses it or DuckDB cannot parse it."""
    asked = (question.statement, frozenset(question.parameters))
    reads = _admitted.get(asked)
    if reads is None:
        reads = _judged(session(), question)
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
    held: Held,
    paths: StorePaths,
    opening: Opening,
    questions: Sequence[Question],
    watchdog: Watchdog,
    *,
    without: frozenset[str],
) -> list[Result]:
    reads = [admit(lambda: held.session, question) for question in questions]
    with opening() as connection:
        view = snapshot.of(paths, connection, _columns(reads), without)
        known = [states(connection, read.relations) for read in reads]
        session = held.session
        wall_in(session, view.files)
        found_shapes = _shapes(session, questions, view)
        try:
            view.make(session, lambda: watchdog.expired)
        except duckdb.Error as error:
            raise _failed(error, view, ()) from None
    found = []
    for question, read, shape, tables in zip(questions, reads, found_shapes, known, strict=True):
        try:
            rows = [] if watchdog.expired else _rows(session, question, shape)
        except duckdb.Error as error:
            raise _failed(error, view, read.literals) from None
        found.append(_result(question, shape, rows, tables))
    return found


def _result(
    question: Question, shape: Shape, rows: list[tuple[Any, ...]], tables: tuple[TableState, ...]
) -> Result:
    return Result(
        columns=shape.names,
        types=shape.types,
        rows=rows[: question.rows],
        truncated=len(rows) > question.rows,
        elapsed_ms=0.0,
        notes=tuple(map(describe, tables)),
        tables=tables,
    )


def _columns(reads: Sequence[gate.Reads]) -> dict[str, list[str]]:
    """Which columns of which relations are read by any of them."""
    found = {}
    for name in sorted({name for read in reads for name in read.relations}):
        every = RELATIONS[name].columns
        wanted = {column for read in reads if name in read.relations for column in read.columns(every)}
        found[name] = [column for column in every if column in wanted]
    return found


def _failed(error: duckdb.Error, view: snapshot.Snapshot, literals: Collection[str]) -> QueryError | _Damaged:
    """What was wrong with the statement, in a line for a person; or with a file, if it was that."""
    if not isinstance(error, (duckdb.OutOfMemoryException, duckdb.InterruptException)):
        damaged = view.damaged()
        if damaged:
            return _Damaged(damaged)
    return mistakes.while_running(error, literals)


def _shapes(
    session: duckdb.DuckDBPyConnection, questions: Sequence[Question], view: snapshot.Snapshot
) -> list[Shape]:
    """The answers' shapes; those not known yet are found over empty views: what is wrong is the statement's."""
    known = [shapes.remembered(question.statement, question.parameters) for question in questions]
    found = [shape for shape in known if shape]
    if len(found) == len(known):
        return found
    try:
        view.shape(session)
        return [shapes.learn(session, question.statement, question.parameters) for question in questions]
    except duckdb.Error as error:
        names = {name: RELATIONS[name].columns.keys() for name in view.columns}
        raise mistakes.before_loading(error, names) from None


def _bound(question: Question) -> Mapping[str, object] | None:
    return question.parameters or None


def _rows(session: duckdb.DuckDBPyConnection, question: Question, shape: Shape) -> list[tuple[Any, ...]]:
    """At most one row more than asked for; DuckDB streams, so the rest is never made."""
    session.execute(shapes.without_zones(question.statement, shape), _bound(question))
    return shapes.aware(session.fetchmany(question.rows + 1), shape)

"""``sentry-sync sql``: one statement over the local copy."""

from __future__ import annotations

import math
import sys
from datetime import datetime
from typing import Any

from sentry_sync.cli import output
from sentry_sync.cli.auditing import noted
from sentry_sync.cli.connect import paths_of
from sentry_sync.cli.settings import Settings
from sentry_sync.errors import QueryError, SettingsError
from sentry_sync.store.paths import StorePaths
from sentry_sync.trends.apart import Apart, Limits
from sentry_sync.trends.session import Result

LONGEST = 100_000
"""Characters of a statement from stdin: far more than anyone writes, far less than fills the memory."""


def run(settings: Settings, asked: str | None, limit: int, *, as_json: bool) -> None:
    """Print the answer, then how fresh and complete its tables are.

    ``asked`` is a SELECT, or ``-`` for stdin. Raises QueryError or StoreError, and SettingsError without any.
    """
    if asked is None:
        raise SettingsError('no statement: sentry-sync sql "SELECT ..."; sentry-sync query runs the library\'s')
    result = asked_apart(paths_of(settings), _statement(asked), limit)
    noted(settings, "sql", {"sql": asked}, len(result.rows))
    show(result, as_json=as_json)


def asked_apart(paths: StorePaths, statement: str, limit: int) -> Result:
    """The answer to a statement that somebody wrote, from a process of its own."""
    apart = Apart()
    try:
        told = apart.ask(paths, statement, Limits(rows=limit))
    finally:
        apart.close()
    notes = [*told.notes, *([f"cut at {Limits().bytes:,} bytes: take fewer columns or rows"] if told.cut else [])]
    times = [kind == "TIMESTAMP" or kind.startswith("TIMESTAMP WITH") for kind in told.types]
    rows = [
        tuple(_time(value) if is_time else value for value, is_time in zip(row, times, strict=True))
        for row in told.rows
    ]
    return Result(tuple(told.columns), tuple(told.types), rows, told.truncated, told.ms, tuple(notes), ())


def _time(value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _statement(asked: str) -> str:
    if asked != "-":
        return asked
    try:
        found = sys.stdin.read(LONGEST + 1) if sys.stdin is not None else ""
    except UnicodeDecodeError:
        raise QueryError("the statement on stdin is not UTF-8 text") from None
    if len(found) > LONGEST:
        raise QueryError(f"the statement on stdin is longer than {LONGEST} characters")
    return found


def show(result: Result, *, as_json: bool) -> None:
    """Print a result: rows on stdout; for a person, the notes on stderr, out of a pipe's way."""
    if as_json:
        output.document(as_document(result))
        return
    output.table(result.columns, result.rows)
    output.flush()  # on a terminal the notes follow the rows
    show_notes(result)


def show_notes(result: Result) -> None:
    """Print on stderr how many rows there are, and how fresh and complete their tables."""
    cut = ", cut at the limit (--limit)" if result.truncated else ""
    output.warn(f"{len(result.rows)} rows in {result.elapsed_ms:.0f} ms{cut}")
    for note in result.notes:
        output.warn(output.printable(note))


def as_document(result: Result) -> dict[str, Any]:
    """A result as JSON has it; what JSON lacks becomes text, NaN null."""
    return {
        "columns": result.columns,
        "types": result.types,
        "rows": [[_finite(value) for value in row] for row in result.rows],
        "truncated": result.truncated,
        "ms": round(result.elapsed_ms, 1),
        "notes": result.notes,
    }


def _finite(value: Any) -> Any:
    """``value`` without NaN and infinities, which JSON has no word for."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (list, tuple)):
        return [_finite(entry) for entry in value]
    if isinstance(value, dict):
        return {str(key): _finite(entry) for key, entry in value.items()}
    return value

"""``sentry-sync sql``: one statement over the local copy."""

from __future__ import annotations

import math
import sys
from typing import Any

from sentry_sync.cli import output
from sentry_sync.cli.settings import Settings
from sentry_sync.errors import QueryError
from sentry_sync.store.paths import StorePaths
from sentry_sync.trends.session import Result, run_sql

LONGEST = 100_000
"""Characters of a statement from stdin: far more than anyone writes, far less than fills the memory."""


def run(settings: Settings, statement: str, limit: int, *, as_json: bool) -> None:
    """Print the answer, then how fresh and complete its tables are. Raises QueryError or StoreError."""
    show(run_sql(StorePaths(settings.store), _text(statement), limit), as_json=as_json)


def _text(statement: str) -> str:
    if statement != "-":
        return statement
    found = sys.stdin.read(LONGEST + 1)
    if len(found) > LONGEST:
        raise QueryError(f"the statement on stdin is longer than {LONGEST} characters")
    return found


def show(result: Result, *, as_json: bool) -> None:
    """Print a result: rows on stdout; for a person, the notes on stderr, out of a pipe's way."""
    if as_json:
        output.document(as_document(result))
        return
    output.table(result.columns, result.rows)
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

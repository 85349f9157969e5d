"""A process that runs one statement and ends: ``python -m sentry_sync.trends.child``.

It reads one question from stdin and writes one answer to stdout, both JSON on a line: what it says is data to
whoever started it, whatever became of it. It loads DuckDB first and waits then, so that it can be started ahead.
"""

from __future__ import annotations

import math
import sys
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import duckdb
import orjson

from sentry_sync.errors import QueryError, SentrySyncError
from sentry_sync.records.clock import SystemClock
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.reading import reading
from sentry_sync.trends import walls
from sentry_sync.trends.session import Question, Result, answer_within

EXACT = 2**53
"""Beyond this a JSON number is not the same in every reader: such integers become text."""

UNWALLED = "this machine's kernel has no Landlock: one of the walls around SQL is missing"


def main() -> None:
    """Answer one question."""
    line = sys.stdin.buffer.readline()
    if not line:
        return  # nobody asks: whoever started us ahead is gone
    asked = orjson.loads(line)
    try:
        said = _answer(StorePaths(Path(asked["store"]), tuple(asked["projects"])), asked)
    except SentrySyncError as error:
        said = {"error": type(error).__name__, "text": str(error)}
    except (MemoryError, duckdb.OutOfMemoryException):
        said = {"error": "QueryError", "text": OUT_OF_MEMORY}
    sys.stdout.buffer.write(orjson.dumps(said) + b"\n")
    sys.stdout.buffer.flush()


OUT_OF_MEMORY = "the statement needs more memory than it may have: name fewer columns, or narrow it"


def _answer(paths: StorePaths, asked: dict[str, Any]) -> dict[str, Any]:
    question = Question(
        asked["statement"],
        asked["parameters"],
        rows=asked["rows"],
        seconds=asked["seconds"],
        memory=f"{asked['memory']}B",
    )
    walls.limit(asked["memory"], question.seconds)
    with reading(paths) as connection:
        # SQLite opens its files at the first read, for writing as well: before nothing can be written any more.
        connection.execute("SELECT count(*) FROM lake_parts").fetchone()
        walls.write_nothing()
        walled = walls.landlock([paths.directory, *walls.program_folders()])
        result = answer_within(paths, connection, question, SystemClock())
    return _document(result, asked["bytes"], () if walled else (UNWALLED,))


def _document(result: Result, most: int, notes: tuple[str, ...]) -> dict[str, Any]:
    rows, cut = _fitting(result.rows, most)
    return {
        "columns": result.columns,
        "types": result.types,
        "rows": rows,
        "truncated": result.truncated or cut,
        "cut": cut,
        "ms": result.elapsed_ms,
        "notes": [*result.notes, *notes],
        "tables": {table.table: table.as_of for table in result.tables},
        "complete": all(table.whole for table in result.tables),
    }


def _fitting(rows: list[tuple[Any, ...]], most: int) -> tuple[list[list[Any]], bool]:
    """The first rows that take no more than ``most`` bytes."""
    kept: list[list[Any]] = []
    for row in rows:
        plain = [_plain(value) for value in row]
        most -= len(orjson.dumps(plain)) + 1
        if most < 0:
            if not kept:
                raise QueryError("the first row alone is larger than an answer may be: take less of its texts")
            return kept, True
        kept.append(plain)
    return kept, False


def _plain(value: Any) -> Any:  # noqa: PLR0911 (one line for each kind)
    """``value`` as JSON has it: times as ISO 8601, bytes as hex digits, what JSON lacks as text, NaN null."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _sound(value)
    if isinstance(value, int):
        return value if -EXACT <= value <= EXACT else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, dict):
        return {_sound(str(key)): _plain(inner) for key, inner in value.items()}
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def _sound(text: str) -> str:
    """``text`` without halves of surrogate pairs, which JSON can't carry."""
    return text.encode("utf-8", "replace").decode()


if __name__ == "__main__":
    main()

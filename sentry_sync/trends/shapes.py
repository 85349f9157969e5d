"""The columns of a statement's answer: their names and types, and times in them as Python takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import duckdb

from sentry_sync.errors import QueryError

_ZONED = "TIMESTAMP WITH TIME ZONE"
_ZONES = (_ZONED, "TIME WITH TIME ZONE")


@dataclass(frozen=True, slots=True)
class Shape:
    """An answer's columns."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    """As DuckDB calls them."""


_Asked = tuple[str, frozenset[tuple[str, str]]]
_learned: dict[_Asked, Shape] = {}

_REMEMBERED = 256
"""Shapes: several times the library. To find one takes 5 ms, a tenth of what the smaller queries take."""


def remembered(statement: str, parameters: Mapping[str, object]) -> Shape | None:
    """The shape of a statement that this process has asked before, with parameters of the same types."""
    asked = _asked(statement, parameters)
    return _learned.get(asked) if asked else None


def learn(session: duckdb.DuckDBPyConnection, statement: str, parameters: Mapping[str, object]) -> Shape:
    """The statement's shape, from a session that has its tables and views.

    Raises QueryError for a time with a zone of its own, which nothing here can show, and duckdb.Error for a
    mistake in the statement.
    """
    columns = session.execute(f"DESCRIBE {statement}", parameters or None).fetchall()
    shape = Shape(tuple(str(column[0]) for column in columns), tuple(str(column[1]) for column in columns))
    if any(zone in kind for kind in shape.types for zone in _ZONES if kind != _ZONED):
        raise QueryError("a column holds a time with a time zone: cast it to TIMESTAMP (all times here are UTC)")
    asked = _asked(statement, parameters)
    if asked:
        if len(_learned) >= _REMEMBERED:
            _learned.clear()
        _learned[asked] = shape
    return shape


def _asked(statement: str, parameters: Mapping[str, object]) -> _Asked | None:
    """What a shape follows from; None where that is more than the types of single values."""
    kinds = {name: _kind(value) for name, value in parameters.items()}
    if not all(kinds.values()):
        return None
    return statement, frozenset(kinds.items())


def _kind(value: object) -> str:
    """What DuckDB's type of a value follows from; empty where it follows from more than that."""
    if isinstance(value, bool) or value is None or isinstance(value, (str, float)):
        return type(value).__name__
    if isinstance(value, int):
        # The smallest type that holds it.
        bits = (value if value >= 0 else ~value).bit_length()
        return f"int{sum(bits > most for most in (7, 15, 31, 63, 127))}"
    if isinstance(value, datetime):
        return "datetime" if value.tzinfo is None else "zoned"
    return "date" if isinstance(value, date) else ""


def without_zones(statement: str, shape: Shape) -> str:
    """The statement, its TIMESTAMPTZ columns as TIMESTAMP in UTC: Python reads those without pytz."""
    if _ZONED not in shape.types:
        return statement
    names = [f"c{at}" for at in range(len(shape.types))]
    chosen = (
        f"timezone('UTC', {name})" if kind == _ZONED else name
        for name, kind in zip(names, shape.types, strict=True)
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


def aware(rows: list[tuple[Any, ...]], shape: Shape) -> list[tuple[Any, ...]]:
    """``rows`` with each time in them marked as what it is: UTC."""
    timed = ["TIMESTAMP" in kind for kind in shape.types]
    if not any(timed):
        return rows
    return [
        tuple(_aware(value) if is_time else value for value, is_time in zip(row, timed, strict=True))
        for row in rows
    ]


def _aware(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    if isinstance(value, (list, tuple)):
        return type(value)(map(_aware, value))
    if isinstance(value, dict):
        return {_aware(key): _aware(inner) for key, inner in value.items()}
    return value

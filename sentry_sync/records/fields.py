"""Tolerant reading of single values out of Sentry's JSON.

Absent and null are ``None``. A value of another type than the contract's is converted where the meaning is
beyond doubt (ids and counts arrive as strings or numbers, seen on GlitchTip and on Sentry 10), else the row is
:class:`Malformed` and the caller sets it aside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

Raw = Mapping[str, Any]

LARGEST = 2**63 - 1
"""The largest whole number SQLite can hold; counters that ran wild have been seen beyond it."""

LATEST = datetime(9000, 1, 1, tzinfo=UTC)
"""No time lies later: an hour or a day must still be added to it without leaving what a datetime can hold."""


class Malformed(ValueError):
    """One row is not of the shape its endpoint promises; the message names the field, never its value."""


def mapping(value: object, name: str) -> Raw:
    """``value`` as a JSON object; null and absent are empty."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return value
    raise Malformed(f"{name} is not an object")


def text(raw: Raw, name: str) -> str | None:
    """A string; numbers become their decimal text, empty stays empty."""
    value = raw.get(name)
    if value is None or type(value) is str:
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    raise Malformed(f"{name} is not text")


_TEXT_OR_NONE = frozenset({str, type(None)})


def texts(raw: Raw, names: Sequence[str]) -> list[str | None]:
    """Several strings at once; a row as the contract has it costs one check for all of them."""
    values: list[str | None] = [raw.get(name) for name in names]
    if _TEXT_OR_NONE.issuperset(map(type, values)):
        return values
    return [text(raw, name) for name in names]


def required(raw: Raw, name: str) -> str:
    """A string that must be there and not empty: ids and names."""
    value = text(raw, name)
    if not value:
        raise Malformed(f"{name} is missing")
    return value


def integer(raw: Raw, name: str) -> int | None:
    """A whole number, also when written as text (``count`` is a string on issue rows)."""
    value = raw.get(name)
    if value is None:
        return None
    found = value if type(value) is int else _whole(value)
    if found is None:
        raise Malformed(f"{name} is not a whole number")
    if not -LARGEST <= found <= LARGEST:
        raise Malformed(f"{name} is too large a number")
    return found


def _whole(value: object) -> int | None:
    try:
        if isinstance(value, str):
            return int(value)
        if isinstance(value, float):
            return round(value)
    except (ValueError, OverflowError):
        pass
    return None


def number(raw: Raw, name: str) -> float | None:
    """A finite number; NaN and infinity (empty aggregates on some servers) are None."""
    value = raw.get(name)
    if value is None or isinstance(value, bool):
        return None
    try:
        result = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise Malformed(f"{name} is not a number") from error
    return result if result - result == 0 else None


def flag(raw: Raw, name: str) -> bool | None:
    """True, false or unknown."""
    value = raw.get(name)
    if value is None or isinstance(value, bool):
        return value
    raise Malformed(f"{name} is not a boolean")


def moment(raw: Raw, name: str) -> datetime | None:
    """An aware UTC time from ISO text (``Z``, an offset or none, which means UTC) or epoch seconds."""
    value = raw.get(name)
    if value is None or value == "":
        return None
    try:
        return parse_time(value)
    except (ValueError, OverflowError, OSError) as error:
        raise Malformed(f"{name} is not a time") from error


def parse_time(value: object) -> datetime:
    """An aware UTC time; raises ValueError or OverflowError for anything that is no time before LATEST."""
    parsed = _time(value)
    if parsed >= LATEST:
        raise ValueError("too late a time")
    return parsed


def _time(value: object) -> datetime:
    if isinstance(value, str):
        parsed = datetime.fromisoformat(value)
        if parsed.tzinfo is UTC:
            return parsed
        return parsed.astimezone(UTC) if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC)
    raise ValueError("not a time")


def named(value: object) -> str | None:
    """The name of a nested object such as an environment: its ``name``, or the text itself."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return text(value, "name")
    return None


def dumped(raw: Raw) -> bytes:
    """``raw`` as the JSON it came as; Malformed when it is nested deeper than JSON can be written again."""
    try:
        return orjson.dumps(raw)
    except TypeError as error:
        raise Malformed("the row is nested too deeply") from error

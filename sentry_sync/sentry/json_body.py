"""Reading JSON, also the JSON that isn't quite."""

from __future__ import annotations

import json
from typing import Any

import orjson


def read_json(body: bytes) -> Any:
    """The value of ``body``; raises ValueError if it is no JSON.

    orjson first. It refuses NaN, lone surrogates and integers beyond 64 bits; events hold all three (a message cut
    within an emoji, a counter gone wild), and one of them must not cost a page of a hundred rows.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        return _repaired(json.loads(body.decode("utf-8", "replace"), parse_constant=_nothing, parse_int=_counted))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _counted(digits: str) -> int | float:
    """A whole number; as a fraction where it is beyond what JSON can be written with again."""
    return int(digits) if len(digits) < MOST_DIGITS else float(digits)


MOST_DIGITS = 19
"""Every whole number of fewer digits fits into 64 bits."""


def _nothing(_name: str) -> None:
    """NaN and the infinities are no value."""


def _repaired(value: Any) -> Any:
    """``value`` with each lone surrogate replaced: neither SQLite nor UTF-8 can hold one."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_repaired(item) for item in value]
    if isinstance(value, dict):
        return {_repaired(name): _repaired(item) for name, item in value.items()}
    return value

"""Any JSON out of an event, cut to a size and made harmless. Pure.

What is left out is said where it was: a text ends with how much more there was, a list and an object with how
many.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from sentry_sync.answers import untrusted


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a value to show."""

    text: int = 500
    items: int = 30
    depth: int = 4


NAME = 100
"""Characters of a field's name."""

MORE = "…"
"""The name under which an object says how many fields are missing."""


def tidy(value: Any, limits: Limits) -> Any:
    """``value`` without hidden characters, no longer, wider or deeper than ``limits``."""
    if isinstance(value, str):
        return untrusted.block(value, limits.text)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if limits.depth <= 0:
        return untrusted.line(_as_text(value), limits.text)
    inner = replace(limits, depth=limits.depth - 1)
    if isinstance(value, Mapping):
        return _fields(value, inner)
    if isinstance(value, Iterable):
        return _items(list(value), inner)
    return untrusted.line(str(value), limits.text)


def _fields(value: Mapping[Any, Any], limits: Limits) -> dict[str, Any]:
    found = {
        untrusted.line(str(name), NAME): tidy(inner, limits) for name, inner in list(value.items())[: limits.items]
    }
    if len(value) > limits.items:
        found[MORE] = f"[{len(value) - limits.items} more fields]"
    return found


def _items(values: list[Any], limits: Limits) -> list[Any]:
    found = [tidy(inner, limits) for inner in values[: limits.items]]
    if len(values) > limits.items:
        found.append(f"… [{len(values) - limits.items} more]")
    return found


def _as_text(value: Any) -> str:
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def size(value: Any) -> int:
    """How many bytes ``value`` takes as JSON."""
    return len(orjson.dumps(value))


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` without the fields that say nothing."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}

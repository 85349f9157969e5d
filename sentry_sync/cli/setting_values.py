"""Settings of several values: text in the environment, lists and tables in the file."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sentry_sync.store.privacy.retention import Keeping
from sentry_sync.store.privacy.rules import Rules, chosen

SLUG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}")

Pairs = tuple[tuple[str, str], ...]


def pairs(value: object) -> object:
    """``a=1, b=2`` and a table are the same."""
    if isinstance(value, str):
        parts = [part.partition("=") for part in value.split(",") if part.strip()]
        return tuple((name.strip(), given.strip()) for name, _, given in parts)
    if isinstance(value, Mapping):
        return tuple((name, str(given)) for name, given in _flat(value))
    return value


def _flat(table: Mapping[str, object], before: str = "") -> list[tuple[str, object]]:
    """TOML reads ``user.email = "keep"`` as a table in a table."""
    found: list[tuple[str, object]] = []
    for name, value in table.items():
        found += _flat(value, f"{before}{name}.") if isinstance(value, Mapping) else [(before + name, value)]
    return found


def lines(value: object) -> object:
    """A list, or in the environment a pattern on each line."""
    return tuple(line for line in value.splitlines() if line.strip()) if isinstance(value, str) else value


def slugs(value: object) -> object:
    """``a, b`` and a list are the same; raises ValueError for what is no project's slug."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    if not isinstance(value, list | tuple) or not all(
        isinstance(part, str) and SLUG.fullmatch(part) for part in value
    ):
        raise ValueError
    return tuple(value)


def scrubbed(value: Pairs) -> Pairs:
    """The same; raises ValueError for a part or a treatment that there is not."""
    chosen(value)
    return value


def patterned(value: tuple[str, ...]) -> tuple[str, ...]:
    """The same; raises ValueError for what is no pattern."""
    if value:
        from sentry_sync.store.privacy.patterns import compiled

        for pattern in value:
            compiled(pattern)
    return value


def kept(value: Pairs) -> Pairs:
    """The same; raises ValueError for a resource or a number of days that there is not."""
    Keeping.chosen(value)
    return value


def rules(scrub: Pairs, patterns: tuple[str, ...]) -> Rules:
    """What becomes of what, by these settings."""
    return chosen(scrub, patterns)

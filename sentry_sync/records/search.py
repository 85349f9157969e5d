"""A query in Sentry's issue search: the tree it is parsed into, and what of it a store can be asked. Frozen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

WILDCARD = "*"


@dataclass(frozen=True, slots=True)
class Term:
    """``key:value``: all terms of a query must hold, and one of a term's values must fit."""

    key: str
    operator: str
    """``>``, ``>=``, ``<``, ``<=`` or ``=`` as it was written; empty where none was."""
    values: tuple[str, ...]
    negated: bool = False
    listed: bool = False
    """Written ``key:[a,b]``."""

    @property
    def wild(self) -> bool:
        """Whether a value holds a wildcard."""
        return any(WILDCARD in value for value in self.values)


@dataclass(frozen=True, slots=True)
class Search:
    """A parsed query."""

    terms: tuple[Term, ...] = ()
    text: str = ""
    """What was written beside the terms: one phrase."""
    unsure: str | None = None
    """What Sentry may read otherwise than we do; None where there is but one way to read it."""


Value = str | int | datetime | None


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing a store can tell of an issue, for sure or not: ``field`` names what, out of a closed list."""

    field: str
    operator: str
    """``=``, ``>``, ``>=``, ``<`` or ``<=``; ``like`` for one value with wildcards."""
    values: tuple[Value, ...]
    negated: bool = False

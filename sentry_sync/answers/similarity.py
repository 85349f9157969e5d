"""How alike two issues are by what they are called. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from heapq import nsmallest
from typing import Any

ALIKE = 0.5
"""Half of the words in common: below that, two errors of one type are just two errors."""

MEASURE = (
    "among the newest issues with the same exception type: mean of the shares of words that titles and culprits "
    "have in common, numbers aside; shown from 0.5"
)

_WORD = re.compile(r"[^\W\d_]{2,}")
_REMEMBERED = 4096
"""Texts whose words are kept: an assistant looks at one group of issues after the other."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """An issue, and how much it is like another: 0 to 1."""

    issue: Any
    similarity: float


def similarity(one: Any, other: Any) -> float:
    """How alike two issues' titles and culprits are; of the title alone where one has no culprit."""
    return _Likened(one).to(other)


def most_alike(issue: Any, others: Iterable[Any], most: int) -> list[Likeness]:
    """The issues that are at least ``ALIKE``, the most alike first."""
    likened = _Likened(issue)
    alike = [(-found, other.id, other) for other in others if (found := likened.to(other)) >= ALIKE]
    # An id is there once, so what stands behind it is never compared.
    return [Likeness(other, -found) for found, _, other in nsmallest(most, alike)]


class _Likened:
    """An issue that others are held against."""

    def __init__(self, issue: Any) -> None:
        self._title, self._culprit = issue.title, issue.culprit
        self._in_title, self._in_culprit = _words(issue.title), _words(issue.culprit or "")

    def to(self, other: Any) -> float:
        title = 1.0 if other.title == self._title else _shared(self._in_title, _words(other.title))
        if not self._culprit or not other.culprit:
            return title
        if other.culprit == self._culprit:
            return (title + 1.0) / 2
        return (title + _shared(self._in_culprit, _words(other.culprit))) / 2


def _shared(mine: frozenset[str], theirs: frozenset[str]) -> float:
    """The share of words in common among all that two unequal texts have; of texts without words, none."""
    common = len(mine & theirs)
    return common / (len(mine) + len(theirs) - common) if mine or theirs else 0.0


@lru_cache(maxsize=_REMEMBERED)
def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower()))

"""Cursors: where an answer goes on, bound to the question it belongs to. Pure.

A cursor names the last row that was shown, not how many were: rows that come or go meanwhile neither hide others
nor show one twice. Of a list that Sentry itself gave it carries Sentry's own cursor.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, fields
from functools import lru_cache
from hashlib import blake2s
from typing import Any

import orjson

from sentry_sync.errors import QuestionError

VERSION = 1
"""Of what a cursor holds. Another version's is refused: nobody keeps a cursor for long."""

NOT_OURS = "cursor is none of ours: pass next_cursor of the answer before, unchanged"

ASIDE = frozenset({"cursor", "response_format"})
"""Fields of a question that do not change which rows it has."""

Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Position:
    """Behind which row an answer goes on: by ``after``, by ``live``, or by both."""

    after: tuple[Value, ...] = ()
    """What the store orders rows by, of the last row shown."""
    live: str | None = None
    """Sentry's cursor of the page to ask for; empty for its first page."""
    skip: int = 0
    """Rows of that page that were shown already."""


@lru_cache(maxsize=256)
def fingerprint(question: Any) -> str:
    """A short digest of what a question (a dataclass) is about."""
    told = [(field.name, getattr(question, field.name)) for field in fields(question) if field.name not in ASIDE]
    return blake2s(repr((type(question).__name__, told)).encode(), digest_size=6).hexdigest()


def encode(question: Any, position: Position) -> str:
    """The cursor that goes on with ``question`` at ``position``."""
    told = [VERSION, fingerprint(question), list(position.after), position.live, position.skip]
    return urlsafe_b64encode(orjson.dumps(told)).decode().rstrip("=")


def decode(cursor: str, question: Any) -> Position:
    """Where ``question`` goes on; raises QuestionError for a cursor that is none, or another question's."""
    try:
        told = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        version, owner, after, live, skip = told
        position = Position(tuple(after), live, skip)
    except (ValueError, TypeError, binascii.Error):
        raise QuestionError(NOT_OURS) from None
    if version != VERSION or not _sane(position):
        raise QuestionError(NOT_OURS)
    if owner != fingerprint(question):
        raise QuestionError("cursor belongs to another question: repeat the arguments it was given with")
    return position


def _sane(position: Position) -> bool:
    return (
        all(isinstance(value, str | int | float | None) for value in position.after)
        and isinstance(position.live, str | None)
        and isinstance(position.skip, int)
        and position.skip >= 0
    )

"""Paths and query strings as Sentry wants them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from sentry_sync.errors import BadRequest

Value = str | int | bool | datetime | None
Parameters = list[tuple[str, str]]


def path_of(*segments: str) -> str:
    """``/a/b/`` with each segment encoded whole; raises BadRequest for one that would change the path."""
    for segment in segments:
        # A release may be called anything; Sentry itself refuses these, and a server would resolve them.
        if segment in {"", ".", ".."} or any(character < " " or character == "\x7f" for character in segment):
            raise BadRequest("an empty name, . or .. or one with control characters can't be asked for")
    return "/" + "".join(quote(segment, safe="") + "/" for segment in segments)


def parameters(pairs: Iterable[tuple[str, Value | Sequence[str]]]) -> Parameters:
    """Name and value pairs to send: None is left out, a sequence is repeated, true is ``1``, false is left out.

    Sentry reads booleans as exactly ``1``, and older versions take ``full=false`` for true.
    """
    found: Parameters = []
    for name, value in pairs:
        if value is None or value is False:
            continue
        if isinstance(value, (str, int, datetime)):
            found.append((name, _text(value)))
        else:
            found.extend((name, item) for item in value)
    return found


def encoded(pairs: Parameters) -> str:
    """``?name=value&…``, or nothing."""
    return f"?{urlencode(pairs)}" if pairs else ""


def timestamp(moment: datetime) -> str:
    """``2026-11-20T12:00:00Z``, with a fraction only if it has one; raises ValueError for a naive time."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone can't be sent to Sentry")
    text = moment.astimezone(UTC).isoformat()
    return text.removesuffix("+00:00") + "Z"


def _text(value: str | int | datetime) -> str:
    if isinstance(value, datetime):
        return timestamp(value)
    return "1" if value is True else str(value)

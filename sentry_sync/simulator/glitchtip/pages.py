"""GlitchTip's lists: its Link header is a Python set printed as text, its cursors are base64, X-Hits is exact."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode

from sentry_sync.simulator.api.call import ApiError, Call, Response
from sentry_sync.simulator.seeded import mix

T = TypeVar("T")
DEFAULT_LIMIT = 50
MAX_LIMIT = 100
SERVER_ERROR = "<!doctype html><html lang=en><head><title>Server Error (500)</title></head></html>"
"""What it says when it fails: an HTML page."""


def invalid(place: str, kind: str, message: str, where: str = "query") -> ApiError:
    """422, whose detail is a list."""
    return ApiError(422, {"detail": [{"type": kind, "loc": [where, place], "msg": message}]})


def limit(call: Call) -> int:
    """The page size: 50, at most 100, 0 is the default; 422 for no number."""
    text = call.query.get("limit")
    if not text:
        return min(DEFAULT_LIMIT, call.page_rows)
    if not text.lstrip("-").isdecimal():
        message = "Input should be a valid integer, unable to parse string as an integer"
        raise invalid("limit", "int_parsing", message)
    return min(int(text), MAX_LIMIT, call.page_rows) or DEFAULT_LIMIT


@dataclass(frozen=True, slots=True)
class Place:
    """A decoded cursor: a position in the sorted column, or an offset."""

    position: str | None = None
    offset: int = 0
    backwards: bool = False


def _decode(call: Call) -> Place:
    text = call.query.get("cursor")
    if not text:
        return Place()
    try:
        fields = parse_qs(base64.b64decode(text.encode(), validate=True).decode("latin-1"))
    except (binascii.Error, ValueError):
        raise invalid("cursor", "value_error", "Value error, Invalid cursor.") from None
    position, offset = fields.get("p", [None])[0], fields.get("o", ["0"])[0]
    return Place(position, int(offset) if offset.isdecimal() else 0, "r" in fields)


def _encode(**fields: str) -> str:
    return base64.b64encode(urlencode(fields).encode()).decode()


def moment(micros: int) -> str:
    """A position in a column of dates."""
    return datetime.fromtimestamp(micros // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S") + (
        f".{micros % 1_000_000:06d}+00:00"
    )


def page_by_moment(
    call: Call, rows: Sequence[T], key: Callable[[T], int], show: Callable[[T], Any], *, descending: bool
) -> Response:
    """A page of rows sorted by a date that no two of them share: complete in both directions."""
    ordered = sorted(rows, key=key, reverse=descending)
    place, size = _decode(call), limit(call)
    start = 0
    if place.position is not None:
        start = _find(ordered, key, place, descending=descending, size=size)
    page = ordered[start : start + size] if size > 0 else []
    end = start + max(size, 0)
    previous = _encode(r="1", p=moment(key(ordered[start]))) if start > 0 and page else None
    following = _encode(p=moment(key(page[-1]))) if page and end < len(ordered) else None
    return respond(call, [show(row) for row in page], len(rows), previous, following)


def _find(ordered: Sequence[T], key: Callable[[T], int], place: Place, *, descending: bool, size: int) -> int:
    try:
        parsed = datetime.fromisoformat(place.position or "")
    except ValueError:
        # A position it cannot read ends in its error page, as on the real server.
        raise ApiError(500, SERVER_ERROR) from None
    micros = int(parsed.timestamp()) * 1_000_000 + parsed.microsecond
    if place.backwards:
        before = sum((key(row) > micros) if descending else (key(row) < micros) for row in ordered)
        return max(before - size, 0)
    return sum((key(row) >= micros) if descending else (key(row) <= micros) for row in ordered)


def page_by_number(
    call: Call, rows: Sequence[T], key: Callable[[T], float], show: Callable[[T], Any], *, descending: bool
) -> Response:
    """A page of rows sorted by a number many share.

    Ties fall differently on every page, as its database lets them: walking such a list loses rows and
    doubles others.
    """
    place, size = _decode(call), limit(call)
    ties = {id(row): mix(place.offset + 17, number) for number, row in enumerate(rows)}
    ordered = sorted(rows, key=lambda row: (-key(row) if descending else key(row), ties[id(row)]))
    start = place.offset
    end = start + max(size, 0)
    page = ordered[start:end]
    previous = _encode(r="1", o=str(max(start - size, 0))) if start > 0 else None
    following = _encode(o=str(end)) if end < len(ordered) else None
    return respond(call, [show(row) for row in page], len(rows), previous, following)


def respond(
    call: Call, rows: list[Any], hits: int, previous: str | None = None, following: str | None = None
) -> Response:
    """A list with GlitchTip's headers; a link that leads nowhere has no cursor."""
    call.valid_until(call.now + 1)
    links = ", ".join((_link(call, "previous", previous), _link(call, "next", following)))
    headers = {"Link": "{'" + links + "'}", "X-Max-Hits": "1000", "X-Hits": str(hits)}
    return call.reply(rows, headers={**headers, "Content-Type": "application/json; charset=utf-8"})


def _link(call: Call, rel: str, cursor: str | None) -> str:
    base = call.base_url + call.request.path
    if cursor is None:
        query = f"?{call.request.query_string}" if call.request.query_string else ""
        return f'<{base}{query}>; rel="{rel}"; results="false"'
    rest = call.query.without_cursor()
    query = urlencode({"cursor": cursor}) + (f"&{rest}" if rest else "")
    return f'<{base}?{query}>; rel="{rel}"; results="true"; cursor="{cursor}"'

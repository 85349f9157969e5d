"""An event's body as an answer shows it: what tells most comes first, and what doesn't fit is named with its size.

Pure. Bodies differ by server, SDK and age, so nothing is taken for granted about their shape.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from sentry_sync.answers import frames
from sentry_sync.answers.tidy import Limits, given, size, tidy

RESERVED = 2_500
"""Bytes of an answer kept for its freshness, notes and cursor."""

LEAST = 1_000
"""Bytes for the traces of the smallest answer: the exception's line and its first frames."""

BREADCRUMBS = 15
"""The last ones: what happened just before."""

_BODY = Limits(text=1000, items=30, depth=4)
_SMALL = Limits(text=300, items=20, depth=3)

HIDDEN = "[not shown]"
_SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-auth-token", "x-csrf-token"}
)
"""Sentry scrubs most secrets, but not every server and SDK does; nobody debugs with these."""


class Traces:
    """The traces of one answer, which share so many bytes of it."""

    def __init__(self, room: int) -> None:
        self._room = room

    @classmethod
    def within(cls, answer: int, taken: int) -> Traces:
        """Those of an answer of at most so many bytes, of which the rest of its rows have taken some."""
        return cls(max(LEAST, answer - taken - RESERVED))

    def of(self, body: Mapping[str, Any], *, without: Collection[str] = ()) -> dict[str, Any]:
        """One body's sections, each whole, shortened or named under ``left_out``; none of those in ``without``."""
        found: dict[str, Any] = {}
        left_out: list[str] = []
        for name, build in _SECTIONS:
            if name in without:
                continue
            fitting, takes, whole = self._fitting(build(body))
            if fitting is not None:
                found[name] = fitting
                self._room -= takes
            if takes < whole:
                left_out.append(f"{name}: {'shortened from ' if takes else ''}{whole} bytes")
        if left_out:
            found["left_out"] = left_out
        return found

    def _fitting(self, variants: Iterable[Any]) -> tuple[Any, int, int]:
        """The first that fits, the bytes it takes, and those the fullest would have taken; None, 0 for none."""
        whole = 0
        for variant in variants:
            if variant in (None, "", [], {}):
                continue
            takes = size(variant)
            whole = whole or takes
            if takes <= self._room:
                return variant, takes, whole
        return None, 0, whole


def crash(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """The exception that was raised last, in one frame: the innermost of the application's own code."""
    found = frames.exceptions(_entry(body, "exception"), frames.ONE)
    return found[0] if found else None


Build = Callable[[Mapping[str, Any]], Iterable[Any]]
"""The variants of a section, the fullest first; made as they are asked for, since mostly the first one fits."""


def _entry(body: Mapping[str, Any], kind: str) -> Any:
    """The data of the entry ``kind``; raw events have it at the top, under one of two names."""
    entries = body.get("entries")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, Mapping) and entry.get("type") == kind:
            return entry.get("data")
    return body.get(kind) or body.get(f"sentry.interfaces.{kind.title()}")


def _message(body: Mapping[str, Any]) -> list[Any]:
    entry = _entry(body, "message")
    text = entry.get("formatted") or entry.get("message") if isinstance(entry, Mapping) else entry
    return [tidy(text or body.get("message"), Limits(text=4000))]


def _exceptions(body: Mapping[str, Any]) -> Iterable[Any]:
    values = _entry(body, "exception")
    return (frames.exceptions(values, detail) for detail in (frames.FULL, *frames.LESS))


def _threads(body: Mapping[str, Any]) -> Iterable[Any]:
    """Threads matter where no exception has a stack; a bare stack trace stands for one thread."""
    if frames.any_frames(_entry(body, "exception")):
        return ()
    values = _entry(body, "threads")
    bare = _entry(body, "stacktrace")
    if not values and isinstance(bare, Mapping):
        values = [{"stacktrace": bare, "current": True}]
    return (frames.threads(values, detail) for detail in (frames.FULL, *frames.LESS))


def _request(body: Mapping[str, Any]) -> list[Any]:
    request = _entry(body, "request")
    if not isinstance(request, Mapping):
        return []
    whole = given(
        {
            "method": tidy(request.get("method"), _SMALL),
            "url": tidy(request.get("url"), _BODY),
            "query": tidy(_pairs(request.get("query") or request.get("query_string")), _SMALL),
            "headers": tidy(_headers(request.get("headers")), _SMALL),
            "data": tidy(request.get("data"), _BODY),
            "cookies": HIDDEN if request.get("cookies") else None,
        }
    )
    return [whole, {name: whole[name] for name in ("method", "url") if name in whole}]


def _headers(value: Any) -> Any:
    headers = _pairs(value)
    if not isinstance(headers, Mapping):
        return None
    return {name: HIDDEN if str(name).lower() in _SECRET_HEADERS else content for name, content in headers.items()}


def _pairs(value: Any) -> Any:
    """Pairs as an object: headers, queries and tags come either way."""
    if not isinstance(value, list):
        return value
    found: dict[str, Any] = {}
    for pair in value:
        if isinstance(pair, Mapping) and "key" in pair:
            found[str(pair["key"])] = pair.get("value")
        elif isinstance(pair, list) and len(pair) == 2:
            found[str(pair[0])] = pair[1]
    return found


def _breadcrumbs(body: Mapping[str, Any]) -> list[Any]:
    data = _entry(body, "breadcrumbs")
    values = data.get("values") if isinstance(data, Mapping) else data
    crumbs = [crumb for crumb in values if isinstance(crumb, Mapping)] if isinstance(values, list) else []
    return [_last(crumbs, BREADCRUMBS), _last(crumbs, 5)] if crumbs else []


def _last(crumbs: list[Mapping[str, Any]], most: int) -> dict[str, Any]:
    shown = [
        given(
            {
                name: tidy(crumb.get(name), _SMALL)
                for name in ("timestamp", "type", "category", "level", "message", "data")
            }
        )
        for crumb in crumbs[-most:]
    ]
    return given({"earlier_left_out": max(0, len(crumbs) - most) or None, "last": shown})


def _contexts(body: Mapping[str, Any]) -> list[Any]:
    return [tidy(body.get("contexts"), _SMALL)]


def _tags(body: Mapping[str, Any]) -> list[Any]:
    return [tidy(_pairs(body.get("tags")), Limits(text=300, items=50, depth=2))]


def _user(body: Mapping[str, Any]) -> list[Any]:
    user = body.get("user")
    return [given(tidy(user, _SMALL))] if isinstance(user, Mapping) else []


def _extra(body: Mapping[str, Any]) -> list[Any]:
    return [tidy(body.get("context") or body.get("extra"), _SMALL)]


def _about(body: Mapping[str, Any]) -> list[Any]:
    """What sent the event and what its processing complained about."""
    sdk = body.get("sdk")
    release = body.get("release")
    return [
        given(
            {
                "sdk": tidy({name: sdk.get(name) for name in ("name", "version")}, _SMALL)
                if isinstance(sdk, Mapping)
                else None,
                "release": tidy(release.get("version") if isinstance(release, Mapping) else release, _SMALL),
                "dist": tidy(body.get("dist"), _SMALL),
                "received": tidy(body.get("dateReceived") or body.get("date_received"), _SMALL),
                "errors": tidy(body.get("errors"), Limits(text=300, items=5, depth=3)),
            }
        )
    ]


_SECTIONS: tuple[tuple[str, Build], ...] = (
    ("message", _message),
    ("exceptions", _exceptions),
    ("threads", _threads),
    ("request", _request),
    ("tags", _tags),
    ("breadcrumbs", _breadcrumbs),
    ("user", _user),
    ("contexts", _contexts),
    ("extra", _extra),
    ("about", _about),
)

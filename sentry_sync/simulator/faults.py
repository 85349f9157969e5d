"""Failures on demand: which request fails, how, and how many times."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import orjson

from .api.call import Response, Trick

FaultKind = Literal[
    "status", "hang", "cut_body", "bad_json", "html", "slow", "short_page", "shrunk_page", "empty_page",
    "repeat_cursor", "cycle", "no_link", "wrong_type", "drop",
]  # fmt: skip
_TRICKS: dict[FaultKind, Trick] = {
    "short_page": "short",
    "shrunk_page": "shrink",
    "empty_page": "empty",
    "repeat_cursor": "repeat",
    "cycle": "cycle",
}
HANG_SECONDS = 3_600.0
SLOW_SECONDS = 2.0

# Bodies as sentry.io words them; a 502 or 503 comes from the proxy before it, as HTML.
BODIES: dict[int, Any] = {
    400: {"detail": "Query timeout. Please try again with a smaller date range or fewer projects."},
    401: {"detail": "Invalid token"},
    403: {"detail": "You do not have permission to perform this action."},
    404: {"detail": "The requested resource does not exist"},
    408: {"detail": "Request timed out"},
    410: {"message": "This API no longer exists."},
    429: {"detail": "Rate limit exceeded. Please try your query with a smaller date range or fewer projects."},
    500: {"detail": "Internal Error", "errorId": "6e1f2a5b4d8c4f0f9f0f6f3f7e1d2c3b"},
    502: "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>",
    503: "<html><head><title>503 Service Unavailable</title></head><body>upstream connect error</body></html>",
    504: {"detail": "Query timeout. Please try with a smaller date range or fewer projects."},
}


_HEADERS: dict[int, dict[str, str]] = {
    # A brownout of a deprecated endpoint says when it goes and what takes its place.
    410: {
        "X-Sentry-Deprecation-Date": "2026-12-01T00:00:00Z",
        "X-Sentry-Replacement-Endpoint": "/api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/",
    },
}


class Hang(TimeoutError):
    """Raised by `Simulator.handle` where a server would never answer."""


class Dropped(ConnectionError):
    """Raised by `Simulator.handle` where a server would close the connection without a word."""


@dataclass(slots=True)
class Fault:
    """One failure: which requests it hits, how often, after how many it has let pass."""

    path_contains: str
    kind: FaultKind
    times: int = 1
    status: int = 503
    body: Any = None
    after: int = 0
    method: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float | None = None

    def response(self) -> Response | None:
        """The answer of a failure that replaces the real one."""
        if self.kind == "status":
            body = BODIES.get(self.status, {"detail": "Simulated failure"}) if self.body is None else self.body
            return _made(self.status, body, {**_HEADERS.get(self.status, {}), **self.headers})
        if self.kind == "html":
            page = (
                self.body
                or "<!doctype html><html><head><title>Sentry</title></head><body>Please log in</body></html>"
            )
            return _made(200, page, self.headers)
        return None

    def spoil(self, response: Response) -> Response:
        """The real answer, damaged."""
        spoiler = _SPOILERS.get(self.kind)
        return spoiler(self, response) if spoiler else response


def _made(status: int, body: Any, headers: Mapping[str, str]) -> Response:
    if isinstance(body, bytes):
        return Response(status, body, {"Content-Type": "application/octet-stream", **headers})
    if isinstance(body, str):
        return Response(status, body.encode(), {"Content-Type": "text/html", **headers})
    return Response(status, orjson.dumps(body), {"Content-Type": "application/json", **headers})


def _copy(response: Response, body: bytes | None = None) -> Response:
    return Response(response.status, response.body if body is None else body, dict(response.headers))


def _hang(fault: Fault, response: Response) -> Response:
    spoiled = _copy(response)
    usual = HANG_SECONDS if fault.kind == "hang" else SLOW_SECONDS
    spoiled.hang = usual if fault.seconds is None else fault.seconds
    return spoiled


def _cut(_fault: Fault, response: Response) -> Response:
    spoiled = _copy(response)
    spoiled.cut = True
    return spoiled


def _bad_json(_fault: Fault, response: Response) -> Response:
    return _copy(response, response.body[: len(response.body) * 2 // 3] + b'"\\')


def _no_link(_fault: Fault, response: Response) -> Response:
    spoiled = _copy(response)
    spoiled.headers.pop("Link", None)
    return spoiled


def _wrong_type(_fault: Fault, response: Response) -> Response:
    try:
        value = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return response  # a page for people, as GlitchTip sends for what it has not: it has no type to be wrong
    return _copy(response, orjson.dumps({"rows": value} if isinstance(value, list) else [value]))


_SPOILERS: dict[FaultKind, Callable[[Fault, Response], Response]] = {
    "hang": _hang,
    "slow": _hang,
    "cut_body": _cut,
    "bad_json": _bad_json,
    "no_link": _no_link,
    "wrong_type": _wrong_type,
}


class Faults:
    """The failures that are set up; each request takes at most one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(
        self,
        path_contains: str = "",
        kind: FaultKind = "status",
        times: int = 1,
        *,
        status: int = 503,
        body: Any = None,
        after: int = 0,
        method: str | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> None:
        """Fail the next `times` requests whose path and query contain the text, once `after` have passed.

        `status` and `body` are for kind status (the body defaults to Sentry's for that status) and html;
        `seconds` for hang and slow. ValueError for an unknown kind.
        """
        if kind not in get_args(FaultKind):
            raise ValueError(f"Unknown kind of fault {kind!r}; choose one of {', '.join(get_args(FaultKind))}.")
        fault = Fault(path_contains, kind, times, status, body, after, method, dict(headers or {}), seconds)
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Let every request through again."""
        with self._lock:
            self._faults.clear()

    def take(self, method: str, target: str) -> Fault | None:
        """The failure this request meets, if any; it is used up by that."""
        with self._lock:
            for fault in self._faults:
                if fault.path_contains not in target or (fault.method and fault.method != method):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
                return fault
        return None


def trick(fault: Fault | None) -> Trick:
    """What the fault does to paging."""
    return _TRICKS.get(fault.kind, "") if fault else ""

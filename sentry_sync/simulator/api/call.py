"""One request being answered: what came in, what a handler can use, what goes out."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar
from urllib.parse import parse_qs, unquote, urlencode

import orjson

from sentry_sync.simulator.cursors import Page, link_header
from sentry_sync.simulator.moments import DAY
from sentry_sync.simulator.options import Profile
from sentry_sync.simulator.world.world import World

T = TypeVar("T")
Trick = Literal["", "short", "shrink", "empty", "repeat", "cycle"]
"""What a page does to its reader on demand: fewer rows than asked, and the rest follows or is withheld; none; its
own cursor as the next, or that of the page before."""
FOREVER = 1 << 60


class ApiError(Exception):
    """A refusal: status and JSON body as Sentry gives them."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def bad_request(detail: Any) -> ApiError:
    """400 with Sentry's `{"detail": …}`."""
    return ApiError(400, {"detail": detail})


def not_found() -> ApiError:
    """404 in Sentry's words: deleted and forbidden look the same."""
    return ApiError(404, {"detail": "The requested resource does not exist"})


@dataclass(frozen=True, slots=True)
class Request:
    """An incoming request. `path` and `query_string` are raw; header names are in lower case."""

    method: str
    path: str
    query_string: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def segments(self) -> list[str]:
        """The decoded parts of the path; an encoded slash stays inside its part."""
        return [unquote(part) for part in self.path.split("/") if part]

    @property
    def target(self) -> str:
        """Path and query as they were asked."""
        return f"{self.path}?{self.query_string}" if self.query_string else self.path

    def json(self) -> dict[str, Any]:
        """The body as an object; ApiError 400 if it is none."""
        try:
            value = orjson.loads(self.body or b"{}")
        except orjson.JSONDecodeError as error:
            raise bad_request(f"JSON parse error - {error.msg}") from None
        if not isinstance(value, dict):
            raise bad_request("Invalid data. Expected a dictionary.")
        return value


@dataclass(slots=True)
class Response:
    """What is sent back. `hang` and `cut` are for the server: wait, and stop in the middle of the body."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    until: float = 0
    """Until when (epoch seconds) the same request gets the same body, if the world does not change."""
    hang: float = 0.0
    cut: bool = False


class Query:
    """Query parameters: repeated ones as lists, the first of a name by `get`."""

    def __init__(self, query_string: str) -> None:
        self._values = parse_qs(query_string, keep_blank_values=True)

    def get(self, name: str, default: str = "") -> str:
        """The first value, or the default if the parameter is absent."""
        return self._values.get(name, [default])[0]

    def all(self, name: str) -> list[str]:
        """Every value of a repeated parameter."""
        return self._values.get(name, [])

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def as_dict(self) -> dict[str, Any]:
        """Single values as text, repeated ones as lists."""
        return {name: values[0] if len(values) == 1 else values for name, values in self._values.items()}

    def without_cursor(self) -> str:
        """The query string again, less its cursor: what a Link header repeats."""
        pairs = [(name, value) for name, values in self._values.items() for value in values]
        return urlencode([pair for pair in pairs if pair[0] != "cursor"])


class Memory:
    """Results worth keeping as long as what they are made of does not change; a handful of the latest.

    Sixteen a shelf: a table of 100,000 groups is some 60 MB.
    """

    def __init__(self, limit: int = 16) -> None:
        self._limit = limit
        self._shelves: dict[str, tuple[Hashable, dict[Any, Any]]] = {}

    def recall(self, version: Hashable, key: Any, make: Callable[[], T], *, shelf: str = "world") -> T:
        """The kept result for this key, or a new one. Each shelf has a version of its own."""
        before, kept = self._shelves.get(shelf, (None, {}))
        if version != before:
            kept = {}
            self._shelves[shelf] = (version, kept)
        if key not in kept:
            if len(kept) >= self._limit:
                kept.pop(next(iter(kept)))
            kept[key] = make()
        found: T = kept[key]
        return found


@dataclass(slots=True)
class Call:
    """What a handler works with."""

    world: World
    request: Request
    query: Query
    args: dict[str, str]
    profile: Profile
    base_url: str
    memory: Memory
    scopes: frozenset[str]
    trick: Trick = ""
    retention: int = 90 * DAY
    """Seconds for which events are kept."""
    page_rows: int = 100
    """Rows on a page at most."""
    until: float = FOREVER

    @property
    def now(self) -> int:
        """The world's present second."""
        return self.world.clock.seconds()

    def valid_until(self, moment: float) -> None:
        """Say that the answer changes by the clock at this moment."""
        self.until = min(self.until, moment)

    def shortened(self, limit: int) -> int:
        """The page size the server allows, and half of that if a trick is played: the rest follows."""
        limit = min(limit, self.page_rows)
        return max(1, limit // 2) if self.trick in ("short", "shrink") else limit

    def reply(self, body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """A JSON answer."""
        raw = orjson.dumps(body)
        return Response(status, raw, {"Content-Type": "application/json", **(headers or {})}, self.until)

    def page(self, body: Any, page: Page[Any], headers: Mapping[str, str] | None = None) -> Response:
        """A JSON answer with the Link header of its page."""
        if self.trick in ("empty", "repeat"):
            page = replace(page, next=page.here, has_next=True)
        if self.trick == "cycle":
            page = replace(page, next=page.previous, has_next=True)
        if self.trick == "shrink":
            page = replace(page, has_next=False)
        if self.trick == "empty":
            body = {**body, "data": []} if isinstance(body, dict) else []
        query = self.query.without_cursor()
        url = f"{self.base_url}{self.request.path}" + (f"?{query}" if query else "")
        return self.reply(body, headers={"Link": link_header(url, page), **(headers or {})})

"""What a client test needs: a clock that stands still, a ledger in memory, a server made of answers."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import orjson

from sentry_sync.records.budget import Lane, Limits, Reservation, Wait
from sentry_sync.sentry.client import SentryClient
from sentry_sync.sentry.connection import Connection
from tests.support.clock import FakeClock

TOKEN = "sntryu_0123456789abcdef-very-secret"
URL = "https://sentry.example.com"

Handler = Callable[[httpx.Request], httpx.Response]


@dataclass
class OpenLedger:
    """Gives leave at once, or the waits it is given first; remembers what was settled."""

    waits: list[Wait] = field(default_factory=list)
    asked: list[tuple[str, Lane]] = field(default_factory=list)
    settled: list[tuple[str, int | None, Limits | None]] = field(default_factory=list)
    after_settling: list[Wait] = field(default_factory=list)
    """The waits that follow the next settled request."""

    def reserve(self, endpoint: str, lane: Lane) -> Reservation | Wait:
        self.asked.append((endpoint, lane))
        if self.waits:
            return self.waits.pop(0)
        return Reservation(len(self.asked), endpoint, lane, 0)

    def settle(self, reservation: Reservation, status: int | None, limits: Limits | None) -> None:
        self.settled.append((reservation.endpoint, status, limits))
        self.waits, self.after_settling = self.waits + self.after_settling, []


@dataclass
class Stage:
    """``answers`` are given in turn (an exception is raised), the last one for ever; ``seen`` is what was asked."""

    clock: FakeClock = field(default_factory=FakeClock)
    ledger: OpenLedger = field(default_factory=OpenLedger)
    answers: list[httpx.Response | Exception | Handler] = field(default_factory=list)
    seen: list[httpx.Request] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)

    def client(self, url: str = URL, **options: Any) -> SentryClient:
        connection = Connection(url, TOKEN, "acme", **options)
        network = httpx.MockTransport(self._handle)
        return SentryClient(connection, self.ledger, self.clock, transport=network, rng=random.Random(1))

    def answer(self, *answers: httpx.Response | Exception | Handler) -> SentryClient:
        self.answers = list(answers)
        return self.client()

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        self.tokens.append(request.headers.get("authorization"))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)

    @property
    def paths(self) -> list[str]:
        return [urlsplit(str(request.url)).path for request in self.seen]

    def query(self, index: int = -1) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(str(self.seen[index].url)).query, keep_blank_values=True)


def ok(body: Any = None, **headers: str) -> httpx.Response:
    return reply(200, [] if body is None else body, **headers)


def reply(status: int, body: Any, **headers: str) -> httpx.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(
        status, headers={"content-type": "application/json", **given}, content=orjson.dumps(body)
    )


def html(status: int = 200) -> httpx.Response:
    return httpx.Response(status, headers={"content-type": "text/html"}, content=b"<!doctype html><p>Hello</p>")

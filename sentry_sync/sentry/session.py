"""What all views of a client share: the transports, the servers' addresses, and which paths this server knows."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urljoin

import httpx
import orjson

from sentry_sync.errors import NotSupported, QueryTimeout, SchemaDrift, SentryError, Unavailable, Unsure
from sentry_sync.records.budget import Lane
from sentry_sync.records.clock import Clock
from sentry_sync.sentry.allowed import Allowed
from sentry_sync.sentry.connection import Connection, origin_of
from sentry_sync.sentry.interpret import Answer, interpret
from sentry_sync.sentry.limits import server_time
from sentry_sync.sentry.links import read_links
from sentry_sync.sentry.origins import Origins
from sentry_sync.sentry.page import KEPT_HEADERS, Page
from sentry_sync.sentry.parameters import Parameters, encoded
from sentry_sync.sentry.server_text import one_line
from sentry_sync.sentry.transports.auth import AuthTransport
from sentry_sync.sentry.transports.budget import BudgetTransport, Ledger, lowered
from sentry_sync.sentry.transports.coalesce import CoalesceTransport
from sentry_sync.sentry.transports.errand import Errand
from sentry_sync.sentry.transports.network import network
from sentry_sync.sentry.transports.retry import NEVER_SENT, RetryTransport

LONGEST_CONNECT = 10.0
"""Seconds to connect, and to send a request of a kilobyte: what takes longer is down."""

MOST_REDIRECTS = 2
"""A renamed project is one, a missing slash another; more is a circle."""

MOST_DIGITS = 19
"""Of a count of rows: one that is longer is none, and Python refuses to read one of some thousands."""

_HEADERS = {"accept": "application/json", "accept-encoding": "gzip"}


@dataclass(frozen=True, slots=True)
class Call:
    """One question: the endpoint's name, its path below ``/api/0``, its parameters, and who asks."""

    endpoint: str
    path: str
    query: Parameters
    lane: Lane
    deadline: datetime | None = None
    on_control: bool = False
    """Asked of the configured server even when the organization lives in a region."""
    change: Mapping[str, Any] | None = None
    """What to change, as the body of a PUT; None only asks."""


class Session:
    """Sends calls through the transports and reads pages. Safe to share between threads.

    The transports are called directly rather than through ``httpx.Client``: of what that adds, cookies, its own
    redirects and its log of URLs are unwanted, and each request is 0.1 ms cheaper without.
    """

    def __init__(
        self,
        connection: Connection,
        ledger: Ledger,
        clock: Clock,
        *,
        transport: httpx.BaseTransport | None,
        rng: random.Random | None,
    ) -> None:
        self.connection = connection
        self.clock = clock
        self.origins = Origins(connection)
        self.allowed = Allowed(connection.projects) if connection.projects else None
        self._bare_issues: dict[str, bool] = {}
        inner = transport or network(connection.base_url)
        auth = AuthTransport(inner, self.origins, connection.secret)
        retry = RetryTransport(BudgetTransport(auth, ledger, clock), clock, rng or random.SystemRandom())
        self._transport = CoalesceTransport(retry, clock)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def page(self, call: Call) -> Page:
        """The answer to ``call``; raises a SentryError that says what came instead, or BudgetExhausted."""
        try:
            return self._page(call) if call.change is None else self._changed(call)
        except SentryError as error:
            error.endpoint = call.endpoint
            raise

    def _changed(self, call: Call) -> Page:
        try:
            return self._page(call)
        except (Unavailable, QueryTimeout, SchemaDrift) as error:
            if isinstance(error.__cause__, NEVER_SENT):
                raise
            raise Unsure(f"whether the change was made is not known: {error}") from error

    def _page(self, call: Call) -> Page:
        base = self.origins.control if call.on_control else self.origins.regional
        url = f"{base}/api/0{call.path}{encoded(call.query)}"
        for _ in range(MOST_REDIRECTS + 1):
            response = self._send(call, url)
            if not 300 <= response.status_code < 400:
                return self._read(call, response)
            url = self._redirected(call, response, url)
        raise Unavailable(f"{self._server} redirects {call.endpoint} in a circle: check the URL")

    def either(self, call: Call, bare_path: str) -> Page:
        """``call``, or the same at ``bare_path`` without the organization, which is all that GlitchTip has.

        Which one answered is remembered per endpoint for the life of the process.
        """
        bare = replace(call, path=bare_path)
        if self._bare_issues.get(call.endpoint, False):
            return self.page(bare)
        try:
            page = self.page(call)
        except NotSupported as refused:
            if call.endpoint in self._bare_issues:
                raise
            try:
                page = self.page(bare)
            except NotSupported:
                raise refused from None
            except SentryError:
                self._bare_issues[call.endpoint] = True
                raise
            self._bare_issues[call.endpoint] = True
            return page
        self._bare_issues[call.endpoint] = False
        return page

    @property
    def _server(self) -> str:
        return self.connection.origin.partition("://")[2]

    def _send(self, call: Call, url: str) -> httpx.Response:
        silence = self.connection.timeout
        if call.deadline is not None:
            silence = min(silence, max(1.0, (call.deadline - self.clock.now()).total_seconds()))
        connect = min(silence, LONGEST_CONNECT)
        timeout = {"connect": connect, "write": connect, "pool": connect, "read": silence}
        errand = Errand(call.endpoint, call.lane, call.deadline)
        extensions = {"timeout": timeout, **errand.attached()}
        if call.change is None:
            request = httpx.Request("GET", url, headers=_HEADERS, extensions=extensions)
        else:
            headers, content = {**_HEADERS, "content-type": "application/json"}, orjson.dumps(call.change)
            request = httpx.Request("PUT", url, headers=headers, content=content, extensions=extensions)
        try:
            return self._transport.handle_request(request)
        except httpx.TimeoutException as error:
            raise Unavailable(f"{self._server} gave no answer within {silence:.0f} s: try again later") from error
        except httpx.RequestError as error:
            said = one_line(str(error), self.connection.secret.reveal()) or type(error).__name__
            raise Unavailable(f"cannot reach {self._server} ({said}): check the URL and the network") from error

    def _read(self, call: Call, response: httpx.Response) -> Page:
        headers = lowered(response)
        body = interpret(
            Answer(
                status=response.status_code,
                content_type=headers.get("content-type", ""),
                body=response.content,
                endpoint=call.endpoint,
                server=self._server,
                secret=self.connection.secret.reveal(),
                retires=headers.get("x-sentry-deprecation-date", ""),
                replacement=headers.get("x-sentry-replacement-endpoint", ""),
            )
        )
        links = read_links(headers.get("link"))
        seconds = server_time(headers.get("date"))
        hits = headers.get("x-hits", "")
        return Page(
            body=body,
            next_cursor=links.next_cursor,
            has_link=links.present,
            server_time=self.clock.now() if seconds is None else datetime.fromtimestamp(seconds, UTC),
            hits=int(hits) if hits.isascii() and hits.isdigit() and len(hits) < MOST_DIGITS else None,
            headers={name: value for name, value in headers.items() if name in KEPT_HEADERS},
        )

    def _redirected(self, call: Call, response: httpx.Response, url: str) -> str:
        """Where a redirect leads, if that is the same server; a renamed project says so in its body too."""
        target = str(response.headers.get("location") or _moved_to(response.content))
        try:
            same = bool(target) and origin_of(str(httpx.URL(urljoin(url, target)))) == origin_of(url)
        except (ValueError, httpx.InvalidURL):
            same = False
        if not same:
            where = one_line(target, self.connection.secret.reveal())
            raise Unavailable(
                f"{self._server} redirects {call.endpoint} to {where or 'nowhere'}, where the token isn't sent: "
                "set the URL to the address the server really has"
            )
        return urljoin(url, target)

    def deadline(self, seconds: float | None) -> datetime | None:
        """The moment ``seconds`` from now; None for no deadline."""
        return None if seconds is None else self.clock.now() + timedelta(seconds=seconds)


def _moved_to(body: bytes) -> str:
    """``detail.extra.url`` of a ``resource-moved`` body, or ""."""
    try:
        url = orjson.loads(body)["detail"]["extra"]["url"]
    except (ValueError, KeyError, TypeError):
        return ""
    return url if isinstance(url, str) else ""

"""The HTTP side as one ASGI application: MCP, and whatever else is given to it.

Streamable HTTP at ``/mcp``, and SSE at ``/sse`` for clients from before March 2025. Both serve the one server
object that stdio serves too.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from mcp.server.lowlevel import Server
from mcp.server.sse import SseServerTransport
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types import INVALID_REQUEST
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sentry_sync.serve.gate import Door, Gate, Knock, Refusal

LARGEST_BODY = 256 * 1024
"""Bytes. A question is smaller than 20 kB: a dozen arguments of 1,000 characters at most."""

MOST_SESSIONS = 1000
"""Sessions of Streamable HTTP at once, some 40 kB each. One that was quiet for half an hour is ended."""

GATED = TransportSecuritySettings(enable_dns_rebinding_protection=False)
"""The SDK's own check of Host and Origin: off, since ``Gate`` has made it for every path before."""


@dataclass(frozen=True, slots=True)
class Wing:
    """Routes behind one door, beside those of MCP."""

    routes: Sequence[BaseRoute]
    door: Door = Door.GUARDED
    close: Callable[[], None] = lambda: None
    """Ends what never ends by itself, such as streams; called on the server's loop before it ends."""
    says: str = ""
    """What is told of it once the server listens; ``{url}`` is where."""


class Gated:
    """Middleware that lets only those through that ``gate`` lets in; a path of no wing is guarded."""

    def __init__(self, app: ASGIApp, gate: Gate, wings: Sequence[Wing] = ()) -> None:
        self._app = app
        self._gate = gate
        self._wings = wings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, or answer with the refusal, its body unread."""
        if scope["type"] == "http":
            # httptools leaves the white space behind a value; RFC 9110 (5.5) wants it off before anybody looks.
            scope["headers"] = [(name, value.strip(b" \t")) for name, value in scope["headers"]]
        refusal = self._gate.refusal(knock_of(scope), self._door(scope)) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await _refuse(refusal, send)

    def _door(self, scope: Scope) -> Door:
        for wing in self._wings:
            if any(route.matches(scope)[0] is not Match.NONE for route in wing.routes):
                return wing.door
        return Door.GUARDED


Heard = Callable[[str, int, float], None]
"""Hears of each request: its route, the status of its answer, and how many seconds that took to begin."""


Streams = Callable[[str, int], None]
"""Hears of each stream of server-sent events: its route, and 1 when it begins, -1 when it has ended."""


class Counted:
    """Middleware that tells of each request once its answer has begun; a path of no route is ``other``."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute], heard: Heard, streams: Streams) -> None:
        self._app = app
        self._routes = routes
        self._heard = heard
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, route = time.monotonic(), self._route(scope)
        streaming = False

        async def sent(message: Message) -> None:
            nonlocal streaming
            if message["type"] == "http.response.start":
                self._heard(route, message["status"], time.monotonic() - began)
                if any(
                    kind.startswith("text/event-stream") for kind in _values(message["headers"], b"content-type")
                ):
                    streaming = True
                    self._streams(route, 1)
            await send(message)

        try:
            await self._app(scope, receive, sent)
        finally:
            if streaming:
                self._streams(route, -1)

    def _route(self, scope: Scope) -> str:
        """The route's own path, never the request's: whoever asks could make up as many as he likes."""
        matching = (route for route in self._routes if route.matches(scope)[0] is not Match.NONE)
        return next((route.path for route in matching if isinstance(route, Route | Mount)), "other")


class _Sse:
    """The stream of one older client, for as long as it stays. An object, since Starlette wraps functions."""

    def __init__(self, server: Server[Any], transport: SseServerTransport) -> None:
        self._server = server
        self._transport = transport

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._transport.connect_sse(scope, receive, send) as (read, write):
            await self._server.run(read, write, self._server.create_initialization_options())


class _Eras:
    """Streamable HTTP: sessions for clients of before 2026-07-28, single requests for those from then on."""

    def __init__(self, server: Server[Any]) -> None:
        # A session's answers are plain JSON, in half the time of a stream with one event in it: what else there is
        # to tell has the session's own stream. A single request has none: its answer becomes a stream where there
        # is more to tell before it, such as progress.
        self._sessions = StreamableHTTPSessionManager(
            server,
            json_response=True,
            security_settings=GATED,
            max_request_body_size=LARGEST_BODY,
            max_sessions=MOST_SESSIONS,
        )
        self._requests = StreamableHTTPSessionManager(
            server, security_settings=GATED, max_request_body_size=LARGEST_BODY
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve until the block ends."""
        async with self._sessions.run(), self._requests.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        spoken = _values(scope["headers"], b"mcp-protocol-version")
        older = all(version in HANDSHAKE_PROTOCOL_VERSIONS for version in spoken)
        await (self._sessions if older else self._requests).handle_request(scope, receive, send)


def _nobody(*_told: object) -> None:
    """Nobody wants to know."""


def http_app(
    server: Server[Any], gate: Gate, wings: Sequence[Wing] = (), heard: Heard = _nobody, streams: Streams = _nobody
) -> Starlette:
    """The application. Whoever mounts it in another one enters its ``router.lifespan_context`` around serving."""
    eras = _Eras(server)
    sse = SseServerTransport("/messages/", security_settings=GATED, max_request_body_size=LARGEST_BODY)

    @asynccontextmanager
    async def running(_app: Starlette) -> AsyncIterator[None]:
        async with eras.running():
            yield

    routes: list[BaseRoute] = [
        Route("/mcp", endpoint=eras),
        Route("/sse", endpoint=_Sse(server, sse), methods=["GET"]),
        Mount("/messages/", app=sse.handle_post_message),
        *(route for wing in wings for route in wing.routes),
    ]
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(Counted, routes=routes, heard=heard, streams=streams),
            Middleware(Gated, gate=gate, wings=wings),
        ],
        lifespan=running,
    )


def knock_of(scope: Scope) -> Knock:
    """What the gate wants to know of a request."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    client, server = scope.get("client"), scope.get("server")
    return Knock(
        client=client[0] if client else "",
        reached=server[0] if server else "",
        hosts=_values(headers, b"host"),
        origins=_values(headers, b"origin"),
        authorizations=_values(headers, b"authorization"),
        cookies=_values(headers, b"cookie"),
    )


def _values(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> tuple[str, ...]:
    return tuple(value.decode("latin-1") for found, value in headers if found == name)


async def _refuse(refusal: Refusal, send: Send) -> None:
    error = {"code": INVALID_REQUEST, "message": refusal.text}
    body = orjson.dumps({"jsonrpc": "2.0", "id": None, "error": error})
    headers = (
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        # What was refused may have a body of any size: it is not waited for.
        ("Connection", "close"),
        *refusal.headers,
    )
    encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": refusal.status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})

"""The HTTP side: a plain ASGI application over `Simulator.serve_request`, run by uvicorn."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .api.call import Request, Response

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Leave = tuple[str, str] | None
"""What the limiter wants back when a request has been answered."""


class Answering(Protocol):
    """What the server asks of the simulator."""

    def serve_request(self, request: Request) -> tuple[Response, Leave]:
        """The answer, and what `leave` wants back."""

    def leave(self, key: Leave) -> None:
        """The answer has been sent."""


class Application:
    """The ASGI application. Answers are computed on the loop: they take well under a millisecond when cached."""

    def __init__(self, simulator: Answering, latency: float) -> None:
        self._simulator = simulator
        self._latency = latency
        self._closing = asyncio.Event()

    def close(self) -> None:
        """Let requests that hang come to an end."""
        self._closing.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        body = await _body(receive)
        if body is None:
            return
        request = Request(
            method=scope["method"],
            path=scope["raw_path"].decode("latin-1"),
            query_string=scope["query_string"].decode("latin-1"),
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            body=body,
        )
        response, leave = self._simulator.serve_request(request)
        try:
            if response.hang or self._latency:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), response.hang + self._latency)
            if response.status == 0:
                await _drop(scope["extensions"]["simulator"]["transport"])
            else:
                await self._send(response, send)
        finally:
            self._simulator.leave(leave)

    @staticmethod
    async def _send(response: Response, send: Send) -> None:
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        if response.cut:
            await send(
                {"type": "http.response.body", "body": response.body[: len(response.body) // 2], "more_body": True}
            )
            return
        await send({"type": "http.response.body", "body": response.body})


class _Protocol(HttpToolsProtocol):
    """uvicorn's own protocol, which lets the application reach the connection to drop it."""

    def on_message_begin(self) -> None:
        """A request begins: note its connection."""
        super().on_message_begin()
        self.scope["extensions"] = {"simulator": {"transport": self.transport}}


async def _drop(transport: asyncio.Transport) -> None:
    transport.close()
    # Two turns of the loop: the first closes, in the second uvicorn learns that nobody waits for an answer.
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def _body(receive: Receive) -> bytes | None:
    """The whole body of a request; None if the caller has gone."""
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; OSError that says what to do if the port is taken."""
    # asyncio switches Nagle off (40 ms an answer) only for sockets that name their protocol.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        reason = "is in use" if error.errno in (48, 98) else f"cannot be used ({error.strerror})"
        raise OSError(error.errno, f"Port {port} on {host} {reason}; choose another with --port.") from None
    return bound


class _Server(uvicorn.Server):
    """A uvicorn server that says when it has started."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None], application: Application) -> None:
        super().__init__(config)
        self._started = started
        self._application = application

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self._started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what hangs, then stop."""
        self._application.close()
        await super().shutdown(sockets)


def make(simulator: Answering, latency: float, started: Callable[[], None]) -> _Server:
    """A server for the simulator, not yet running; `started` is called when it accepts connections."""
    application = Application(simulator, latency)
    config = uvicorn.Config(
        application,
        http=_Protocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        interface="asgi3",
        # A cut body and a dropped connection are what was asked for, not errors to report.
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=60,
        backlog=256,
    )
    return _Server(config, started, application)


class BackgroundServer:
    """A server in a thread of its own."""

    def __init__(self, simulator: Answering, host: str, port: int, latency: float = 0.0) -> None:
        self._simulator = simulator
        self._host = host
        self._port = port
        self._latency = latency
        self._socket: socket.socket | None = None
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens; a made-up host while it does not."""
        if self._socket is None:
            return "http://sentry.simulator"
        host, port = self._socket.getsockname()[:2]
        return f"http://{host}:{port}"

    def start(self) -> None:
        """Bind and serve; OSError if the port is taken."""
        self._socket = listen(self._host, self._port)
        ready = threading.Event()
        self._server = make(self._simulator, self._latency, ready.set)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="simulator", daemon=True
        )
        self._thread.start()
        if not ready.wait(timeout=30):
            raise OSError("The simulator's server did not start within 30 seconds.")

    def stop(self) -> None:
        """Stop serving and wait until it has."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(timeout=10)
        if self._socket is not None:
            self._socket.close()

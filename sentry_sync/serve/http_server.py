"""The process that serves the HTTP application: uvicorn, within bounds, until a signal ends it."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sentry_sync.answers.context import Answers
from sentry_sync.serve import server
from sentry_sync.serve.gate import Gate
from sentry_sync.serve.http_app import Heard, Streams, Wing, http_app
from sentry_sync.serve.subscriptions import Subscriptions

PATIENCE_SECONDS = 3
"""What answers under way are given after a signal; with what follows, the process is gone within five."""

MOST_CONNECTIONS = 900
"""At once; the next one is told 503. A shell usually allows 1,024 open files."""

KEEP_ALIVE_SECONDS = 75
"""Of quiet between two questions: longer than clients keep their side open, or a question could meet the end."""

LARGEST_HEAD = 64 * 1024
"""Bytes of a request's line and headers. uvicorn's fast parser keeps whatever comes, from anybody."""

HEAD_SECONDS = 10
"""For these bytes to arrive in: a connection that never gets to its question is one of those above."""


class Bounded(HttpToolsProtocol):
    """One connection, whose client must come to its question in time and without a sea of headers."""

    _head = 0
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first head."""
        super().connection_made(cast("asyncio.Transport", transport))
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Hand it on, unless too much came already of a head that isn't whole yet."""
        if self._waiting and self._head > LARGEST_HEAD:
            self.transport.close()
            return
        self._head += len(data)
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Wait for the rest of a head."""
        self._wait()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Let the body take its time: whoever sends it has passed the gate."""
        self._arrived()
        super().on_headers_complete()

    def _wait(self) -> None:
        self._arrived()
        self._head = 0
        self._waiting = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _arrived(self) -> None:
        if self._waiting:
            self._waiting.cancel()
            self._waiting = None


class _Announcing(uvicorn.Server):
    """Says when it listens, and ends the streams of changes before it waits for answers under way."""

    def __init__(
        self,
        config: uvicorn.Config,
        started: Callable[[], None],
        told: set[Subscriptions],
        wings: Sequence[Wing],
    ) -> None:
        super().__init__(config)
        self._listening = started
        self._told = told
        self._wings = wings

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.leave()
        super().handle_exit(sig, frame)

    def leave(self) -> None:
        """Begin to end, from any thread."""
        # Streams end from here on, and each would be reported as an answer that broke off.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for subscriptions in self._told:
            subscriptions.close()
        for wing in self._wings:
            wing.close()
        await super().shutdown(sockets)


@dataclass(frozen=True, slots=True)
class Watch:
    """Who hears of answers and requests."""

    answered: server.Observe
    heard: Heard
    streams: Streams


def _unheard(*_told: object) -> None:
    """Nobody wants to know."""


UNWATCHED = Watch(_unheard, _unheard, _unheard)


class HttpSide:
    """The HTTP side on a bound socket. In the main thread a signal ends it too."""

    def __init__(
        self,
        answers: Answers,
        listening: socket.socket,
        gate: Gate,
        say: Callable[[str], None],
        *,
        wings: Sequence[Wing] = (),
        watch: Watch = UNWATCHED,
    ) -> None:
        told: set[Subscriptions] = set()
        config = uvicorn.Config(
            http_app(
                server.build(answers, told, observe=watch.answered, way="HTTP"),
                gate,
                wings,
                watch.heard,
                watch.streams,
            ),
            http=Bounded,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # the client is who the socket says: a header could name anybody
            limit_concurrency=MOST_CONNECTIONS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=PATIENCE_SECONDS,
        )
        url = _url(*listening.getsockname()[:2])
        besides = "".join(f"{wing.says.format(url=url)}, " for wing in wings if wing.says)
        line = f"{besides}MCP at {url}/mcp, for older clients at {url}/sse; Ctrl-C ends it"
        self._socket = listening
        self._server = _Announcing(config, lambda: say(line), told, wings)

    def run(self) -> None:
        """Serve until it is told to stop."""
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """End within PATIENCE_SECONDS or so, from any thread."""
        self._server.leave()


def serve(answers: Answers, listening: socket.socket, gate: Gate, say: Callable[[str], None]) -> None:
    """Serve on a bound socket until SIGINT or SIGTERM."""
    with _signals_outlived():
        HttpSide(answers, listening, gate, say).run()


@contextmanager
def _signals_outlived() -> Iterator[None]:
    """Let uvicorn send itself the signal that ended it once more, as it does at its end, to no effect."""

    def ignore(_number: int, _frame: FrameType | None) -> None:
        pass

    before = {number: signal.signal(number, ignore) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

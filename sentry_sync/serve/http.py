"""MCP over HTTP, for assistants that reach this machine by its address."""

from __future__ import annotations

import gc
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sentry_sync.errors import SettingsError
from sentry_sync.serve import logs
from sentry_sync.serve.ending import end_without_waiting
from sentry_sync.serve.gate import Gate, Rules, is_loopback

if TYPE_CHECKING:
    from types import FrameType

    from sentry_sync.answers.context import Answers
    from sentry_sync.serve.subscriptions import Subscriptions

BACKLOG = 128

PATIENCE_SECONDS = 3
"""What answers under way are given after a signal; with what follows, the process is gone within five."""

MOST_CONNECTIONS = 1000
"""At once; a thousand and first is told 503. Below the 1,024 open files that a shell usually allows."""

_ADDRESS = re.compile(r"(?:(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:/\s]+):)?(?P<port>[0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen."""

    host: str
    port: int


def address(text: str) -> Address:
    """What ``HOST:PORT`` or ``PORT`` says; raises SettingsError."""
    found = _ADDRESS.fullmatch(text.strip())
    if found is None or int(found["port"]) > 65535:
        raise SettingsError("--http takes HOST:PORT, such as 127.0.0.1:8000 or [::1]:8000")
    return Address((found["host"] or "127.0.0.1").strip("[]"), int(found["port"]))


@contextmanager
def bound(where: Address, rules: Rules) -> Iterator[tuple[socket.socket, Rules]]:
    """A socket at ``where`` that does not listen yet, and the rules with the name it was given by.

    Raises SettingsError for an address that cannot be had, or that others can reach when there is no token.
    """
    try:
        family, _, _, _, name = _resolved(where)
        bare = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise SettingsError(f"cannot listen on {where.host}:{where.port}: {error.strerror}") from None
    with bare:
        # Or a server that is started again would have to wait until the last connections are forgotten.
        bare.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bare.bind(name)
        except OSError as error:
            raise SettingsError(
                f"cannot listen on {where.host}:{where.port}: {error.strerror}; choose another with --http"
            ) from None
        if rules.token is None and not is_loopback(bare.getsockname()[0]):
            raise SettingsError(
                f"to listen on {where.host}, which other machines can reach, set SENTRY_SYNC_MCP_TOKEN to a token "
                "that clients must send (openssl rand -hex 32), or `mcp_token` in the settings file"
            )
        yield bare, replace(rules, hosts=rules.hosts | {where.host.lower()})


def run(answers: Answers, where: Address, rules: Rules, say: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM, and end within five seconds of it. Raises SettingsError before it begins."""
    logs.to_stderr()
    try:
        with bound(where, rules) as (listening, known):
            _serve(answers, listening, known, say)
    finally:
        answers.close()
    end_without_waiting()


def _serve(answers: Answers, listening: socket.socket, rules: Rules, say: Callable[[str], None]) -> None:
    # As for stdio: what is imported stays for good, and need not be looked through while serving.
    gc.disable()
    import uvicorn

    from sentry_sync.serve import server
    from sentry_sync.serve.http_app import http_app

    class Announcing(uvicorn.Server):
        """Says when it listens, and ends the streams of changes before it waits for answers under way."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            say(f"MCP at {_url(listening)}/mcp, for older clients at {_url(listening)}/sse; Ctrl-C ends it")

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            for subscriptions in told:
                subscriptions.close()
            await super().shutdown(sockets)

    told: set[Subscriptions] = set()
    config = uvicorn.Config(
        http_app(server.build(answers, told), Gate(rules, time.monotonic)),
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the client is who the socket says: a header could name anybody
        limit_concurrency=MOST_CONNECTIONS,
        backlog=BACKLOG,
        timeout_graceful_shutdown=PATIENCE_SECONDS,
    )
    gc.freeze()
    gc.enable()
    with _signals_outlived():
        Announcing(config).run(sockets=[listening])


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


def _resolved(where: Address) -> Any:
    found = socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    # Clients try 127.0.0.1 for localhost where the system would say ::1 first.
    return next((one for one in found if one[0] == socket.AF_INET), found[0])


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

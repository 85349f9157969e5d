"""MCP over HTTP, for assistants that reach this machine by its address."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sentry_sync.errors import SettingsError
from sentry_sync.serve import collector, logs
from sentry_sync.serve.ending import end_without_waiting
from sentry_sync.serve.gate import Gate, Rules, bracketed, is_loopback

if TYPE_CHECKING:
    from sentry_sync.answers.context import Answers

EVERY_ADDRESS = {"0.0.0.0", "[::]"}  # noqa: S104 (not to listen on: no client may call a server so)

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
        family, kind, protocol, _, name = _resolved(where)
        # With its protocol: asyncio sends small packets at once (TCP_NODELAY) only on sockets that name theirs;
        # on others an answer's body waits 40 ms for the client to confirm its head.
        bare = socket.socket(family, kind, protocol)
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
        yield bare, rules_at(where, bare, rules)


def rules_at(where: Address, listening: socket.socket, rules: Rules) -> Rules:
    """The rules for a bound socket, with the name it was given by.

    Raises SettingsError where others can reach it and there is no token.
    """
    if rules.token is None and not is_loopback(listening.getsockname()[0]):
        raise SettingsError(
            f"to listen on {where.host}, which other machines can reach, set SENTRY_SYNC_MCP_TOKEN to a token "
            "that clients must send (openssl rand -hex 32), or `mcp_token` in the settings file"
        )
    return replace(rules, hosts=rules.hosts | ({bracketed(where.host.lower())} - EVERY_ADDRESS))


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
    with collector.put_off():
        from sentry_sync.serve.http_server import serve

    serve(answers, listening, Gate(rules, time.monotonic), say)


def _resolved(where: Address) -> Any:
    found = socket.getaddrinfo(
        where.host, where.port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
    )
    # Clients try 127.0.0.1 for localhost where the system would say ::1 first.
    return next((one for one in found if one[0] == socket.AF_INET), found[0])

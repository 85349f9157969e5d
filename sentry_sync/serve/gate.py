"""Who may speak to the HTTP server: decided from a request's headers alone, before anything of it is read. Pure.

``Host`` and ``Origin`` are looked at wherever something can be had: a page in a user's browser can reach every
server of the user's network under a name of its own (DNS rebinding), but it cannot choose these two headers.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from math import ceil
from urllib.parse import urlsplit

from sentry_sync.serve.rate import Buckets, Limit
from sentry_sync.serve.sessions import Sessions

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})

PER_MINUTE = 1200
"""Requests of one address, where the settings don't say: an agent in a hurry sends five a second."""

BURST_SECONDS = 10
"""So many seconds' worth of requests may come at once: an agent that starts lists and reads everything."""

WRONG_TOKENS = Limit(per_minute=30, burst=10)
"""A person who mends a configuration needs a few attempts; whoever guesses needs a billion billion."""


DELIVERIES = Limit(per_minute=6000, burst=1000)
"""Webhooks of one address. All of Sentry's come from a few addresses, or from the one of a proxy of the user's: an
organization of a thousand projects has some twenty errors a second, and a few times that on a bad day."""


class Door(Enum):
    """What stands before a path."""

    GUARDED = "guarded"
    """Our own ``Host``, no strange ``Origin``, and the token where there is one: questions and figures."""
    PAGE = "page"
    """As guarded, but a browser, which can't send the token by itself, may show the session it was given for it;
    one that has none is sent to ``/login``."""
    LOGIN = "login"
    """Our own ``Host`` and no strange ``Origin``: where the token is exchanged for a session."""
    OPEN = "open"
    """Anybody: what says yes or no to whoever watches over the process, by whatever name it calls it."""
    SIGNED = "signed"
    """Anybody, since each request must carry a signature of its body: Sentry's webhooks. It can't send our token,
    and comes by whatever name the user's proxy gives us."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings and the address listened on make of it."""

    token: str | None = field(default=None, repr=False)
    hosts: frozenset[str] = frozenset()
    """Names that clients may use beside those of the loopback and the address they reached; in lower case."""
    per_minute: int | None = None
    """None: the default, and no limit for this machine's own processes, which could as well burn its time
    themselves."""


@dataclass(frozen=True, slots=True)
class Knock:
    """What is known of a request when it arrives."""

    client: str
    """The address it comes from, as the socket has it: headers that claim another can be made up."""
    reached: str
    """The address of ours that it came to."""
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    authorizations: tuple[str, ...] = ()
    cookies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer in place of what was asked for."""

    status: int
    text: str
    headers: tuple[tuple[str, str], ...] = ()


_NO_HOST = Refusal(421, "this server does not go by that Host: its names are set with SENTRY_SYNC_MCP_HOSTS")
_NO_ORIGIN = Refusal(403, "pages of that Origin may not speak to this server: see SENTRY_SYNC_MCP_HOSTS")
_NO_TOKEN = Refusal(
    401,
    "a token is needed: send Authorization: Bearer and what SENTRY_SYNC_MCP_TOKEN holds",
    (("WWW-Authenticate", 'Bearer realm="sentry-sync"'),),
)
_WRONG_TOKEN = Refusal(
    401,
    "that is not the token that SENTRY_SYNC_MCP_TOKEN holds",
    (("WWW-Authenticate", 'Bearer realm="sentry-sync", error="invalid_token"'),),
)
_LOG_IN = Refusal(303, "log in first", (("Location", "/login"),))


class Gate:
    """Lets requests in or tells why not. ``clock`` counts seconds and never goes back."""

    def __init__(self, rules: Rules, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._guessing = Buckets(WRONG_TOKENS, clock)
        self._delivering = Buckets(DELIVERIES, clock)
        self.adopt(rules)

    def adopt(self, rules: Rules) -> None:
        """Go by other rules from now on. Sessions end: the token that opened them may be known to somebody."""
        self._rules = rules
        self._expected = None if rules.token is None else f"bearer {rules.token}".encode()
        per_minute = rules.per_minute or PER_MINUTE
        burst = max(1.0, per_minute * BURST_SECONDS / 60)
        self._asking = Buckets(Limit(per_minute, burst), self._clock)
        self._sessions = Sessions(self._clock)

    def refusal(self, knock: Knock, door: Door = Door.GUARDED) -> Refusal | None:
        """Why the request is turned away; None if it isn't."""
        if door is Door.SIGNED:
            seconds = self._delivering.wait(knock.client)
            return _slow_down(seconds) if seconds else None
        if door is Door.OPEN:
            return self._too_often(knock)
        if len(knock.hosts) != 1 or not _goes_by(knock.hosts[0], knock.reached, self._rules.hosts):
            return _NO_HOST
        if any(not _own_page(origin, knock.reached, self._rules.hosts) for origin in knock.origins):
            return _NO_ORIGIN
        unknown = None if door is Door.LOGIN else self._unknown(knock, door)
        return unknown or self._too_often(knock)

    @property
    def wants_token(self) -> bool:
        """Whether anybody has to log in."""
        return self._expected is not None

    def log_in(self, token: str, knock: Knock) -> str | Refusal:
        """The cookie of a new session for whoever knows the token."""
        if self._expected is None or self._is_expected(f"Bearer {token}"):
            # TLS is a proxy's, which tells us nothing that others could not say too; the browser says where it is.
            return self._sessions.begin(secure=any(origin.startswith("https:") for origin in knock.origins))
        seconds = self._guessing.wait(knock.client)
        return _slow_down(seconds) if seconds else _WRONG_TOKEN

    def _unknown(self, knock: Knock, door: Door) -> Refusal | None:
        if self._expected is None or any(map(self._is_expected, knock.authorizations)):
            return None
        if door is Door.PAGE and not knock.authorizations:
            return None if self._sessions.has(knock.cookies) else _LOG_IN
        seconds = self._guessing.wait(knock.client)
        if seconds:
            return _slow_down(seconds)
        return _WRONG_TOKEN if knock.authorizations else _NO_TOKEN

    def _is_expected(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        given = f"{scheme.lower()} {token.strip()}".encode()
        return hmac.compare_digest(given, self._expected or b"")

    def _too_often(self, knock: Knock) -> Refusal | None:
        if self._rules.per_minute is None and is_loopback(knock.client):
            return None
        seconds = self._asking.wait(knock.client)
        return _slow_down(seconds) if seconds else None


def is_loopback(address: str) -> bool:
    """Whether ``address`` is one of this machine alone."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address == ""  # a socket without addresses is a file of this machine
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback


def _slow_down(seconds: float) -> Refusal:
    whole = max(1, ceil(seconds))
    return Refusal(429, f"too many requests: wait {whole} s", (("Retry-After", str(whole)),))


def _goes_by(host: str, reached: str, names: frozenset[str]) -> bool:
    name = _name(f"//{host}")
    return name is not None and (name in LOOPBACK_NAMES or name in names or name == bracketed(reached))


def _own_page(origin: str, reached: str, names: frozenset[str]) -> bool:
    scheme, separator, host = origin.partition("://")
    return bool(separator) and scheme in ("http", "https") and _goes_by(host, reached, names)


def _name(address: str) -> str | None:
    """The host of ``address`` without its port, an IPv6 one in brackets; None for what is no plain host."""
    try:
        parts = urlsplit(address)
        if parts.path or parts.query or parts.fragment or parts.username is not None or not parts.hostname:
            return None
        int(parts.port or 0)  # raises ValueError for what is no port
    except ValueError:
        return None
    return bracketed(parts.hostname)


def bracketed(name: str) -> str:
    """``name`` as a ``Host`` header has it: an IPv6 address in brackets."""
    return f"[{name}]" if ":" in name else name

"""Where the server is, which organization, and the token: checked once, before anything is sent."""

from __future__ import annotations

import re
from dataclasses import InitVar, dataclass, field
from ipaddress import ip_address
from typing import NoReturn
from urllib.parse import SplitResult, urlsplit

from sentry_sync.errors import SettingsError

LONGEST_TIMEOUT = 60.0
"""Seconds. Sentry's own queries end after 30; and a silence must fit into LONGEST_REQUEST of the budget."""

_SLUG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}")
_PRINTABLE = re.compile(r"[!-~]+")
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")


class Token:
    """A secret that doesn't show itself: only ``reveal()`` tells it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "Token(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Token) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a token is not written down")

    def reveal(self) -> str:
        """The token itself, for the Authorization header and for nothing else."""
        return self._value


@dataclass(frozen=True, slots=True)
class Connection:
    """One organization on one server.

    ``base_url`` may end in ``/api/0`` and slashes; it is kept without. ``timeout`` is in seconds, for connecting
    and for each silence of the server, at most 60. Raises SettingsError, in a line that never holds the token.
    """

    base_url: str
    token: InitVar[str]
    organization: str
    timeout: float = 30.0
    allow_http: bool = False
    projects: tuple[str, ...] = ()
    """Slugs of the only projects to be asked about; none for all."""
    secret: Token = field(init=False)

    def __post_init__(self, token: str) -> None:
        object.__setattr__(self, "base_url", _normalized(self.base_url, self.allow_http))
        object.__setattr__(self, "secret", Token(_checked_token(token)))
        if not _SLUG.fullmatch(self.organization):
            raise SettingsError(
                "the organization must be its slug, as in https://sentry.io/organizations/<slug>/: "
                "letters, digits, - and _"
            )
        if not 0 < self.timeout <= LONGEST_TIMEOUT:
            raise SettingsError(f"the timeout must be between 0 and {LONGEST_TIMEOUT:.0f} seconds")

    @property
    def origin(self) -> str:
        """``scheme://host[:port]``: where the token may go."""
        return origin_of(self.base_url)


def origin_of(url: str) -> str:
    """``scheme://host[:port]`` of ``url``, lower case and without a default port."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    default = {"https": 443, "http": 80}.get(parts.scheme)
    port = f":{parts.port}" if parts.port is not None and parts.port != default else ""
    return f"{parts.scheme}://{host}{port}"


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine, where nobody listens in on plain http."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _normalized(url: str, allow_http: bool) -> str:
    url = url.strip()
    if not _PRINTABLE.fullmatch(url):  # urlsplit would drop a line break within it
        raise SettingsError(_EXAMPLE)
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise SettingsError(_EXAMPLE) from error
    host = (parts.hostname or "").lower()
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(host):
        raise SettingsError(_EXAMPLE)
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise SettingsError("SENTRY_BASE_URL must hold no user name, password, query or fragment")
    if parts.scheme == "http" and not (allow_http or is_loopback(host)):
        raise SettingsError(
            "SENTRY_BASE_URL must begin with https://, else anyone on the way can read the token; "
            "inside a network you trust, SENTRY_SYNC_ALLOW_HTTP=1 lifts this"
        )
    return origin_of(parts.geturl()) + _prefix(parts)


_EXAMPLE = "SENTRY_BASE_URL must look like https://sentry.io or https://sentry.example.com"


def _prefix(parts: SplitResult) -> str:
    """The path that a self-hosted server lives under, if any."""
    path = parts.path.rstrip("/")
    path = path.removesuffix("/api/0").removesuffix("/api").rstrip("/")
    if not re.fullmatch(r"(/[A-Za-z0-9_~.-]+)*", path) or "/." in path:
        raise SettingsError(_EXAMPLE)
    return path


def _checked_token(token: str) -> str:
    token = token.strip()
    if not token:
        raise SettingsError("there is no token: set SENTRY_AUTH_TOKEN to one with org:read and event:read")
    if not _PRINTABLE.fullmatch(token):
        raise SettingsError("the token holds spaces or characters that no Sentry token has: copy it again")
    return token

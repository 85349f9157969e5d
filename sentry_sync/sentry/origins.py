"""The servers that may see the token: the configured one and the region it names."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from sentry_sync.sentry.connection import Connection, is_loopback, origin_of

_SHARED_SUFFIXES = frozenset({"ac", "co", "com", "edu", "gov", "net", "or", "org"})
"""Second labels under which strangers register in two-letter domains (co.uk): there, it takes three."""


class Origins:
    """Which base a request goes to, and whether an URL may have the token.

    A region is adopted once, from the organization's own ``links.regionUrl`` (`GET /organizations/{org}/`).
    """

    def __init__(self, connection: Connection) -> None:
        self._base = connection.base_url
        self._allowed = frozenset({connection.origin})
        self._regional = connection.base_url

    @property
    def control(self) -> str:
        """The configured base URL."""
        return self._base

    @property
    def regional(self) -> str:
        """Where the organization's data is: the adopted region, else the configured base URL."""
        return self._regional

    def allows(self, url: str) -> bool:
        """Whether the token may go to ``url``."""
        try:
            return origin_of(url) in self._allowed
        except ValueError:  # a port that is no number
            return False

    def adopt(self, region: str) -> bool:
        """Send the organization's requests to ``region``; False, and nothing changes, if it isn't trustworthy.

        It must be on the configured server's registrable domain, with its scheme and port. IP addresses and
        localhost have no regions.
        """
        if not _same_owner(self._base, region):
            return False
        origin = origin_of(region)
        self._allowed = self._allowed | {origin}
        self._regional = self._base if origin == origin_of(self._base) else origin
        return True


def _same_owner(base: str, region: str) -> bool:
    try:
        ours, theirs = urlsplit(base), urlsplit(region)
        ports = (ours.port, theirs.port)
    except ValueError:
        return False
    host, other = ours.hostname or "", theirs.hostname or ""
    if ours.scheme != theirs.scheme or ports[0] != ports[1] or theirs.username is not None:
        return False
    if _is_local(host) or _is_local(other) or not other.replace("-", "").replace(".", "").isalnum():
        return False
    domain = _registrable(host)
    return domain is not None and (other == domain or other.endswith(f".{domain}"))


def _is_local(host: str) -> bool:
    if is_loopback(host):
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _registrable(host: str) -> str | None:
    labels = host.rstrip(".").split(".")
    size = 3 if len(labels) > 1 and len(labels[-1]) == 2 and labels[-2] in _SHARED_SUFFIXES else 2
    return ".".join(labels[-size:]) if len(labels) >= size else None

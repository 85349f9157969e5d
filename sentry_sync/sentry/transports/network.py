"""The real network: one pool of connections, through the environment's proxy if it names one."""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

POOL = httpx.Limits(max_connections=32, max_keepalive_connections=8, keepalive_expiry=30.0)
"""Sentry's default bucket admits 25 at once; a sync uses a handful. 30 s is below the keep-alive of common
proxies, so that an idle connection is closed by us and not under a request."""


def network(base_url: str) -> httpx.BaseTransport:
    """A transport to ``base_url``: HTTP/1.1, verified TLS (``SSL_CERT_FILE`` is honoured)."""
    parts = urlsplit(base_url)
    proxy = None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)
    return httpx.HTTPTransport(limits=POOL, proxy=proxy)

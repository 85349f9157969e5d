"""The innermost transport: the token goes on the request here, and only for servers that may see it."""

from __future__ import annotations

import httpx

from sentry_sync import __version__
from sentry_sync.sentry.connection import Token
from sentry_sync.sentry.origins import Origins

USER_AGENT = f"sentry-sync/{__version__}"


class AuthTransport(httpx.BaseTransport):
    """Adds ``Authorization: Bearer`` for the configured server and its adopted region; strips it for any other."""

    def __init__(self, inner: httpx.BaseTransport, origins: Origins, token: Token) -> None:
        self._inner = inner
        self._origins = origins
        self._token = token

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send ``request``; afterwards its headers are without the token again, whatever happened."""
        request.headers["user-agent"] = USER_AGENT
        request.headers.pop("authorization", None)
        if not self._origins.allows(str(request.url)):
            return self._inner.handle_request(request)
        request.headers["authorization"] = f"Bearer {self._token.reveal()}"
        try:
            return self._inner.handle_request(request)
        finally:
            # Exceptions and responses hold their request: no log of one may show the token.
            del request.headers["authorization"]

    def close(self) -> None:
        """Close the network."""
        self._inner.close()

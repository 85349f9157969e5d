"""Sessions of browsers that have shown the token once.

A cookie says when it ends and proves it with a key that this process alone has: nothing is remembered of anybody,
and with the process all sessions end.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable
from http.cookies import CookieError, SimpleCookie

COOKIE = "sentry_sync_session"

ENDED = f"{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"
"""The ``Set-Cookie`` header that takes a session back from a browser."""

SECONDS = 12 * 3600
"""Of one session: a working day."""


class Sessions:
    """Gives out and recognizes cookies. ``clock`` counts seconds and never goes back."""

    def __init__(self, clock: Callable[[], float], key: bytes | None = None) -> None:
        self._clock = clock
        self._key = key or secrets.token_bytes(32)

    def begin(self, *, secure: bool = False) -> str:
        """The ``Set-Cookie`` header of a new session: for our own pages, and out of the reach of scripts.

        A ``secure`` one is of a browser that came by https, and is never sent without.
        """
        ends = f"{int(self._clock()) + SECONDS}"
        held = f"{COOKIE}={ends}.{self._proof(ends)}; Path=/; Max-Age={SECONDS}; HttpOnly; SameSite=Strict"
        return f"{held}; Secure" if secure else held

    def has(self, cookies: Iterable[str]) -> bool:
        """Whether these ``Cookie`` headers hold one of ours that has not ended."""
        return any(self._is_ours(value) for header in cookies for value in _values(header))

    def _is_ours(self, value: str) -> bool:
        ends, _, proof = value.partition(".")
        proven = hmac.compare_digest(proof.encode(), self._proof(ends).encode())
        return proven and self._clock() < int(ends)

    def _proof(self, ends: str) -> str:
        return hmac.new(self._key, ends.encode(), hashlib.sha256).hexdigest()


def _values(header: str) -> list[str]:
    try:
        found = SimpleCookie(header)
    except CookieError:
        return []
    return [found[COOKIE].value] if COOKIE in found else []

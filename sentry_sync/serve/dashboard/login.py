"""Where the token is exchanged for a session, on addresses that others can reach."""

from __future__ import annotations

from collections.abc import Mapping

from sentry_sync.serve.dashboard.page import Page

_SAID: Mapping[int, str] = {
    401: "That is not the token. It is what SENTRY_SYNC_MCP_TOKEN holds where sentry-sync runs.",
    429: "Too many attempts. Wait a minute, then try again.",
}


def page(status: int = 200) -> Page:
    """The form, and what was wrong with what was sent."""
    return Page("login.html.j2", "Log in", {"problem": _SAID.get(status)}, status=status)

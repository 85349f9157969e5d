"""Projects that were renamed, or came, since their list was read: rows name them by slugs nobody knows yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sentry_sync.errors import BadRequest, Gone, NotFound, NotSupported, QueryTimeout, Unavailable
from sentry_sync.records.event import UNKNOWN_PROJECT

if TYPE_CHECKING:
    from sentry_sync.sentry.client import SentryClient


def missing(rejects: Iterable[str]) -> bool:
    """Whether rows were set aside for want of their project."""
    return any(UNKNOWN_PROJECT in reason for reason in rejects)


def listed(client: SentryClient) -> dict[str, str]:
    """Slug to id of every project as the server lists them now.

    Raises what the client raises; but what would say something of the rows that are being read (there are none,
    the server lacks them, their window is too long) is Unavailable here: it was said of the list of projects.
    """
    found: dict[str, str] = {}
    cursor: str | None = None
    seen: set[str] = set()
    while True:
        try:
            page = client.projects(cursor=cursor)
        except (NotFound, NotSupported, Gone, BadRequest, QueryTimeout) as error:
            raise Unavailable(f"the projects could not be listed anew: {error}") from error
        rows = page.body if isinstance(page.body, list) else []
        found |= {str(r["slug"]): str(r["id"]) for r in rows if isinstance(r, dict) and {"slug", "id"} <= r.keys()}
        cursor = page.next_cursor
        if cursor is None or cursor in seen:
            return found
        seen.add(cursor)

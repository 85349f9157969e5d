"""Projects that were renamed, or came, since their list was read: rows name them by slugs nobody knows yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sentry_sync.records.event import UNKNOWN_PROJECT

if TYPE_CHECKING:
    from sentry_sync.sentry.client import SentryClient


def missing(rejects: Iterable[str]) -> bool:
    """Whether rows were set aside for want of their project."""
    return any(UNKNOWN_PROJECT in reason for reason in rejects)


def listed(client: SentryClient) -> dict[str, str]:
    """Slug to id of every project as the server lists them now; raises what the client raises."""
    found: dict[str, str] = {}
    cursor: str | None = None
    while True:
        page = client.projects(cursor=cursor)
        rows = page.body if isinstance(page.body, list) else []
        found |= {
            str(row["slug"]): str(row["id"])
            for row in rows
            if isinstance(row, dict) and {"slug", "id"} <= row.keys()
        }
        if page.next_cursor is None or page.next_cursor == cursor:
            return found
        cursor = page.next_cursor

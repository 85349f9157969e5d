"""Events: of one issue, and of one project."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sentry_sync.sentry.caller import Caller, Pairs
from sentry_sync.sentry.page import Page


class EventEndpoints(Caller):
    """Rows are Sentry's event objects: lean in lists, with entries and contexts when ``full`` or alone."""

    def issue_events(
        self,
        issue_id: str,
        *,
        full: bool = False,
        environments: Sequence[str] = (),
        start: datetime | None = None,
        end: datetime | None = None,
        query: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        """`GET /organizations/{org}/issues/{id}/events/`: newest first, 90 days if no window is given.

        At most 100 rows, 10 if ``full``. Cursors are offsets: pin ``end``, together with ``start``.
        """
        pairs: Pairs = [
            ("full", full),
            ("environment", environments),
            ("start", start),
            ("end", end),
            ("query", query),
            ("limit", limit),
            ("per_page", limit),
            ("cursor", cursor),
        ]
        return self._of_issue("issue_events", (issue_id, "events"), pairs)

    def issue_event(self, issue_id: str, event_id: str = "latest") -> Page:
        """`GET …/issues/{id}/events/{event_id}/`: one full event.

        ``event_id`` is 32 hex digits, ``latest``, ``oldest`` or ``recommended``.
        """
        return self._of_issue("issue_event", (issue_id, "events", event_id))

    def project_events(
        self,
        project_slug: str,
        *,
        full: bool = False,
        start: datetime | None = None,
        end: datetime | None = None,
        cursor: str | None = None,
    ) -> Page:
        """`GET /projects/{org}/{project}/events/`: error events, newest first, 100 rows, 10 if ``full``.

        One at a time and 60 per minute for all projects together, whatever the budget.
        """
        # Sentry's page is a hundred anyway; GlitchTip's is fifty unless ``limit`` asks for more.
        pairs = [("full", full), ("start", start), ("end", end), ("limit", 100), ("cursor", cursor)]
        return self._in_project("project_events", project_slug, ("events",), pairs)

    def project_event(self, project_slug: str, event_id: str) -> Page:
        """`GET /projects/{org}/{project}/events/{event_id}/`: one full event."""
        return self._in_project("project_event", project_slug, ("events", event_id))

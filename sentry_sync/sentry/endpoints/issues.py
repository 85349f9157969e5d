"""Issues: the list, batches by id, one by id, short id or event id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sentry_sync.sentry.caller import Caller
from sentry_sync.sentry.page import Page

_LEAN = (("collapse", "filtered"), ("groupStatsPeriod", ""))
"""Spares the server two queries per page (100 to 300 ms): the counts under the query's tags and the sparkline.

Collapsing ``stats`` or ``lifetime`` would lose count, userCount, firstSeen and lastSeen, and ``unhandled`` the
isUnhandled flag, which is stored."""

ALL_PROJECTS = ("-1",)
"""Every project the token may see. Without it some versions answer only for the teams its user is in."""


class IssueEndpoints(Caller):
    """Rows are Sentry's issue objects."""

    def issues(
        self,
        *,
        query: str | None,
        sort: str | None,
        start: datetime | None,
        end: datetime | None,
        project_ids: Sequence[str] = ALL_PROJECTS,
        environments: Sequence[str] = (),
        limit: int = 100,
        cursor: str | None = None,
        stats_period: str | None = None,
    ) -> Page:
        """`GET /organizations/{org}/issues/`: issues with events in the window (90 days if none is given).

        ``query`` None is the server's default (Sentry: ``is:unresolved``), "" is every status. At most 100 rows.
        ``start`` and ``end`` go together; pin ``end`` for a sweep, else busy issues jump between its pages. Take
        ``lifetime.*`` where it is there: the top-level counters are for the window. Empty ``project_ids`` sends
        none.
        """
        pairs = [
            ("query", query),
            ("sort", sort),
            ("start", start),
            ("end", end),
            ("statsPeriod", stats_period),
            ("project", project_ids),
            ("environment", environments),
            ("limit", limit),
            *_LEAN,
            ("cursor", cursor),
        ]
        return self._in_organization("issues", ("issues",), pairs)

    def issues_by_id(self, ids: Sequence[str]) -> Page:
        """The issues of up to 100 ids, any status, in no order, unpaged; those gone are absent from the rows.

        ``group=`` on the issue list (undocumented). Servers that don't know it answer an ordinary first page, so
        look at the rows' ids. ``lastSeen`` is null once no event is left in retention.
        """
        pairs = [("group", ids), ("project", ALL_PROJECTS), *_LEAN]
        return self._in_organization("issues", ("issues",), pairs)

    def issues_with_id(self, ids: Sequence[str]) -> Page:
        """The issues of up to 100 ids, any status, on GlitchTip: ``id=`` on the issue list.

        Servers that don't know it answer an ordinary first page, so look at the rows' ids.
        """
        return self._in_organization("issues", ("issues",), [("id", ids), ("query", ""), ("limit", 100)])

    def issue(self, issue_id: str) -> Page:
        """`GET /organizations/{org}/issues/{id}/`, or without the organization: one issue with its details.

        A merged issue's id answers with the issue it went into: compare ``id``.
        """
        return self._of_issue("issue", (issue_id,), [("collapse", "release")])

    def update_issue(self, issue_id: str, change: Mapping[str, str]) -> Page:
        """`PUT /organizations/{org}/issues/{id}/`, or without the organization: the issue as it is after it.

        ``change`` holds ``status`` and ``assignedTo`` (``user:ID``, ``team:ID``, an e-mail address, "": nobody).
        Sent again only where it surely was not carried out. Raises Unsure when nobody can say whether it was.
        """
        return self._of_issue("update_issue", (issue_id,), change=change)

    def short_id(self, short_id: str) -> Page:
        """`GET /organizations/{org}/shortids/{id}/`: ``{groupId, projectSlug, group}``."""
        return self._in_organization("short_id", ("shortids", short_id))

    def event_id(self, event_id: str) -> Page:
        """`GET /organizations/{org}/eventids/{id}/`: ``{groupId, projectSlug, event}``."""
        return self._in_organization("event_id", ("eventids", event_id))

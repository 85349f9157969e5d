"""One issue: how often it happens and where, its newest stack trace, what stands out, and what became of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sentry_sync.answers.events import EventsQuestion
from sentry_sync.answers.issue import DETAILED, IssueQuestion
from sentry_sync.serve.dashboard import pictures
from sentry_sync.serve.dashboard.asked import Asked
from sentry_sync.serve.dashboard.freshness import together
from sentry_sync.serve.dashboard.page import Page, Watched

EVENTS = 10

TRACE_BYTES = 60_000
"""Of the newest event: what is beyond is named with its size."""


def page(asked: Asked) -> Page:
    """The page; 404 for an issue that the copy does not know."""
    name = asked.path["issue_id"]
    found = asked.answer(IssueQuestion(name, "detailed"))
    issue = found["issue"]
    if issue is None:
        return Page(
            "unknown.html.j2",
            "Unknown issue",
            {"what": "issue", "name": name},
            found["freshness"],
            asks_sentry=True,
            status=404,
        )
    newest = asked.answer(EventsQuestion(issue_id=issue["id"], limit=1, full_trace=True), max_bytes=TRACE_BYTES)
    listed = asked.answer(EventsQuestion(issue_id=issue["id"], limit=EVENTS))
    return Page(
        "issue.html.j2",
        issue["short_id"] or issue["id"],
        {
            **{part: found[part] for part in DETAILED},
            "issue": issue,
            "event": newest["events"][0] if newest["events"] else None,
            "events": listed,
            "charts": _charts(found["trend"], asked.now),
            "permalink": issue["permalink"] if asked.answers.leads_to_sentry(issue["permalink"]) else None,
        },
        together([found["freshness"], newest["freshness"], listed["freshness"]]),
        asks_sentry=True,
        charts=True,
        watched=Watched("issue", issue["id"]),
    )


def _charts(trend: dict[str, Any], now: datetime) -> list[Any]:
    days = pictures.of_series("Events a day (UTC), 14 days", "events", trend["days"], timedelta(days=1), now)
    hours = pictures.of_series("Events an hour (UTC), 24 hours", "events", trend["hours"], timedelta(hours=1), now)
    return [one for one in (days, hours) if one]

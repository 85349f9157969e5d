"""get-events: the newest events of an issue or a project that fit a filter, with stack traces if asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sentry_sync.answers import event_evidence, event_pages
from sentry_sync.answers.asking import Found, View
from sentry_sync.answers.cursors import Position, decode, encode
from sentry_sync.answers.event_filters import wanted
from sentry_sync.answers.event_look import EventsLook, Request
from sentry_sync.answers.event_pages import SECOND, Listing
from sentry_sync.answers.issue_locating import named, unknown_issue
from sentry_sync.answers.locating import locate, not_located
from sentry_sync.answers.references import IssueReference, issue_reference
from sentry_sync.answers.times import ceiling, parse
from sentry_sync.errors import QuestionError
from sentry_sync.records.intervals import floor
from sentry_sync.store.reads import issues
from sentry_sync.store.types import from_micros, to_micros

LIMIT = 10
LIMIT_WITH_TRACES = 1
"""One trace is what most questions need, and ten fill an assistant's context."""


@dataclass(frozen=True, slots=True)
class EventsQuestion:
    """The newest events of one issue, or the newest errors of a project; of an event's address, that event."""

    issue_id: str | None = None
    project: str | None = None
    tag: Sequence[str] = ()
    """Each a tag's name, a colon and its value; an event has to have all of them."""
    environment: str | None = None
    release: str | None = None
    user: str | None = None
    since: str | None = None
    until: str | None = None
    limit: int | None = None
    full_trace: bool = False
    cursor: str | None = None
    response_format: str = "concise"

    resource = "events"

    @property
    def rows_wanted(self) -> int:
        """How many events to show."""
        return self.limit or (LIMIT_WITH_TRACES if self.full_trace else LIMIT)

    def look(self, view: View) -> Found:
        """The events as the store knows them. Raises QuestionError for what cannot be asked."""
        if (self.issue_id is None) == (self.project is None):
            raise QuestionError("give issue_id or project, one of them")
        if self.project is not None:
            project = locate(view, self.project)
            if project is None:
                return not_located(view, self.resource, _nothing())
            return EventsLook(self._request(view), view, event_evidence.of_project(project)).found()
        reference = issue_reference(self.issue_id or "", *view.origin)
        row = named(view, reference)
        if row is None:
            return unknown_issue(view, reference, self.resource, _nothing())
        if reference.event_id and not self._only_an_event():
            raise QuestionError("the address is of one event: for a filter give its issue's id")
        issue = issues.merged_into(view.snapshot, row)
        subject = event_evidence.of_issue(view.snapshot, issue)
        return EventsLook(self._request(view, reference, row), view, subject).found()

    def _only_an_event(self) -> bool:
        return not (self.tag or self.environment or self.release or self.user or self.since or self.until)

    def _request(self, view: View, reference: IssueReference | None = None, row: Any | None = None) -> Request:
        since = floor(parse(self.since, view.now, "since"), SECOND) if self.since else None
        until = ceiling(parse(self.until, view.now, "until"), SECOND) if self.until else None
        if since and since >= min(until or view.now, view.now):
            raise QuestionError("since must lie in the past, and before until")
        return Request(
            Listing(
                wanted(self.tag, self.environment, self.release, self.user),
                self.rows_wanted,
                since,
                until,
                self._after(),
                self.full_trace,
            ),
            cursor=lambda at: encode(self, Position(after=(to_micros(at[0]), at[1]))),
            detailed=self.response_format == "detailed",
            event_id=reference.event_id if reference else None,
            named=(reference.issue_id or row.id) if reference and row else None,
        )

    def _after(self) -> event_pages.Position | None:
        if self.cursor is None:
            return None
        match decode(self.cursor, self).after:
            case (int(second), str(event_id)):
                return from_micros(second), event_id
        raise QuestionError("cursor belongs to another question: repeat the arguments it was given with")


def _nothing() -> dict[str, Any]:
    return {"issue": None, "project": None, "events": [], "more": None}

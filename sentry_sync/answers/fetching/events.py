"""Events and single issues, fetched for a question that the store could not answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sentry_sync.answers.asking import Learned
from sentry_sync.answers.misses import SEARCH_WINDOW
from sentry_sync.errors import NotFound, QuestionError
from sentry_sync.records.event import Event, EventBody, parse_event
from sentry_sync.records.fields import Raw, dumped
from sentry_sync.records.intervals import Interval
from sentry_sync.records.issue import Issue, IssueEnvironment
from sentry_sync.sync.stream import sift
from sentry_sync.sync.streams.explore import SECOND
from sentry_sync.sync.streams.issues import harvest_issues

if TYPE_CHECKING:
    from sentry_sync.answers.live import Live
    from sentry_sync.answers.references import IssueReference
    from sentry_sync.sentry.page import Page
    from sentry_sync.store.unit_of_work import UnitOfWork

FULL_PAGE = 10
"""Whole events on a page, since August 2026, whatever is asked for (getsentry/sentry PR 122718)."""

ONE_BY_ONE = 2
"""Up to so many missing bodies are fetched alone: a page of whole events can weigh megabytes."""

NO_ISSUE = "Sentry has no such issue, or hides it from this token: get-issues lists those there are"


@dataclass(frozen=True, slots=True)
class IssueKey:
    """The issue whose events are wanted."""

    id: str
    project_id: str


def find_issue(live: Live, reference: IssueReference) -> Learned:
    """The issue a person named, as Sentry has it now; raises QuestionError when there is none."""
    try:
        raw, at = _issue(live, reference)
    except NotFound:
        raise QuestionError(NO_ISSUE) from None
    harvest = harvest_issues([raw], at)
    found = next((record for record in harvest.records if isinstance(record, Issue)), None)
    if found is None:
        raise QuestionError("Sentry's answer about this issue could not be read: look at it in Sentry")

    def write(uow: UnitOfWork) -> None:
        uow.upsert(harvest.records)

    live.write(write)
    return Learned(at, ids=(found.id,))


def _issue(live: Live, reference: IssueReference) -> tuple[Any, datetime]:
    wanted = reference.issue_id
    if wanted is None:
        page = live.client.short_id(reference.short_id or "")
        body = page.body if isinstance(page.body, dict) else {}
        group = body.get("group")
        if isinstance(group, dict) and group.get("project") and group.get("status"):
            return group, page.server_time
        wanted = str(body.get("groupId") or "")
    # The detail would publish that somebody viewed the issue, so the list is asked first.
    page = live.client.issues_by_id((wanted,))
    for raw in page.body if isinstance(page.body, list) else ():
        if isinstance(raw, dict) and str(raw.get("id")) == wanted:
            return raw, page.server_time
    page = live.client.issue(wanted)
    return page.body, page.server_time


def list_events(live: Live, issue: IssueKey, limit: int, *, full: bool) -> Learned:
    """The newest ``limit`` events of an issue, with their bodies if ``full``."""
    pages: list[Page] = []
    records: list[Any] = []
    rejects: list[str] = []
    cursor: str | None = None
    while True:
        page = live.client.issue_events(
            issue.id, full=full, limit=min(limit, FULL_PAGE) if full else limit, cursor=cursor
        )
        pages.append(page)
        found, refused = _read(page.body, issue, page.server_time)
        records += found
        rejects += refused
        cursor = page.next_cursor
        if cursor is None or _events(records) >= limit or len(pages) * FULL_PAGE >= limit:
            break
    at = pages[0].server_time
    whole = cursor is None
    covered = None if rejects else _covered(records, at, whole=whole)

    def write(uow: UnitOfWork) -> None:
        uow.upsert(records)
        if covered:
            uow.cover("events", f"issue:{issue.id}", covered, source="issue_events", resolution=SECOND)

    live.write(write)
    notes = (f"{len(rejects)} events could not be read ({rejects[0]}) and are missing",) if rejects else ()
    return Learned(at, notes, complete=whole or _events(records) >= limit)


def get_event(live: Live, issue: IssueKey, event_id: str) -> Learned:
    """One event that an address pointed at; raises QuestionError when Sentry has it no longer."""
    found = get_bodies(live, issue, (event_id,))
    if found.ids:
        return found
    raise QuestionError(
        "Sentry no longer has this event, or hides it: ask with the issue's id for its newest ones"
    )


def get_bodies(live: Live, issue: IssueKey, event_ids: Sequence[str]) -> Learned:
    """The bodies of single events; those that Sentry no longer has stay missing."""
    records: list[Any] = []
    gone = 0
    at = live.now()
    for event_id in event_ids:
        try:
            page = live.client.issue_event(issue.id, event_id)
        except NotFound:
            gone += 1
            continue
        at = page.server_time
        records += _read([page.body], issue, at)[0]

    def write(uow: UnitOfWork) -> None:
        uow.upsert(records)

    live.write(write)
    found = tuple(record.event_id for record in records if isinstance(record, EventBody))
    return Learned(at, (f"Sentry no longer has {gone} of these events",) if gone else (), ids=found)


def _read(rows: Any, issue: IssueKey, at: datetime) -> tuple[list[Any], list[str]]:
    return sift(rows, lambda raw: read_event(raw, issue, at))


def read_event(raw: Raw, issue: IssueKey, at: datetime) -> list[Any]:
    """An event's row, the environment it proves, and its body if it came with one.

    Details leave out the project on some servers, where the question itself has told it.
    """
    named = {"projectID", "project_id"} & raw.keys(), {"groupID", "group_id"} & raw.keys()
    told = {key: value for key, value, there in _identity(issue, named) if not there}
    event = parse_event({**told, **raw})
    found: list[Any] = [event]
    if event.environment:
        when = event.timestamp
        found.append(IssueEnvironment(event.issue_id, event.environment, event.project_id, when, when))
    if "entries" in raw:
        dumped(raw)
        found.append(EventBody(event.project_id, event.event_id, event.issue_id, event.timestamp, raw, at))
    return found


def _identity(issue: IssueKey, named: tuple[set[str], set[str]]) -> list[tuple[str, str, set[str]]]:
    return [("projectID", issue.project_id, named[0]), ("groupID", issue.id, named[1])]


def _events(records: Sequence[Any]) -> int:
    return sum(isinstance(record, Event) for record in records)


def _covered(records: Sequence[Any], at: datetime, *, whole: bool) -> Interval | None:
    """The time in which every event of the issue was read, as far back as Sentry lists any if that was all.

    Others of the very second of the oldest row may be on the next page; the newest so many are still these.
    """
    oldest = min((record.timestamp for record in records if isinstance(record, Event)), default=at)
    start = at - SEARCH_WINDOW if whole else oldest
    return Interval(start, at) if start < at else None

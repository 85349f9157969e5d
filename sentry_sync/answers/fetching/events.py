"""Events and single issues, fetched for a question that the store could not answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from sentry_sync.answers.asking import Learned
from sentry_sync.answers.references import IssueReference
from sentry_sync.errors import NotFound, QuestionError
from sentry_sync.records.event import EventBody, parse_event
from sentry_sync.records.fields import Raw, dumped
from sentry_sync.records.issue import Issue, IssueEnvironment
from sentry_sync.sync.stream import sift_one
from sentry_sync.sync.streams.issues import harvest_issues

if TYPE_CHECKING:
    from sentry_sync.answers.live import Live
    from sentry_sync.store.unit_of_work import UnitOfWork

ONE_BY_ONE = 2
"""Up to so many missing bodies are fetched alone: a page of whole events can weigh megabytes."""

MOST_BODIES = 10
"""Bodies fetched alone where no list has them: half of what is kept for live questions in a minute."""

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
    return _kept(live, raw, at)


def reread_issue(live: Live, issue_id: str) -> Learned:
    """An issue the store has, as Sentry has it now; of a merged one, what it went into."""
    try:
        raw, at = _issue(live, IssueReference(issue_id))
    except NotFound:
        return Learned(live.now(), ("Sentry now has no such issue, or hides it from this token",))
    return _kept(live, raw, at)


def _kept(live: Live, raw: Any, at: datetime) -> Learned:
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


def get_event(live: Live, issue: IssueKey, event_id: str) -> Learned:
    """One event that an address pointed at; raises QuestionError when Sentry has it no longer."""
    found = get_bodies(live, ((issue, event_id),))
    if found.ids:
        return found
    raise QuestionError(
        "Sentry no longer has this event, or hides it: ask with the issue's id for its newest ones"
    )


def get_bodies(live: Live, wanted: Sequence[tuple[IssueKey, str]]) -> Learned:
    """The bodies of single events, each by its issue and id; those that Sentry no longer has stay missing."""
    records: list[Any] = []
    rejects: list[str] = []
    gone = 0
    at = live.now()
    for issue, event_id in wanted:
        try:
            page = live.client.issue_event(issue.id, event_id)
        except NotFound:
            gone += 1
            continue
        at = page.server_time
        found, refused = sift_one(page.body, partial(read_event, at=at, told=issue))
        records += found
        rejects += refused

    def write(uow: UnitOfWork) -> None:
        uow.upsert(records)

    live.write(write)
    notes = [f"Sentry no longer has {gone} of these events"] if gone else []
    notes += [f"{len(rejects)} events could not be read ({rejects[0]})"] if rejects else []
    ids = tuple(record.event_id for record in records if isinstance(record, EventBody))
    return Learned(at, tuple(notes), ids=ids)


def read_event(raw: Raw, at: datetime, told: IssueKey | None = None) -> list[Any]:
    """An event's row, the environment it proves, and its body if it came with one.

    Details leave out the project on some servers, where the question itself has ``told`` it.
    """
    if told:
        named = {"projectID", "project_id"} & raw.keys(), {"groupID", "group_id"} & raw.keys()
        raw = {**{key: value for key, value, there in _identity(told, named) if not there}, **raw}
    event = parse_event(raw)
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

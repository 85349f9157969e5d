"""One issue changed at Sentry, or looked at once more, and what that showed written into the copy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sentry_sync.answers.refusals import refusal_of
from sentry_sync.errors import SchemaDrift, StoreError, Unsure
from sentry_sync.records.issue import Issue
from sentry_sync.sync.streams.issues import harvest_issues

if TYPE_CHECKING:
    from sentry_sync.answers.live import Live
    from sentry_sync.sentry.page import Page
    from sentry_sync.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Seen:
    """The issue as Sentry showed it."""

    issue: Issue
    at: datetime
    stored: bool
    notes: tuple[str, ...] = ()


def update(live: Live, issue_id: str, change: Mapping[str, str]) -> Seen:
    """The issue as Sentry answers that it now is; raises Unsure where its answer leaves that open."""
    page = live.client.update_issue(issue_id, change)
    try:
        return _kept(live, page)
    except SchemaDrift as error:
        raise Unsure(f"the change was accepted, but what Sentry answered could not be read ({error})") from error


def look(live: Live, issue_id: str) -> Seen:
    """The issue as Sentry has it."""
    return _kept(live, live.client.issue(issue_id))


def _kept(live: Live, page: Page) -> Seen:
    harvest = harvest_issues([page.body], page.server_time)
    issue = next((record for record in harvest.records if isinstance(record, Issue)), None)
    if issue is None:
        raise SchemaDrift(harvest.rejects[0] if harvest.rejects else "it is no issue")

    # What an answer shows must not be more than the copy may hold, whether or not it can be written.
    issue = live.scrubbed(issue)

    def write(uow: UnitOfWork) -> None:
        uow.upsert(harvest.records)

    try:
        live.write(write)
    except StoreError as error:
        note = f"the copy could not be written and shows the issue as it was: {refusal_of(error).note}"
        return Seen(issue, page.server_time, stored=False, notes=(note,))
    return Seen(issue, page.server_time, stored=True)

"""Issues: the hot poll over all statuses, pinned at its end so that a busy issue can't jump between pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sentry_sync.records.budget import Lane
from sentry_sync.records.fields import Raw, dumped
from sentry_sync.records.intervals import Interval
from sentry_sync.records.issue import Issue, IssueProject, IssueRaw, parse_issue, parse_issue_project
from sentry_sync.store.types import MICROSECOND
from sentry_sync.sync.headway import passed, reached
from sentry_sync.sync.plan import OVERLAP, windows_due
from sentry_sync.sync.stream import Harvest, Look, Stream, Work, linked, sift

if TYPE_CHECKING:
    from sentry_sync.sentry.client import Page, SentryClient
    from sentry_sync.store.unit_of_work import Pass, UnitOfWork

SEARCH_DAYS = 90
"""Sentry's issue search sees no further back, whatever is asked."""

HOT_NAME, REVIEW_NAME, SWEEP_NAME = "issues.hot", "issues.review", "issues.sweep"
"""Streams that list issues."""


def _plan(look: Look) -> list[Work]:
    """From the mark less the overlap until now in one pass, then gaps a killed first sync left, newest first."""
    windows = windows_due(
        look.window(SEARCH_DAYS),
        look.state.coverage("issues"),
        bucket=MICROSECOND,
        chunk=None,
        settle=OVERLAP,
    )
    return [Work(window=window) for window in windows]


def _fetch(client: SentryClient, work: Work, cursor: str | None, look: Look) -> Page:
    page = client.issues(query="", sort="date", start=work.span.start, end=work.span.end, cursor=cursor)
    return linked(page, cursor)


def _harvest(page: Page, work: Work, look: Look) -> Harvest:
    return harvest_issues(page.body, page.server_time, work.span)


def harvest_issues(rows: object, at: datetime, span: Interval | None = None) -> Harvest:
    """Issues, their projects and their raw rows; with a ``span``, from a page of it sorted by last event."""
    projects: dict[str, IssueProject] = {}
    records, rejects = sift(rows, lambda raw: _records(raw, at, projects))
    seen = [record.last_seen for record in records[::2] if record.last_seen]
    return Harvest(
        [*projects.values(), *records],
        len(records) // 2,
        rejects,
        # Others with the very same last event may be on the next page.
        reached=reached(seen, span, MICROSECOND) if span else None,
    )


def _records(raw: Raw, at: datetime, projects: dict[str, IssueProject]) -> list[Issue | IssueRaw]:
    """The issue and its raw row; its project too, once a page."""
    issue = parse_issue(raw, at)
    if issue.project_id not in projects:
        projects[issue.project_id] = parse_issue_project(raw)
    return [issue, IssueRaw(issue.id, dumped(raw), at)]


def _fetch_unwindowed(client: SentryClient, work: Work, cursor: str | None, look: Look) -> Page:
    """GlitchTip: the window's parameters mean other things there, and ``project=-1`` matches nothing."""
    page = client.issues(query="", sort="-last_seen", start=None, end=None, project_ids=(), cursor=cursor)
    return linked(page, cursor)


def harvest_unwindowed(page: Page, work: Work, look: Look) -> Harvest:
    """A page that the server could not be asked to end at the window's start."""
    found = harvest_issues(page.body, page.server_time, work.span)
    seen = [issue.last_seen for issue in found.records if isinstance(issue, Issue) and issue.last_seen]
    return replace(found, enough=passed(seen, work.span.start))


def _finish(uow: UnitOfWork, run: Pass) -> None:
    """A pass over all that a search sees has looked at every issue: the reconcile counts from there."""
    if run.window and run.window.length > timedelta(days=SEARCH_DAYS - 1):
        for stream in (REVIEW_NAME, SWEEP_NAME):
            uow.mark(stream, run.scope, run.window.end, run.window.end)


SENTRY = Stream(
    name=HOT_NAME,
    resource="issues",
    lane=Lane.HOT,
    plan=_plan,
    fetch=_fetch,
    harvest=_harvest,
    source="issues",
    needs="issues.sentry",
    covers="issues",
    counted=True,
    finish=_finish,
    widest=timedelta(days=SEARCH_DAYS),
)

GLITCHTIP = Stream(
    name=HOT_NAME,
    resource="issues",
    lane=Lane.HOT,
    plan=_plan,
    fetch=_fetch_unwindowed,
    harvest=harvest_unwindowed,
    source="issues_by_last_seen",
    covers="issues",
    counted=True,
    finish=_finish,
)

"""Event rows: the whole organization's by Explore, else by project, else by issue; and bodies of the newest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sentry_sync.records.budget import Lane
from sentry_sync.records.event import Event, parse_event, parse_event_body, parse_explore_event
from sentry_sync.records.intervals import Interval
from sentry_sync.store.types import MICROSECOND
from sentry_sync.sync.headway import passed, reached
from sentry_sync.sync.plan import DAY, OVERLAP, windows_due
from sentry_sync.sync.stream import Harvest, Look, Stream, Work, linked, sift, sift_one
from sentry_sync.sync.streams import explore, vanished

if TYPE_CHECKING:
    from sentry_sync.sentry.client import Page, SentryClient

FIELDS = (
    "id",
    "issue.id",
    "project.id",
    "timestamp",
    "title",
    "level",
    "environment",
    "release",
    "transaction",
    "user",
)
SORT = ("-timestamp", "id")

ISSUES_PER_RUN = 50
"""Issues whose events are listed in one run where the server lists them no other way: half a minute's budget."""

BUSIEST = timedelta(minutes=1)
"""The shortest window of events: 10,000 of them in a minute are 14 million a day."""

BODY_AGE = timedelta(hours=6)
"""An issue's newest event is fetched again at most this often: the next one rarely says anything new."""


def _due(look: Look, scope: str) -> list[Interval]:
    return windows_due(
        look.window(look.policy.days("events")),
        look.state.coverage("events", scope),
        bucket=MICROSECOND,
        chunk=DAY,
        settle=OVERLAP,
    )


def _plan(look: Look) -> list[Work]:
    return [Work(window=window) for window in _due(look, "")]


def _fetch(client: SentryClient, work: Work, cursor: str | None, look: Look) -> Page:
    return explore.ask(client, "errors", work.span, cursor, fields=FIELDS, sort=SORT)


def _harvest(page: Page, work: Work, look: Look) -> Harvest:
    records, rejects = sift(explore.rows(page), parse_explore_event)
    gone = [] if rejects or explore.approximate(page) else vanished.between_rows(page, work, look, records)
    return Harvest(
        [*records, *gone],
        len(records),
        rejects,
        # The second of the oldest row may go on, on the next page.
        reached=reached([event.timestamp for event in records], work.span, explore.SECOND),
        approximate=explore.approximate(page),
    )


def _plan_projects(look: Look) -> list[Work]:
    """Newest windows of all projects first, so that none waits for another's backfill.

    A list that can't be asked for a window is read from its top until the window's start: one window a project.
    """
    works = []
    for project in sorted(look.projects.values()):
        scope = f"project:{project}"
        due = _due(look, scope)
        if due:
            works.append(Work(scope, Interval(due[-1].start, due[0].end)))
    return works


def _fetch_project(client: SentryClient, work: Work, cursor: str | None, look: Look) -> Page:
    project = work.scope.removeprefix("project:")
    slug = next((slug for slug, key in look.projects.items() if key == project), project)
    page = client.project_events(slug, cursor=cursor)
    if page.body == []:
        # GlitchTip has an empty list for every name: one that was just changed must not pass for "no events".
        client.project(slug)
    return linked(replace(page, first=cursor is None), cursor)


def _plan_issues(look: Look) -> list[Work]:
    works = []
    wanted = look.window(look.policy.days("events"))
    for issue, last_seen in look.state.issues_active_since(wanted.start, ISSUES_PER_RUN):
        read = look.state.mark("events", f"issue:{issue}")
        if read is None or read.mark <= last_seen:
            works.append(Work(f"issue:{issue}", wanted))
    return works


def _fetch_issue(client: SentryClient, work: Work, cursor: str | None, look: Look) -> Page:
    page = client.issue_events(work.scope.removeprefix("issue:"), cursor=cursor)
    return linked(replace(page, first=cursor is None), cursor)


def _harvest_list(page: Page, work: Work, look: Look) -> Harvest:
    records, rejects = sift(page.body, parse_event)
    times = [event.timestamp for event in records]
    gone = [] if rejects else vanished.from_whole_list(page, work, look, records)
    return Harvest(
        [*records, *gone],
        len(records),
        rejects,
        reached=reached(times, work.span, explore.SECOND),
        enough=passed(times, work.span.start),
    )


def _plan_bodies(look: Look) -> list[Work]:
    wanted = look.state.issues_wanting_body(look.policy.bodies_per_run, look.now - BODY_AGE)
    return [Work(scope=issue) for issue in wanted]


def _fetch_body(client: SentryClient, work: Work, cursor: str | None, look: Look) -> Page:
    return client.issue_event(work.scope, "latest")


def _harvest_body(page: Page, work: Work, look: Look) -> Harvest:
    records, rejects = sift_one(page.body, lambda raw: [parse_event(raw), parse_event_body(raw, page.server_time)])
    return Harvest(records, sum(isinstance(record, Event) for record in records), rejects)


EXPLORE = Stream(
    name="events",
    resource="events",
    lane=Lane.WARM,
    plan=_plan,
    fetch=_fetch,
    harvest=_harvest,
    source="explore",
    needs="explore.errors",
    covers="events",
    resolution=explore.SECOND,
    paged=True,
    page_limit=explore.PAGE_LIMIT,
    finest=BUSIEST,
    widest=DAY,
    grain=explore.SECOND,
)

BY_PROJECT = Stream(
    name="events",
    resource="events",
    lane=Lane.WARM,
    plan=_plan_projects,
    fetch=_fetch_project,
    harvest=_harvest_list,
    source="project_events",
    needs="project_events",
    covers="events",
    resolution=explore.SECOND,
    paged=True,
    absent_is_empty=True,
)

BY_ISSUE = Stream(
    name="events",
    resource="events",
    lane=Lane.WARM,
    plan=_plan_issues,
    fetch=_fetch_issue,
    harvest=_harvest_list,
    source="issue_events",
    covers="events",
    resolution=explore.SECOND,
    paged=True,
    absent_is_empty=True,
)

BODIES = Stream(
    name="event_bodies",
    resource="events",
    lane=Lane.BACKFILL,
    plan=_plan_bodies,
    fetch=_fetch_body,
    harvest=_harvest_body,
    source="issue_events",
    absent_is_empty=True,
)

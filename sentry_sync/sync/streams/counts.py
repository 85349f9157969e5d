"""Hourly error counts, and which issues have events in which environment: both grouped by the server."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sentry_sync.records.budget import Lane
from sentry_sync.records.event import PROJECT, ErrorCount, parse_error_count
from sentry_sync.records.fields import Malformed, Raw, moment, required, text
from sentry_sync.records.issue import IssueEnvironment
from sentry_sync.store.types import MICROSECOND
from sentry_sync.sync.headway import reached
from sentry_sync.sync.plan import DAY, HOUR, OVERLAP, windows_due
from sentry_sync.sync.stream import Harvest, Look, Stream, Work, sift
from sentry_sync.sync.streams import explore
from sentry_sync.sync.streams.issues import SEARCH_DAYS

if TYPE_CHECKING:
    from sentry_sync.sentry.client import Page, SentryClient

COUNT_FIELDS = (
    PROJECT,
    "issue.id",
    "environment",
    "release",
    "timestamp.to_hour",
    "count()",
    "count_unique(user)",
)
COUNT_SORT = ("-timestamp.to_hour", "issue.id", "environment", "release")

PAIR_FIELDS = (PROJECT, "issue.id", "environment", "min(timestamp)", "max(timestamp)")
PAIR_SORT = ("-max(timestamp)", "issue.id", "environment")

PAIR_CHUNK = timedelta(days=30)
"""Three windows to Sentry's 90 days; a busy organization's are cut shorter by the offset cap as they go."""


def _plan_counts(look: Look) -> list[Work]:
    windows = windows_due(
        look.window(look.policy.days("counts")),
        look.state.coverage("error_counts"),
        bucket=HOUR,
        chunk=DAY,
        settle=HOUR,
    )
    return [Work(window=window) for window in windows]


def _fetch_counts(client: SentryClient, work: Work, cursor: str | None, look: Look) -> Page:
    return explore.ask(client, "errors", work.span, cursor, fields=COUNT_FIELDS, sort=COUNT_SORT)


def _harvest_counts(page: Page, work: Work, look: Look) -> Harvest:
    records, rejects = sift(explore.rows(page), _count)
    return Harvest(
        records,
        len(records),
        rejects,
        # The oldest hour on the page may go on, on the next one.
        reached=reached([record.hour for record in records], work.span, HOUR),
        approximate=explore.approximate(page),
    )


def _count(raw: Raw) -> ErrorCount:
    return parse_error_count(raw, _time(raw, "timestamp.to_hour"))


def _plan_pairs(look: Look) -> list[Work]:
    windows = windows_due(
        look.window(SEARCH_DAYS),
        look.state.coverage("issue_environments"),
        bucket=MICROSECOND,
        chunk=PAIR_CHUNK,
        settle=OVERLAP,
    )
    return [Work(window=window) for window in windows]


def _fetch_pairs(client: SentryClient, work: Work, cursor: str | None, look: Look) -> Page:
    return explore.ask(client, "errors", work.span, cursor, fields=PAIR_FIELDS, sort=PAIR_SORT)


def _harvest_pairs(page: Page, work: Work, look: Look) -> Harvest:
    records, rejects = sift(explore.rows(page), _pair)
    return Harvest(
        records,
        len(records),
        rejects,
        # The second of the oldest row may go on, on the next page.
        reached=reached([record.last_seen for record in records], work.span, explore.SECOND),
        approximate=explore.approximate(page),
    )


def _pair(raw: Raw) -> IssueEnvironment:
    return IssueEnvironment(
        issue_id=required(raw, "issue.id"),
        environment=text(raw, "environment") or "",
        project_id=required(raw, PROJECT),
        first_seen=_time(raw, "min(timestamp)"),
        last_seen=_time(raw, "max(timestamp)"),
    )


def _time(raw: Raw, name: str) -> datetime:
    found = moment(raw, name)
    if found is None:
        raise Malformed(f"{name} is missing")
    return found


ERROR_COUNTS = Stream(
    name="error_counts",
    resource="events",
    lane=Lane.WARM,
    plan=_plan_counts,
    fetch=_fetch_counts,
    harvest=_harvest_counts,
    source="explore",
    needs="explore.errors",
    covers="error_counts",
    resolution=HOUR,
    replaces=("error_counts", "hour"),
    paged=True,
    page_limit=explore.PAGE_LIMIT,
    widest=DAY,
)

ISSUE_ENVIRONMENTS = Stream(
    name="issue_environments",
    resource="events",
    lane=Lane.WARM,
    plan=_plan_pairs,
    fetch=_fetch_pairs,
    harvest=_harvest_pairs,
    source="explore",
    needs="explore.errors",
    covers="issue_environments",
    resolution=explore.SECOND,
    paged=True,
    page_limit=explore.PAGE_LIMIT,
    widest=PAIR_CHUNK,
    grain=explore.SECOND,
)

"""Releases, their deploys, and the health of each day."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sentry_sync.errors import SchemaDrift
from sentry_sync.records.budget import Lane
from sentry_sync.records.fields import Malformed, Raw, mapping
from sentry_sync.records.intervals import floor
from sentry_sync.records.release import (
    Release,
    ReleaseGone,
    parse_deploy,
    parse_health,
    parse_release,
    release_projects,
)
from sentry_sync.sentry.page import Page
from sentry_sync.sync.plan import DAY, windows_due
from sentry_sync.sync.stream import Harvest, Look, Stream, Work, linked, sift

if TYPE_CHECKING:
    from sentry_sync.sentry.client import SentryClient
    from sentry_sync.store.unit_of_work import Pass, UnitOfWork

CREATED_OVERLAP = timedelta(days=1)
"""Sentry creates releases it first sees through sessions with a date in the past."""

EXPLICIT_PROJECTS = 50
"""Up to here project ids are named one by one: ``-1`` means nothing to GlitchTip; more make URLs too long."""

DEPLOYS_PER_RUN = 5
"""Deploys cost a request a release, once a list shows that there is a new one: the newest first, a few a run."""

CONFIRMED_PER_RUN = 20
"""Releases a run asks for by their version because a sweep did not show them: a fifth of a minute's budget."""

NAME, SWEEP_NAME, CONFIRM_NAME = "releases", "releases.sweep", "releases.confirm"

HEALTH_FIELDS = (
    "sum(session)",
    "count_unique(user)",
    "crash_free_rate(session)",
    "crash_free_rate(user)",
)
HEALTH_GROUPS = ("project", "release", "environment")

LATE_SESSIONS = timedelta(hours=3)
"""Sessions arrive late: yesterday is read again until three in the morning."""


def projects_to_name(look: Look) -> tuple[str, ...]:
    """What to send as ``project``: the ids, or -1 for all where they are unknown or too many."""
    ids = tuple(sorted(look.projects.values()))
    return ids if 0 < len(ids) <= EXPLICIT_PROJECTS else ("-1",)


def _plan(look: Look) -> list[Work]:
    return [Work()]


def _fetch(client: SentryClient, work: Work, cursor: str | None, look: Look) -> Page:
    return linked(client.releases(cursor=cursor, project_ids=projects_to_name(look)), cursor)


def _harvest(page: Page, work: Work, look: Look) -> Harvest:
    """A page, newest first; enough when it reaches releases that were already there at the last mark."""
    found = _harvest_sweep(page, work, look)
    created = [row.date_created for row in found.records if isinstance(row, Release) and row.date_created]
    mark = look.state.mark(NAME)
    enough = mark is not None and bool(created) and min(created) < mark.mark - CREATED_OVERLAP
    return replace(found, enough=enough)


def _plan_sweep(look: Look) -> list[Work]:
    """As old as a sweep may be after the last one; the first sync was one."""
    mark = look.state.mark(SWEEP_NAME)
    return [Work()] if mark and look.now - mark.as_of >= look.age else []


def _fetch_sweep(client: SentryClient, work: Work, cursor: str | None, look: Look) -> Page:
    page = client.releases(cursor=cursor, project_ids=projects_to_name(look), status="")
    return linked(page, cursor)


def _harvest_sweep(page: Page, work: Work, look: Look) -> Harvest:
    records, rejects = sift(page.body, lambda raw: _release(raw, page, look))
    return Harvest(records, sum(isinstance(record, Release) for record in records), rejects)


def _settle_first(uow: UnitOfWork, run: Pass) -> None:
    """The first pass lists everything: the sweeps count from there."""
    uow.mark_first(SWEEP_NAME, run.scope, run.started_at)


def _settle_sweep(uow: UnitOfWork, run: Pass) -> None:
    uow.settle_releases(run.started_at)


def _plan_confirm(look: Look) -> list[Work]:
    """Absence from a list is no proof: rows shift between its pages when others go."""
    swept = look.state.mark(SWEEP_NAME)
    missed = look.state.releases_missed(swept.as_of, CONFIRMED_PER_RUN) if swept else []
    return [Work(scope=version) for version in missed]


def _fetch_confirm(client: SentryClient, work: Work, cursor: str | None, look: Look) -> Page:
    page = client.release(work.scope)
    return replace(page, body=[page.body], next_cursor=None)


def _gone(work: Work, cursor: str | None, look: Look, at: datetime) -> Page:
    """404 for a version: there is no such release any more."""
    return Page([], None, has_link=False, server_time=at, hits=None, headers={})


def _harvest_confirm(page: Page, work: Work, look: Look) -> Harvest:
    if not page.body:
        return Harvest([ReleaseGone(work.scope, page.server_time)], 1)
    return _harvest_sweep(page, work, look)


def _release(raw: Raw, page: Page, look: Look) -> list[Any]:
    release = parse_release(raw, page.server_time)
    records: list[Any] = [release, *release_projects(raw, page.server_time, look.projects)]
    if raw.get("lastDeploy"):
        records.append(parse_deploy(mapping(raw["lastDeploy"], "lastDeploy"), release.version))
    return records


def _plan_deploys(look: Look) -> list[Work]:
    wanted = look.state.releases_wanting_deploys(DEPLOYS_PER_RUN)
    return [Work(scope=version) for version in wanted]


def _harvest_deploys(page: Page, work: Work, look: Look) -> Harvest:
    records, rejects = sift(page.body, lambda raw: parse_deploy(raw, work.scope))
    return Harvest(records, len(records), rejects)


def _plan_health(look: Look) -> list[Work]:
    windows = windows_due(
        look.window(look.policy.days("health")),
        look.state.coverage("release_health"),
        bucket=DAY,
        chunk=DAY,
        settle=LATE_SESSIONS,
    )
    return [Work(window=window) for window in windows]


def _fetch_health(client: SentryClient, work: Work, cursor: str | None, look: Look) -> Page:
    return client.sessions(
        fields=HEALTH_FIELDS,
        group_by=HEALTH_GROUPS,
        start=work.span.start,
        end=work.span.end,
        interval="1d",
    )


def _harvest_health(page: Page, work: Work, look: Look) -> Harvest:
    groups = page.body.get("groups") if isinstance(page.body, dict) else None
    if not isinstance(groups, list):
        raise SchemaDrift("the sessions answer has no list of groups")
    bucket, rejects = floor(work.span.start, DAY), list[str]()
    try:
        records = parse_health(groups, bucket)
    except Malformed:
        # One odd group would make every other's adoption wrong, so the good ones are worked out without it.
        good, rejects = sift(groups, lambda group: parse_health([group], bucket) and [group])
        records = parse_health(good, bucket)
    return Harvest(records, len(records), rejects, approximate=len(groups) >= GROUP_LIMIT)


GROUP_LIMIT = 5000
"""Sentry's own cap on groups in one sessions answer: at the cap, some are missing."""

RELEASES = Stream(
    name=NAME,
    resource="releases",
    lane=Lane.HOT,
    plan=_plan,
    fetch=_fetch,
    harvest=_harvest,
    source="releases",
    finish=_settle_first,
    paged=True,
)

SWEEP = Stream(
    name=SWEEP_NAME,
    resource="releases",
    lane=Lane.WARM,
    plan=_plan_sweep,
    fetch=_fetch_sweep,
    harvest=_harvest_sweep,
    source="releases",
    paged=True,
    finish=_settle_sweep,
)

CONFIRM = Stream(
    name=CONFIRM_NAME,
    resource="releases",
    lane=Lane.WARM,
    plan=_plan_confirm,
    fetch=_fetch_confirm,
    harvest=_harvest_confirm,
    absent=_gone,
    source="release",
)

DEPLOYS = Stream(
    name="deploys",
    resource="releases",
    lane=Lane.WARM,
    plan=_plan_deploys,
    fetch=lambda client, work, cursor, look: client.deploys(work.scope, cursor=cursor),
    harvest=_harvest_deploys,
    source="deploys",
    needs="deploys",
    paged=True,
    absent_is_empty=True,
    # A release that is gone is found by the sweep; one that is there has deploys to read.
    absent_is_believed=False,
)

HEALTH = Stream(
    name="release_health",
    resource="releases",
    lane=Lane.WARM,
    plan=_plan_health,
    fetch=_fetch_health,
    harvest=_harvest_health,
    source="sessions",
    needs="sessions",
    covers="release_health",
    resolution=DAY,
    replaces=("release_health", "bucket"),
    finest=DAY,
)

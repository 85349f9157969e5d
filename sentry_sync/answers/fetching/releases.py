"""Releases and their health, fetched for a question that the store could not answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sentry_sync.answers.asking import Learned
from sentry_sync.answers.fetching import streams
from sentry_sync.answers.new_issues import STREAM
from sentry_sync.answers.new_issues import scope as scope_of
from sentry_sync.answers.times import DAY
from sentry_sync.errors import NotFound, NotSupported
from sentry_sync.records.fields import Raw, mapping
from sentry_sync.records.intervals import Interval, floor
from sentry_sync.records.issue import Issue
from sentry_sync.records.release import Release, parse_deploy, parse_release, release_projects
from sentry_sync.sync.stream import Work, sift
from sentry_sync.sync.streams import releases
from sentry_sync.sync.streams.issues import harvest_issues

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sentry_sync.answers.live import Live
    from sentry_sync.answers.locating import Project
    from sentry_sync.sentry.page import Page
    from sentry_sync.store.unit_of_work import UnitOfWork

MOST_PAGES = 3
"""300 releases: the sync reads the rest."""

HEALTH_DAYS = 2
"""Today and yesterday: each day is a request."""


def list_releases(live: Live, project: Project, scope: str) -> Learned:
    """The project's newest releases, up to 300."""
    found: list[list[Any]] = []
    rejects: list[str] = []
    at: datetime | None = None
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = live.client.releases(project_ids=(project.id,), cursor=cursor)
        releases_read, refused = _read(page.body, page, project)
        found += releases_read
        rejects += refused
        at = at or page.server_time
        cursor = page.next_cursor
        if cursor is None:
            break
    read_at, whole = at or live.now(), cursor is None

    def write(uow: UnitOfWork) -> None:
        uow.upsert(record for release in found for record in release)
        if not rejects:
            uow.mark("releases.asked", scope if whole else newest_only(scope), read_at, read_at)

    live.write(write)
    notes = _unread(rejects) if whole else (*_unread(rejects), f"only the {len(found)} newest releases were read")
    return Learned(read_at, notes, complete=not rejects, more=not whole)


def newest_only(scope: str) -> str:
    """Under which name it is remembered that a project's newest releases were read, and not all."""
    return f"{scope}|newest"


def new_issues(live: Live, project: Project, version: str) -> Learned:
    """The issues that Sentry finds to be first seen in a release; of those with events in the last 90 days."""
    page = live.client.issues(
        query=f'firstRelease:"{version}"', sort="date", start=None, end=None, project_ids=(project.id,)
    )
    harvest = harvest_issues(page.body, page.server_time)
    records = [replace(one, first_release=version) if isinstance(one, Issue) else one for one in harvest.records]
    complete = page.next_cursor is None and not harvest.rejects

    def write(uow: UnitOfWork) -> None:
        uow.upsert(records)
        if complete:
            uow.mark(STREAM, scope_of(project.id, version), page.server_time, page.server_time)

    live.write(write)
    notes = () if complete else ("only the 100 newest of the issues that are new in the release were read",)
    return Learned(page.server_time, notes, complete=complete)


def find_release(live: Live, project: Project, version: str) -> Learned:
    """One release by its full version, else those of the project with that short version."""
    try:
        page = live.client.release(version)
        rows: Any = [page.body]
    except (NotFound, NotSupported):
        page = live.client.releases(project_ids=(project.id,), query=version)
        rows = page.body
    found, rejects = _read(rows, page, project)
    named = [release for release in found if version in (release[0].version, release[0].short_version)]

    def write(uow: UnitOfWork) -> None:
        uow.upsert(record for release in named for record in release)

    live.write(write)
    notes = list(_unread(rejects))
    if not named and not rejects:
        notes.append("Sentry has no such release in this project")
    elif named and not any(_is_of(release, project) for release in named):
        notes.append("this release exists, but not in this project")
    return Learned(page.server_time, tuple(notes), complete=not rejects)


def read_health(live: Live) -> Learned:
    """The sessions of the last days, of the whole organization: one request a day."""
    at: datetime | None = None
    for day in _days(live.now()):
        found = streams.read(live, releases.HEALTH, Work(window=day), {}, 1)
        at = at or found.at
        _replace(live, day, found)
    return Learned(at or live.now(), (f"health was read for the last {HEALTH_DAYS} days only",))


def _days(now: datetime) -> Iterator[Interval]:
    """The running day as far as it has come, and those before it."""
    today = floor(now, DAY)
    if now > today:
        yield Interval(today, now)
    for ago in range(1, HEALTH_DAYS):
        yield Interval(today - ago * DAY, today - (ago - 1) * DAY)


def _replace(live: Live, day: Interval, found: streams.Reading) -> None:
    """Write a day's health in the place of what was known of it."""
    whole = Interval(day.start, day.start + DAY)

    def write(uow: UnitOfWork) -> None:
        uow.uncover("release_health", "", whole)
        uow.clear("release_health", "bucket", whole)
        uow.upsert(found.records)
        if not found.rejects:
            uow.cover(
                "release_health",
                "",
                day,
                source="sessions",
                approximate=found.approximate,
                resolution=releases.HEALTH.resolution,
            )

    live.write(write)


def _read(rows: Any, page: Page, project: Project) -> tuple[list[list[Any]], list[str]]:
    """Each release of a page with its projects and last deploy."""
    return sift(rows, lambda raw: [_release(raw, page.server_time, project)])


def _release(raw: Raw, at: datetime, project: Project) -> list[Any]:
    release: Release = parse_release(raw, at)
    records: list[Any] = [release, *release_projects(raw, at, {project.slug: project.id})]
    if raw.get("lastDeploy"):
        records.append(parse_deploy(mapping(raw["lastDeploy"], "lastDeploy"), release.version))
    return records


def _is_of(records: list[Any], project: Project) -> bool:
    return any(getattr(record, "project_id", None) == project.id for record in records)


def _unread(rejects: list[str]) -> tuple[str, ...]:
    return (f"{len(rejects)} releases could not be read ({rejects[0]}) and are missing",) if rejects else ()

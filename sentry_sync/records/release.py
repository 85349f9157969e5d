"""Releases, deploys and release health."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sentry_sync.records.fields import Malformed, Raw, flag, integer, mapping, moment, number, required, text


@dataclass(frozen=True, slots=True)
class Release:
    """One version, unique in the organization; it may span projects."""

    version: str
    short_version: str | None
    status: str | None
    ref: str | None
    url: str | None
    date_created: datetime | None
    date_released: datetime | None
    first_event: datetime | None
    last_event: datetime | None
    new_issues: int | None
    """Issues first seen in this release (``newGroups``)."""
    commit_count: int | None
    deploy_count: int | None
    verified_at: datetime


@dataclass(frozen=True, slots=True)
class ReleaseGone:
    """A release is no longer there: asked for by its version, the server had none."""

    version: str
    at: datetime
    """When that was seen."""


@dataclass(frozen=True, slots=True)
class ReleaseProject:
    """A release is of a project."""

    version: str
    project_id: str
    new_issues: int | None
    has_health: bool | None
    verified_at: datetime


@dataclass(frozen=True, slots=True)
class Deploy:
    """A release went out to an environment."""

    id: str
    version: str
    environment: str
    name: str | None
    url: str | None
    date_started: datetime | None
    date_finished: datetime | None


@dataclass(frozen=True, slots=True)
class ReleaseHealth:
    """Sessions of one release, project and environment within one day (``bucket`` is its midnight, UTC).

    Rates are from 0 to 1. ``adoption`` is this release's share of all sessions of its project and environment in
    that day. Rates and users of several days do not add up.
    """

    release: str
    project_id: str
    environment: str
    bucket: datetime
    sessions: int
    users: int | None
    crash_free_sessions: float | None
    crash_free_users: float | None
    adoption: float | None


def parse_release(raw: Raw, at: datetime) -> Release:
    """One row of ``GET /organizations/{org}/releases/``, or a release's detail."""
    return Release(
        version=required(raw, "version"),
        short_version=text(raw, "shortVersion"),
        status=text(raw, "status"),
        ref=text(raw, "ref"),
        url=text(raw, "url"),
        date_created=moment(raw, "dateCreated"),
        date_released=moment(raw, "dateReleased"),
        first_event=moment(raw, "firstEvent"),
        last_event=moment(raw, "lastEvent"),
        new_issues=integer(raw, "newGroups"),
        commit_count=integer(raw, "commitCount"),
        deploy_count=integer(raw, "deployCount"),
        verified_at=at,
    )


def release_projects(raw: Raw, at: datetime, project_ids: Mapping[str, str]) -> Iterator[ReleaseProject]:
    """The projects a release row names; by slug alone on GlitchTip, so ``project_ids`` maps slugs to ids."""
    projects = raw.get("projects")
    for project in projects if isinstance(projects, list) else ():
        row = mapping(project, "projects")
        project_id = text(row, "id") or project_ids.get(required(row, "slug"))
        if project_id:
            yield ReleaseProject(
                version=required(raw, "version"),
                project_id=project_id,
                new_issues=integer(row, "newGroups"),
                has_health=flag(row, "hasHealthData"),
                verified_at=at,
            )


def parse_deploy(raw: Raw, version: str) -> Deploy:
    """One row of ``GET /organizations/{org}/releases/{version}/deploys/``, or a release's ``lastDeploy``."""
    return Deploy(
        id=required(raw, "id"),
        version=version,
        environment=text(raw, "environment") or "",
        name=text(raw, "name"),
        url=text(raw, "url"),
        date_started=moment(raw, "dateStarted"),
        date_finished=moment(raw, "dateFinished"),
    )


def parse_health(groups: list[Raw], bucket: datetime) -> list[ReleaseHealth]:
    """All groups of one day's ``GET /organizations/{org}/sessions/`` by project, release and environment."""
    found = [_health(group, bucket) for group in groups]
    totals: dict[tuple[str, str], int] = {}
    for row in found:
        key = (row.project_id, row.environment)
        totals[key] = totals.get(key, 0) + row.sessions
    return [_with_adoption(row, totals[row.project_id, row.environment]) for row in found]


def _health(group: Raw, bucket: datetime) -> ReleaseHealth:
    row = mapping(group, "the group")
    by = mapping(row.get("by"), "by")
    totals = mapping(row.get("totals"), "totals")
    sessions = integer(totals, "sum(session)")
    if sessions is None:
        raise Malformed("sum(session) is missing")
    return ReleaseHealth(
        release=text(by, "release") or "",
        project_id=required(by, "project"),
        environment=text(by, "environment") or "",
        bucket=bucket,
        sessions=sessions,
        users=integer(totals, "count_unique(user)"),
        crash_free_sessions=number(totals, "crash_free_rate(session)"),
        crash_free_users=number(totals, "crash_free_rate(user)"),
        adoption=None,
    )


def _with_adoption(row: ReleaseHealth, total: int) -> ReleaseHealth:
    return replace(row, adoption=row.sessions / total if total else None)

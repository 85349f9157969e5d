"""Organizations, projects and environments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sentry_sync.records.fields import Raw, flag, mapping, moment, named, required, text


@dataclass(frozen=True, slots=True)
class Organization:
    """``GET /organizations/{org}/``: whose copy this store is."""

    id: str
    slug: str
    name: str | None
    region_url: str | None
    """Where the organization's data lives, from ``links.regionUrl``; None on self-hosted servers."""
    date_created: datetime | None
    verified_at: datetime


@dataclass(frozen=True, slots=True)
class Project:
    """``GET /organizations/{org}/projects/``: one project."""

    id: str
    slug: str
    name: str | None
    platform: str | None
    status: str | None
    date_created: datetime | None
    first_event: datetime | None
    has_sessions: bool | None
    has_transactions: bool | None
    verified_at: datetime


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment of a project; ``project_id`` is empty where the server names it for the organization."""

    project_id: str
    name: str
    verified_at: datetime


@dataclass(frozen=True, slots=True)
class ProjectStats:
    """What a project received in the 24 hours before ``as_of``; None where the server can't tell."""

    project_id: str
    events_24h: int | None
    errors_24h: int | None
    sessions_24h: int | None
    as_of: datetime


def parse_organization(raw: Raw, at: datetime) -> Organization:
    """One organization as it stood at ``at``."""
    return Organization(
        id=required(raw, "id"),
        slug=required(raw, "slug"),
        name=text(raw, "name"),
        region_url=text(mapping(raw.get("links"), "links"), "regionUrl"),
        date_created=moment(raw, "dateCreated"),
        verified_at=at,
    )


def parse_project(raw: Raw, at: datetime) -> Project:
    """One project as it stood at ``at``; an empty platform is None."""
    return Project(
        id=required(raw, "id"),
        slug=required(raw, "slug"),
        name=text(raw, "name"),
        platform=text(raw, "platform") or None,
        status=text(raw, "status") or "active",
        date_created=moment(raw, "dateCreated"),
        first_event=moment(raw, "firstEvent"),
        has_sessions=flag(raw, "hasSessions"),
        has_transactions=flag(raw, "firstTransactionEvent"),
        verified_at=at,
    )


def project_environments(raw: Raw, at: datetime) -> Iterator[Environment]:
    """The environments a project row names (Sentry lists them there; GlitchTip does not)."""
    names = raw.get("environments")
    for name in dict.fromkeys(map(named, names if isinstance(names, list) else ())):
        if name:
            yield Environment(project_id=required(raw, "id"), name=name, verified_at=at)


def parse_environment(raw: Raw, at: datetime) -> Environment:
    """One row of ``GET /organizations/{org}/environments/``."""
    return Environment(project_id="", name=required(raw, "name"), verified_at=at)

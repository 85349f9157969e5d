"""What GlitchTip writes: fewer fields than Sentry, some of them of other types."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sentry_sync.simulator.api import event_bodies, issue_rows
from sentry_sync.simulator.seeded import mix
from sentry_sync.simulator.world.issues import Issue
from sentry_sync.simulator.world.people import Team
from sentry_sync.simulator.world.projects import Project
from sentry_sync.simulator.world.releases import Release
from sentry_sync.simulator.world.world import World

_AVATAR = {"avatarType": "", "avatarUuid": None}


def iso(micros: int) -> str:
    """`2026-11-22T10:32:14.021Z`: three digits of the second."""
    text = datetime.fromtimestamp(micros // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{micros % 1_000_000 // 1_000:03d}Z"


def received(world: World, event: int) -> int:
    """When an event was received, in microseconds: no two are equal."""
    return world.index.received[event] * 1_000_000 + mix(world.seed, event) % 1_000_000


def last_seen(world: World, issue: Issue) -> int:
    """The issue's last event in microseconds."""
    return world.index.timestamp[issue.events[-1]] * 1_000_000 + mix(world.seed, issue.events[-1]) % 1_000_000


def first_seen(world: World, issue: Issue) -> int:
    """The issue's first event in microseconds."""
    return world.index.timestamp[issue.events[0]] * 1_000_000 + mix(world.seed, issue.events[0]) % 1_000_000


def organization(world: World) -> dict[str, Any]:
    """The organization."""
    return {
        "name": world.organization.title(),
        "id": "1",
        "dateCreated": iso((world.start - 86_400) * 1_000_000 + 206_000),
        "status": {"id": "active", "name": "active"},
        "avatar": _AVATAR,
        "isEarlyAdopter": False,
        "require2fa": False,
        "slug": world.organization,
        "isAcceptingEvents": True,
        "eventThrottleRate": 0,
    }


def project(found: Project) -> dict[str, Any]:
    """A project."""
    return {
        "name": found.slug,
        "slug": found.slug,
        "id": found.id,
        "avatar": _AVATAR,
        "color": "",
        "features": [],
        "hasAccess": True,
        "isBookmarked": False,
        "isInternal": False,
        "isMember": True,
        "isPublic": False,
        "scrubIPAddresses": True,
        "dateCreated": iso(found.created * 1_000_000 + 413_000),
        "platform": found.platform,
        "firstEvent": iso(found.created * 1_000_000 + 600_326_000),
        "eventThrottleRate": 0,
    }


def team(world: World, found: Team) -> dict[str, Any]:
    """A team with its projects."""
    return {
        "id": found.id,
        "slug": found.slug,
        "dateCreated": iso(world.start * 1_000_000),
        "isMember": True,
        "memberCount": 1,
        "projects": [project(one) for one in world.projects if one.team is found],
    }


def status(found: Issue) -> str:
    """The stored status: nothing is derived, and a deletion that waits is not shown."""
    return found.stored_status if found.stored_status in ("resolved", "ignored") else "unresolved"


def issue(world: World, found: Issue) -> dict[str, Any]:
    """An issue: no lifetime, substatus, priority, category; no users counted; culprit empty."""
    return {
        "id": found.id,
        "count": str(found.count),
        "type": "error" if found.kind.type else "default",
        "level": found.level,
        "status": status(found),
        "project": {
            "id": found.project.id,
            "platform": found.project.platform,
            "slug": found.project.slug,
            "name": found.project.slug,
        },
        "shortId": found.short_id,
        "numComments": 0,
        "stats": {"24h": []},
        "shareId": None,
        "logger": None,
        "permalink": f"http://glitchtip.example/{world.organization}/issues/{found.id}",
        "statusDetails": {},
        "subscriptionDetails": None,
        "userCount": 0,
        "matchingEventId": None,
        "firstSeen": iso(first_seen(world, found)),
        "lastSeen": iso(last_seen(world, found)),
        "title": found.kind.title[:255],
        "metadata": {} if found.kind.type is None else _metadata(found),
        "culprit": "",
    }


def _metadata(found: Issue) -> dict[str, Any]:
    metadata = issue_rows.metadata(found)
    return {name: metadata[name] for name in ("type", "value", "filename", "function")}


def event(world: World, number: int) -> dict[str, Any]:
    """An event: always whole, ids of other types than Sentry's, errors null."""
    whole = event_bodies.body(world, number)
    moment = world.index.timestamp[number] * 1_000_000 + mix(world.seed, number) % 1_000_000
    kept = ("platform", "id", "eventID", "groupID", "dist", "packages", "type", "metadata", "tags",
            "entries", "contexts", "context", "user", "sdk", "title")  # fmt: skip
    found = {name: whole[name] for name in kept}
    return found | {
        "errors": None,
        "projectID": int(whole["projectID"]),
        "dateCreated": iso(moment),
        "dateReceived": iso(received(world, number)),
        "culprit": whole["culprit"][:255],
        "message": whole["title"],
        "metadata": {name: whole["metadata"].get(name) for name in ("type", "value", "filename", "function")},
    }


_SNAKE = {
    "eventID": "event_id", "projectID": "project_id", "groupID": "group_id", "dateCreated": "date_created",
    "dateReceived": "date_received",
}  # fmt: skip


def snake(row: dict[str, Any]) -> dict[str, Any]:
    """The row as the events of an issue are listed: other names for the same fields."""
    return {_SNAKE.get(name, name): value for name, value in row.items()}


def created(found: Release) -> int:
    """When the release was created, in microseconds: no two are equal."""
    return found.created * 1_000_000 + found.number


def release(found: Release) -> dict[str, Any]:
    """A release: nothing about events or new issues."""
    return {
        "ref": None,
        "dateReleased": iso(found.released * 1_000_000) if found.released else None,
        "version": found.version,
        "dateCreated": iso(created(found)),
        "shortVersion": found.version,
        "projects": [{"name": one.slug, "slug": one.slug} for one in found.projects],
        "url": None,
        "data": {},
        "deployCount": 0,
    }

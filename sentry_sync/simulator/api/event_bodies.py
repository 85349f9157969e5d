"""An event as its lists and as its body show it; the body is made on demand from the event's number."""

from __future__ import annotations

from random import Random
from typing import Any

from sentry_sync.simulator.moments import micro, zulu
from sentry_sync.simulator.seeded import mix
from sentry_sync.simulator.world import event_tags
from sentry_sync.simulator.world.issues import Issue
from sentry_sync.simulator.world.people import EndUser
from sentry_sync.simulator.world.stacktraces import exception
from sentry_sync.simulator.world.world import World

from . import issue_rows

_CATEGORIES = (
    ("ui.click", "ui", "button#pay"),
    ("navigation", "navigation", None),
    ("query", "query", "SELECT … FROM orders"),
    ("xhr", "http", None),
    ("console", "debug", "retrying"),
    ("auth", "info", "session renewed"),
)
_UNTOUCHED = ("user", "context", "contexts", "message", "packages", "sdk")
"""Parts of which the server says that nothing was taken out or cut."""
_SDKS = {"javascript": "sentry.javascript.react", "python": "sentry.python", "java": "sentry.java.spring-boot"}


def user_row(user: EndUser | None) -> dict[str, Any] | None:
    """The person of an event."""
    if user is None:
        return None
    return {
        "id": user.id,
        "email": user.email,
        "username": user.username,
        "ip_address": user.ip_address,
        "name": user.name,
        "geo": {"country_code": "DE", "city": "Berlin", "region": "Germany"},
        "data": None,
    }


def tag_rows(world: World, event: int) -> list[dict[str, str]]:
    """The event's tags as a list of key and value."""
    return [{"key": key, "value": value} for key, value in sorted(event_tags.tags(world, event).items())]


def row(world: World, event: int) -> dict[str, Any]:
    """A row of a list that is not `full`: no stack trace, no time of receipt."""
    issue, identity = _issue(world, event), world.event_id(event)
    return {
        "id": identity,
        "eventID": identity,
        "groupID": issue.id,
        "projectID": issue.project.id,
        "event.type": "error" if issue.kind.type else "default",
        "title": issue.kind.title,
        "message": issue.kind.value if issue.kind.type is None else "",
        "location": f"{issue.kind.filename}:{issue.kind.function}",
        "culprit": issue.kind.transaction,
        "platform": issue.project.event_platform,
        "user": user_row(world.end_user(event)),
        "tags": tag_rows(world, event),
        "dateCreated": zulu(world.index.timestamp[event]),
        "crashFile": None,
        "metadata": issue_rows.metadata(issue),
    }


def body(world: World, event: int) -> dict[str, Any]:
    """The whole event, as `full` lists and the detail endpoints give it."""
    issue, index = _issue(world, event), world.index
    draw = mix(world.seed ^ 0xB0D1, event)
    random = Random(draw)
    found = row(world, event)
    del found["event.type"]
    release, platform = world.release_of(event), issue.project.event_platform
    return found | {
        "type": "error" if issue.kind.type else "default",
        "dist": None,
        "size": 2_000 + draw % 30_000,
        "errors": [],
        "dateCreated": micro(index.timestamp[event], draw % 1_000_000),
        "dateReceived": micro(index.received[event], draw % 1_000_000),
        "entries": _entries(issue, world, event, random),
        "contexts": _contexts(issue, event, draw),
        "context": {"attempt": draw % 5, "feature_flags": {"new_checkout": bool(draw & 1)}},
        "packages": {"requests": "2.32.3"} if platform == "python" else {},
        "sdk": {"name": _SDKS.get(platform, f"sentry.{platform}"), "version": "8.41.0"},
        "fingerprints": [f"{mix(world.seed, issue.number):032x}"],
        "groupingConfig": {"id": "newstyle:2023-01-11", "enhancements": "none"},
        "_meta": {**dict.fromkeys(_UNTOUCHED), "entries": {}, "tags": {}},
        "occurrence": None,
        "userReport": None,
        "resolvedWith": [],
        "release": issue_rows.release_stub(release),
        "sdkUpdates": [],
        "nextEventID": None,
        "previousEventID": None,
    }


def neighbours(world: World, issue: Issue, event: int) -> dict[str, Any]:
    """The ids of the events before and after in the same issue: only detail endpoints tell them."""
    place = issue.events.index(event)
    before = world.event_id(issue.events[place - 1]) if place > 0 else None
    after = world.event_id(issue.events[place + 1]) if place + 1 < len(issue.events) else None
    return {"previousEventID": before, "nextEventID": after}


def _issue(world: World, event: int) -> Issue:
    return world.by_number[world.index.issue[event]]


def _entries(issue: Issue, world: World, event: int, random: Random) -> list[dict[str, Any]]:
    platform, kind = issue.project.event_platform, issue.kind
    entries: list[dict[str, Any]] = []
    if kind.type is None:
        entries.append({"type": "message", "data": {"message": kind.value, "formatted": kind.value, "params": []}})
    else:
        entries.append({"type": "exception", "data": exception(kind, platform, random)})
    entries.append({"type": "breadcrumbs", "data": {"values": _breadcrumbs(issue, world, event, random)}})
    if platform not in ("android", "cocoa"):
        entries.append({"type": "request", "data": _request(issue, random, world.end_user(event))})
    return entries


def _breadcrumbs(issue: Issue, world: World, event: int, random: Random) -> list[dict[str, Any]]:
    moment, crumbs = world.index.timestamp[event], []
    for back in range(random.randrange(3, 9), 0, -1):
        category, kind, message = random.choice(_CATEGORIES)
        data = None
        if kind == "http":
            data = {
                "method": "GET",
                "url": f"/api/v2/orders/{random.randrange(999)}",
                "status_code": random.choice([200, 200, 502]),
            }
        elif category == "auth" and (user := world.end_user(event)):
            message = f"session renewed for {user.email}"
        elif kind == "navigation":
            data = {"from": "/cart", "to": "/checkout"}
        crumbs.append(
            {"type": kind, "category": category, "level": "info", "message": message, "data": data,
             "timestamp": micro(moment - back * 2, random.randrange(1_000_000)), "event_id": None}
        )  # fmt: skip
    if issue.kind.hostile is not None:
        crumbs[-1]["message"] = issue.kind.value
    return crumbs


def _request(issue: Issue, random: Random, user: EndUser | None) -> dict[str, Any]:
    """The request, with what SDKs send of a person that Sentry's own scrubber leaves in."""
    address = user.ip_address if user else "203.0.113.9"
    headers = [
        ["Accept", "application/json"],
        ["Authorization", "[Filtered]"],
        ["X-Forwarded-For", f"{address}, 10.0.0.7"],
        [
            "User-Agent",
            issue.kind.value[:200] if issue.kind.hostile else "Mozilla/5.0 (X11; Linux x86_64) Firefox/132.0",
        ],
    ]
    return {
        "method": random.choice(["GET", "POST"]),
        "url": f"https://shop.example.com{issue.kind.transaction.split(' ')[-1][:200]}",
        "query": [["page", str(random.randrange(9))]],
        "fragment": None,
        "data": {"order_id": random.randrange(10_000), "card": "[Filtered]"},
        "headers": headers,
        "cookies": [["session", "[Filtered]"]],
        "env": {"REMOTE_ADDR": address},
        "inferredContentType": "application/json",
        "apiTarget": None,
    }


def _contexts(issue: Issue, event: int, draw: int) -> dict[str, Any]:
    contexts: dict[str, Any] = {
        "trace": {
            "type": "trace",
            "trace_id": f"{mix(draw, 1):016x}{mix(draw, 2):016x}",
            "span_id": f"{mix(draw, 3):016x}",
            "op": "http.server",
            "status": "internal_error",
        },
        "runtime": {"type": "runtime", "name": issue.project.event_platform, "version": "3.12.7"},
    }
    if issue.project.event_platform in ("android", "cocoa"):
        contexts["device"] = {"type": "device", "family": "phone", "memory_size": 8_000_000_000 + event % 7}
    return contexts

"""The tags of an event, and the values its fields can be searched by; made on demand from its number."""

from __future__ import annotations

from collections.abc import Callable

from sentry_sync.simulator.seeded import choose, mix

from .issues import Issue
from .people import EndUser
from .world import World

_BROWSERS = (
    "Chrome 131.0.0",
    "Chrome 130.0.6723",
    "Firefox 132.0",
    "Safari 18.1",
    "Edge 131.0.2903",
    "Samsung Internet 27",
)
_SYSTEMS = {
    "android": ("Android 14", "Android 13", "Android 15", "Android 12"),
    "cocoa": ("iOS 18.1", "iOS 17.7", "iOS 18.0.1"),
    "javascript": ("Windows 10", "Windows 11", "macOS 15.1", "Linux", "iOS 18.1", "Android 14"),
}  # fmt: skip
_DEVICES = {
    "android": ("Pixel 8", "SM-S921B", "SM-A546E", "moto g84"),
    "cocoa": ("iPhone15,3", "iPhone14,5", "iPad13,4"),
}
_RUNTIMES = {
    "python": "CPython 3.12.7", "node": "node v22.11.0", "java": "OpenJDK 21.0.5", "go": "go1.23.3",
    "ruby": "ruby 3.3.6", "php": "php 8.3.13",
}  # fmt: skip
_REGIONS = ("eu-central-1", "us-east-1", "ap-south-1")


def tags(world: World, event: int) -> dict[str, str]:
    """The event's tags by key."""
    issue = world.by_number[world.index.issue[event]]
    platform, draw = issue.project.event_platform, mix(world.seed ^ 0x7A65, event)
    found = {"level": issue.level, "handled": "yes" if issue.kind.handled else "no"}
    environment, release, user = world.environment_of(event), world.release_of(event), world.end_user(event)
    if environment is not None:
        found["environment"] = environment
    if release is not None:
        found["release"] = release.version
    if user is not None:
        found["user"] = f"id:{user.id}"
    found["transaction"] = issue.kind.transaction[:200]
    found["mechanism"] = "generic" if issue.kind.handled else "onunhandledrejection"
    if platform == "javascript":
        browser = choose(_BROWSERS, draw)
        found |= {"browser": browser, "browser.name": browser.rsplit(" ", 1)[0]}
        found["url"] = f"https://shop.example.com{issue.kind.transaction.replace(':id', str(draw % 9_000))[:150]}"
    if platform in _SYSTEMS:
        system = choose(_SYSTEMS[platform], draw >> 8)
        found |= {"os": system, "os.name": system.split(" ")[0]}
    if platform in _DEVICES:
        found["device"] = choose(_DEVICES[platform], draw >> 16)
    if platform in _RUNTIMES:
        found["runtime"] = _RUNTIMES[platform]
        found["server_name"] = f"{issue.project.slug}-{draw % 4}"
        found["region"] = choose(_REGIONS, draw >> 24)
    if issue.kind.hostile is not None:
        found["customer_note"] = issue.kind.value[:200]
    return found


_OF_ISSUE: dict[str, Callable[[Issue], str | None]] = {
    "title": lambda issue: issue.kind.title,
    "message": lambda issue: issue.kind.value,
    "level": lambda issue: issue.level,
    "transaction": lambda issue: issue.kind.transaction,
    "culprit": lambda issue: issue.kind.transaction,
    "platform": lambda issue: issue.project.event_platform,
    "platform.name": lambda issue: issue.project.event_platform,
    "project": lambda issue: issue.project.slug,
    "project.name": lambda issue: issue.project.slug,
    "project.id": lambda issue: issue.project.id,
    "issue": lambda issue: issue.short_id,
    "issue.id": lambda issue: issue.id,
    "event.type": lambda issue: "error" if issue.kind.type else "default",
    "error.type": lambda issue: issue.kind.type,
    "error.value": lambda issue: issue.kind.value,
    "error.handled": lambda issue: "1" if issue.kind.handled else "0",
    "error.unhandled": lambda issue: "0" if issue.kind.handled else "1",
}
_OF_USER: dict[str, Callable[[EndUser], str]] = {
    "user": lambda user: f"id:{user.id}",
    "user.id": lambda user: user.id,
    "user.email": lambda user: user.email,
    "user.ip": lambda user: user.ip_address,
    "user.username": lambda user: user.username,
    "user.display": lambda user: user.email,
}
ISSUE_FIELDS = frozenset(_OF_ISSUE)
"""Fields all events of an issue share."""


def field(world: World, event: int, key: str) -> str | None:
    """The value of one field or tag of the event, as search and Explore name it."""
    if key in _OF_ISSUE:
        return _OF_ISSUE[key](world.by_number[world.index.issue[event]])
    if key in _OF_USER:
        user = world.end_user(event)
        return None if user is None else _OF_USER[key](user)
    if key == "environment":
        return world.environment_of(event)
    if key == "release":
        release = world.release_of(event)
        return release.version if release else None
    if key == "id":
        return world.event_id(event)
    return tags(world, event).get(key.removeprefix("tags[").removesuffix("]"))

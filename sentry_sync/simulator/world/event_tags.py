"""The tags of an event, and the values its fields can be searched by; made on demand from its number."""

from __future__ import annotations

from sentry_sync.simulator.seeded import choose, mix

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


def field(world: World, event: int, key: str) -> str | None:
    """The value of one field or tag of the event, as search and Explore name it."""
    issue = world.by_number[world.index.issue[event]]
    if key in ("environment", "environment.name"):
        return world.environment_of(event)
    if key == "release":
        release = world.release_of(event)
        return release.version if release else None
    if key.startswith("user.") or key == "user":
        user = world.end_user(event)
        if user is None:
            return None
        values = {
            "user": f"id:{user.id}", "user.id": user.id, "user.email": user.email, "user.ip": user.ip_address,
            "user.username": user.username, "user.display": user.email,
        }  # fmt: skip
        return values.get(key)
    simple = {
        "id": lambda: world.event_id(event),
        "title": lambda: issue.kind.title,
        "message": lambda: issue.kind.value,
        "level": lambda: issue.level,
        "transaction": lambda: issue.kind.transaction,
        "culprit": lambda: issue.kind.transaction,
        "platform": lambda: issue.project.event_platform,
        "platform.name": lambda: issue.project.event_platform,
        "project": lambda: issue.project.slug,
        "project.name": lambda: issue.project.slug,
        "project.id": lambda: issue.project.id,
        "issue": lambda: issue.short_id,
        "issue.id": lambda: issue.id,
        "event.type": lambda: "error" if issue.kind.type else "default",
        "error.type": lambda: issue.kind.type,
        "error.value": lambda: issue.kind.value,
        "error.handled": lambda: "1" if issue.kind.handled else "0",
        "error.unhandled": lambda: "0" if issue.kind.handled else "1",
    }
    if key in simple:
        return simple[key]()
    return tags(world, event).get(key.removeprefix("tags[").removesuffix("]"))

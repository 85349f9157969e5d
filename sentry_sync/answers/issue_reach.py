"""How far back the store knows the organization's issues, and in which environments they were. Pure."""

from __future__ import annotations

from sentry_sync.answers.misses import Reach, reach
from sentry_sync.store.reads.knowledge import Knowledge


def reach_of(known: Knowledge) -> Reach | None:
    """The time in which every issue with an event is known."""
    return _reach(known, "issues.hot", "issues")


def reach_there(known: Knowledge) -> Reach | None:
    """The time in which every issue with an event is known, with its environments."""
    return _both(reach_of(known), _reach(known, "issue_environments", "issue_environments"))


def reach_with_events(known: Knowledge, project_id: str | None) -> Reach | None:
    """The time in which every issue of a project with an event is known, with all those events."""
    return _both(reach_of(known), _reach(known, "events", "events", "", f"project:{project_id}"))


def _both(one: Reach | None, other: Reach | None) -> Reach | None:
    if one is None or other is None:
        return None
    return Reach(max(one.since, other.since), min(one.as_of, other.as_of))


def _reach(known: Knowledge, stream: str, resource: str, *scopes: str) -> Reach | None:
    """How far back a resource is known; time that the server only sampled doesn't count."""
    parts = known.covered(resource, *scopes)
    return reach(known.as_of(stream, *scopes), [part.interval for part in parts if not part.approximate])

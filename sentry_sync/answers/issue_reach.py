"""How far back the store knows the organization's issues, and in which environments they were. Pure."""

from __future__ import annotations

from sentry_sync.answers.misses import Reach, reach
from sentry_sync.store.reads.knowledge import Knowledge


def reach_of(known: Knowledge) -> Reach | None:
    """The time in which every issue with an event is known."""
    return _reach(known, "issues.hot", "issues")


def reach_there(known: Knowledge) -> Reach | None:
    """The time in which every issue with an event is known, with its environments."""
    found, pairs = reach_of(known), _reach(known, "issue_environments", "issue_environments")
    if found is None or pairs is None:
        return None
    return Reach(max(found.since, pairs.since), min(found.as_of, pairs.as_of))


def _reach(known: Knowledge, stream: str, resource: str) -> Reach | None:
    """How far back a resource is known; time that the server only sampled doesn't count."""
    return reach(known.as_of(stream), [part.interval for part in known.covered(resource) if not part.approximate])

"""How fresh the copy of a resource is, for where there is no answer to say it of: beside an error."""

from __future__ import annotations

from typing import Any

from sentry_sync.answers.desk import Desk
from sentry_sync.answers.freshness import Facts, freshness
from sentry_sync.errors import StoreError
from sentry_sync.store.reads import knowledge
from sentry_sync.sync.plan import stale_after

_STREAM = {
    "projects": "projects",
    "issues": "issues.hot",
    "events": "events",
    "releases": "releases",
    "performance": "transactions",
}
"""The stream that reads what is new of each resource."""


def standing(desk: Desk, resource: str) -> dict[str, Any]:
    """The ``freshness`` of what is held of ``resource``; as of nothing where that can't be read."""
    now = desk.clock.now()
    stream = _STREAM.get(resource, "issues.hot")
    try:
        with desk.snapshot() as snapshot:
            as_of = knowledge.read(snapshot, (stream,), ()).as_of(stream)
        next_sync_at = desk.next_sync_at(resource, as_of, now) if resource in _STREAM else None
    except StoreError:
        as_of = next_sync_at = None  # what is wrong with the store is the error that this stands beside
    facts = Facts(as_of, complete=False, stale_after=stale_after(resource if resource in _STREAM else "issues"))
    return freshness(facts, now=now, next_sync_at=next_sync_at)

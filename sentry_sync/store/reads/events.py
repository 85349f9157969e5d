"""Events of an issue, and their bodies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, bindparam, select

from sentry_sync.store import bodies, tables
from sentry_sync.store.reads.knowledge import as_list, listed
from sentry_sync.store.reads.prepared import Prepared, Snapshot
from sentry_sync.store.types import EventId

_events, _bodies = tables.events, tables.event_bodies


def _newest(of_issue: ColumnElement[bool]) -> Prepared:
    order = _events.c.timestamp.desc(), _events.c.event_id
    return Prepared(select(_events).where(of_issue).order_by(*order).limit(bindparam("page")))


_NEWEST = _newest(_events.c.issue_id == bindparam("id"))
_NEWEST_OF_MERGED = _newest(_events.c.issue_id.in_(select(listed("ids").c.value)))
_ONE = Prepared(
    select(_events).where(
        _events.c.project_id == bindparam("project"), _events.c.event_id == bindparam("event", type_=EventId)
    )
)
_BODY = Prepared(
    select(_bodies.c.body, _bodies.c.size).where(
        _bodies.c.project_id == bindparam("project"), _bodies.c.event_id == bindparam("event", type_=EventId)
    )
)


def newest(snapshot: Snapshot, issue_ids: Sequence[str], limit: int) -> list[Any]:
    """The newest events of an issue, which may go by several ids after a merge."""
    if len(issue_ids) == 1:  # read along the index; over several ids SQLite would sort all their events
        return _NEWEST.all(snapshot, {"id": issue_ids[0], "page": limit})
    return _NEWEST_OF_MERGED.all(snapshot, {"ids": as_list(issue_ids), "page": limit})


def one(snapshot: Snapshot, project_id: str, event_id: str) -> Any | None:
    """One event by its 32 hex digits, which are unique within its project."""
    return _ONE.first(snapshot, {"project": project_id, "event": event_id})


def packed_body(snapshot: Snapshot, project_id: str, event_id: str) -> bytes | None:
    """An event's body as it is stored; see :func:`unpacked`, which needs no snapshot."""
    row = _BODY.first(snapshot, {"project": project_id, "event": event_id})
    return row.body if row else None


def unpacked(body: bytes) -> Mapping[str, Any]:
    """A stored body as the server sent it."""
    found: Mapping[str, Any] = orjson.loads(bodies.unpack(body))
    return found

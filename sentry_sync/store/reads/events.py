"""Events of an issue or a project, and their bodies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Text, bindparam, func, select, type_coerce

from sentry_sync.store import bodies, tables
from sentry_sync.store.reads.knowledge import as_list, listed
from sentry_sync.store.reads.prepared import Prepared, Snapshot
from sentry_sync.store.types import EventId, Moment

_events, _bodies = tables.events, tables.event_bodies

LOOKED_THROUGH = 1_000
"""Events that a filter looks through, the newest: each is read from its own place in the file, which takes
microseconds. Sentry's columns are faster for more."""


@dataclass(frozen=True, slots=True)
class Place:
    """Whose events: an issue's, which may go by several ids after a merge, or all of a project."""

    project_id: str
    issue_ids: tuple[str, ...] | None = None

    @property
    def shape(self) -> str:
        """Which statement finds them."""
        if self.issue_ids is None:
            return "project"
        return "issue" if len(self.issue_ids) == 1 else "merged"

    @property
    def given(self) -> dict[str, Any]:
        """The statement's values."""
        if self.issue_ids is None:
            return {"project": self.project_id}
        if len(self.issue_ids) == 1:  # read along the index; over several ids SQLite would sort all their events
            return {"issue": self.issue_ids[0]}
        return {"ids": as_list(self.issue_ids)}


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which of the events; None stands for any."""

    environment: str | None = None
    release: str | None = None
    user_key: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    """An event that was read without its tags has none of them."""

    @property
    def shape(self) -> tuple[bool, bool, bool, int]:
        """Which statement applies it."""
        given = self.environment is not None, self.release is not None, self.user_key is not None
        return (*given, len(self.tags))


def _of(shape: str) -> ColumnElement[bool]:
    if shape == "project":
        return _events.c.project_id == bindparam("project")
    if shape == "issue":
        return _events.c.issue_id == bindparam("issue")
    return _events.c.issue_id.in_(select(listed("ids").c.value))


def _within() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    start, end = bindparam("start", type_=Moment), bindparam("end", type_=Moment)
    return _events.c.timestamp >= start, _events.c.timestamp < end


@cache
def _page(place: str, environment: bool, release: bool, user: bool, tags: int) -> Prepared:
    wanted = [_of(place), *_within()]
    if environment:
        wanted.append(_events.c.environment == bindparam("environment"))
    if release:
        wanted.append(_events.c.release == bindparam("release"))
    if user:
        wanted.append(_events.c.user_key == bindparam("user"))
    for number in range(tags):
        held = func.json_extract(type_coerce(_events.c.tags, Text), bindparam(f"path{number}"), type_=Text)
        wanted.append(held == bindparam(f"tag{number}"))
    order = _events.c.timestamp.desc(), _events.c.event_id
    return Prepared(select(_events).where(*wanted).order_by(*order).limit(bindparam("page")))


@cache
def _edge(place: str) -> Prepared:
    newest = select(_events.c.timestamp).where(_of(place), *_within()).order_by(_events.c.timestamp.desc())
    return Prepared(newest.limit(1).offset(bindparam("skipped")))


@cache
def _untagged(place: str) -> Prepared:
    return Prepared(select(_events.c.timestamp).where(_of(place), *_within(), _events.c.tags.is_(None)).limit(1))


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


def page(snapshot: Snapshot, place: Place, wanted: EventFilter, window: Window, limit: int) -> list[Any]:
    """The newest events in a window that fit the filter, newest first."""
    given = {**place.given, **_bounds(window), "page": limit, "environment": wanted.environment}
    given |= {"release": wanted.release, "user": wanted.user_key}
    for number, (name, value) in enumerate(wanted.tags):
        given |= {f"path{number}": f'$."{name}"', f"tag{number}": value}
    return _page(place.shape, *wanted.shape).all(snapshot, given)


def edge(snapshot: Snapshot, place: Place, window: Window, skipped: int) -> datetime | None:
    """When the newest event in a window behind so many others was; None where there are no more than those."""
    row = _edge(place.shape).first(snapshot, {**place.given, **_bounds(window), "skipped": skipped})
    found: datetime | None = row.timestamp if row else None
    return found


def untagged(snapshot: Snapshot, place: Place, window: Window) -> bool:
    """Whether an event in a window was read without its tags."""
    return _untagged(place.shape).first(snapshot, {**place.given, **_bounds(window)}) is not None


Window = tuple[datetime, datetime]
"""From the first time up to, not including, the second; empty where that is not later."""

FOREVER: Window = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))


def _bounds(window: Window) -> dict[str, Any]:
    return {"start": window[0], "end": window[1]}


def newest(snapshot: Snapshot, issue_ids: Sequence[str], limit: int) -> list[Any]:
    """The newest events of an issue, which may go by several ids after a merge."""
    return page(snapshot, Place("", tuple(issue_ids)), EventFilter(), FOREVER, limit)


def by_ids(snapshot: Snapshot, project_id: str, event_ids: Sequence[str]) -> list[Any]:
    """Those of the events that are held, in no order."""
    return [row for row in (one(snapshot, project_id, event_id) for event_id in event_ids) if row]


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

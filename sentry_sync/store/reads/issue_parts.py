"""What stands around one issue: its counts, environments, changes, tags, newest body, and issues like it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Integer, Text, bindparam, func, select, type_coerce

from sentry_sync.store import tables
from sentry_sync.store.reads.knowledge import as_list, listed
from sentry_sync.store.reads.prepared import Prepared, Snapshot
from sentry_sync.store.types import MICROSECOND, Moment

_counts, _pairs, _history = tables.error_counts, tables.issue_environments, tables.issue_history
_events, _bodies, _issues = tables.events, tables.event_bodies, tables.issues

_SINCE = bindparam("since", type_=Moment)
_STEP = bindparam("step", type_=Integer)


def _bucket(moment: ColumnElement[Any]) -> ColumnElement[Any]:
    """The start of the hour or day of a column of microseconds."""
    found: ColumnElement[Any] = type_coerce(moment - moment.op("%")(_STEP), Moment)
    return found.label("start")


_HOUR = _bucket(type_coerce(_counts.c.hour, Integer))
_COUNT: ColumnElement[Any] = func.sum(_counts.c.count)
_SUMS = Prepared(
    select(_HOUR, _COUNT.label("events"))
    .where(_counts.c.issue_id == bindparam("id"), _counts.c.hour >= _SINCE)
    .group_by(_HOUR)
)
_NEWEST_MOMENTS = (
    select(type_coerce(_events.c.timestamp, Integer).label("moment"))
    .where(_events.c.issue_id == bindparam("id"), _events.c.timestamp >= _SINCE)
    .order_by(_events.c.timestamp.desc())
    .limit(bindparam("most"))
    .subquery()
)
_HAPPENED = _bucket(_NEWEST_MOMENTS.c.moment)
_NUMBER: ColumnElement[Any] = func.count()
_SUMS_OF_EVENTS = Prepared(
    select(_HAPPENED, _NUMBER.label("events")).select_from(_NEWEST_MOMENTS).group_by(_HAPPENED)
)
_SPREAD = Prepared(
    select(
        _counts.c.environment,
        _counts.c.release,
        func.sum(_counts.c.count).label("events"),
        type_coerce(func.min(_counts.c.hour), Moment).label("first_hour"),
        type_coerce(func.max(_counts.c.hour), Moment).label("last_hour"),
    )
    .where(_counts.c.issue_id == bindparam("id"), _counts.c.hour >= _SINCE)
    .group_by(_counts.c.environment, _counts.c.release)
)
_ENVIRONMENTS = Prepared(
    select(_pairs.c.environment, _pairs.c.first_seen, _pairs.c.last_seen)
    .where(_pairs.c.issue_id == bindparam("id"))
    .order_by(_pairs.c.last_seen.desc(), _pairs.c.environment)
)
_CHANGES = Prepared(
    select(_history.c.field, _history.c.after, _history.c.at, _history.c.old, _history.c.new)
    .where(_history.c.issue_id == bindparam("id"), _history.c.field.in_(select(listed("fields").c.value)))
    .order_by(_history.c.at.desc(), _history.c.id.desc())
    .limit(bindparam("most"))
)
_ALIKE = Prepared(
    select(
        *(_issues.c.id, _issues.c.short_id, _issues.c.project_id, _issues.c.title, _issues.c.culprit),
        *(_issues.c.status, _issues.c.count, _issues.c.last_seen),
    )
    .where(_issues.c.exception_type.is_(bindparam("type")), _issues.c.removed_at.is_(None))
    .order_by(_issues.c.last_seen.desc())
    .limit(bindparam("most"))
)
_NEWEST = (
    select(type_coerce(_events.c.tags, Text).label("tags"))
    .where(_events.c.issue_id == bindparam("id"))
    .order_by(_events.c.timestamp.desc())
    .limit(bindparam("looked_at"))
    .subquery()
)
_TAGS = Prepared(select(_NEWEST.c.tags).where(_NEWEST.c.tags.is_not(None)).limit(bindparam("most")))
_TAGGED = Prepared(
    select(_events.c.issue_id, type_coerce(_events.c.tags, Text).label("tags"))
    .where(_events.c.project_id == bindparam("project"), _events.c.tags.is_not(None))
    .order_by(_events.c.timestamp.desc())
    .limit(bindparam("most"))
)
_NEWEST_BODY = Prepared(
    select(_bodies.c.event_id, _bodies.c.timestamp, _bodies.c.body)
    .where(_bodies.c.issue_id == bindparam("id"))
    .order_by(_bodies.c.timestamp.desc())
    .limit(1)
)


def sums(snapshot: Snapshot, issue_id: str, since: datetime, step: timedelta) -> dict[datetime, int]:
    """The errors counted from ``since`` on, by hours or days of UTC; those without any are left out."""
    given = {"id": issue_id, "since": since, "step": step // MICROSECOND}
    return {row.start: row.events for row in _SUMS.all(snapshot, given)}


def sums_of_events(
    snapshot: Snapshot, issue_id: str, since: datetime, step: timedelta, most: int
) -> dict[datetime, int]:
    """The same of the events held, of which at most so many are counted, the newest."""
    given = {"id": issue_id, "since": since, "step": step // MICROSECOND, "most": most}
    return {row.start: row.events for row in _SUMS_OF_EVENTS.all(snapshot, given)}


def spread(snapshot: Snapshot, issue_id: str, since: datetime) -> list[Any]:
    """The errors counted from ``since`` on, by environment and release, with their first and last hour."""
    return _SPREAD.all(snapshot, {"id": issue_id, "since": since})


def environments(snapshot: Snapshot, issue_id: str) -> list[Any]:
    """The environments the issue was seen in and when, the most recent first."""
    return _ENVIRONMENTS.all(snapshot, {"id": issue_id})


def changes(snapshot: Snapshot, issue_id: str, fields: Sequence[str], most: int) -> list[Any]:
    """The newest observed changes of some fields."""
    return _CHANGES.all(snapshot, {"id": issue_id, "fields": as_list(fields), "most": most})


def alike(snapshot: Snapshot, issue_id: str, exception_type: str | None, most: int) -> list[Any]:
    """Other issues of the organization with the same exception (or with none as well), newest first."""
    given = {"type": exception_type, "most": most + 1}
    found = snapshot.once(("alike", exception_type, most), lambda: _ALIKE.all(snapshot, given))
    return [row for row in found if row.id != issue_id][:most]


def own_tags(snapshot: Snapshot, issue_id: str, *, looked_at: int, most: int) -> list[dict[str, str]]:
    """The tags of an issue's newest events, as far as events are held with their tags: of so many at most."""
    rows = _TAGS.all(snapshot, {"id": issue_id, "looked_at": looked_at, "most": most})
    return [orjson.loads(row.tags) for row in rows]


def tags_by_issue(snapshot: Snapshot, project_id: str, most: int) -> dict[str, list[dict[str, str]]]:
    """The tags of a project's newest events that are held with tags, by issue."""
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in _TAGGED.all(snapshot, {"project": project_id, "most": most}):
        found[row.issue_id].append(orjson.loads(row.tags))
    return found


def newest_body(snapshot: Snapshot, issue_id: str) -> Any | None:
    """The newest event held whole: its id, time and packed body."""
    return _NEWEST_BODY.first(snapshot, {"id": issue_id})

"""What verdicts are made of: errors and latencies by hour, sessions by day, issues of a release."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Float,
    FromClause,
    Select,
    Text,
    bindparam,
    func,
    literal_column,
    select,
)

from sentry_sync.records.intervals import Interval
from sentry_sync.store import tables
from sentry_sync.store.reads.knowledge import as_list, listed
from sentry_sync.store.reads.prepared import Prepared, Snapshot
from sentry_sync.store.types import Moment

_counts, _events, _health, _hours, _issues, _history = (
    tables.error_counts.c,
    tables.events.c,
    tables.release_health.c,
    tables.transaction_stats.c,
    tables.issues.c,
    tables.issue_history.c,
)


def _within(table: FromClause, time: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    wanted: BindParameter[str | None] = bindparam("environment", type_=Text)
    return [
        table.c.project_id == bindparam("project"),
        time >= bindparam("start", type_=Moment),
        time < bindparam("end", type_=Moment),
        wanted.is_(None) | (table.c.environment == wanted),
    ]


def _select(*columns: ColumnElement[Any]) -> Select[Any]:
    """``select`` of sums, which would else promise more of its types than a prepared statement takes."""
    return select(*columns)


def _counts_of_issues() -> Select[Any]:
    return (
        select(_counts.issue_id, func.sum(_counts.count).label("events"), func.max(_counts.users).label("users"))
        .where(*_within(tables.error_counts, _counts.hour), _counts.release == bindparam("release"))
        .group_by(_counts.issue_id)
    )


def _events_of_issues() -> Select[Any]:
    """The same, counted from events held one by one."""
    return (
        select(
            _events.issue_id,
            func.count().label("events"),
            func.count(_events.user_key.distinct()).label("users"),
        )
        .where(*_within(tables.events, _events.timestamp), _events.release == bindparam("release"))
        .group_by(_events.issue_id)
    )


def _issues_of(counts: Select[Any]) -> Select[Any]:
    """The issues that happened in a release, the most frequent first."""
    counted = counts.subquery()
    return (
        select(
            _issues.id,
            _issues.short_id,
            _issues.title,
            _issues.level,
            _issues.status,
            _issues.substatus,
            _issues.priority,
            _issues.unhandled,
            _issues.first_seen,
            _issues.last_seen,
            _issues.first_release,
            counted.c.events,
            counted.c.users,
        )
        .join(counted, counted.c.issue_id == _issues.id)
        .where(_issues.removed_at.is_(None))
        .order_by(counted.c.events.desc(), _issues.id)
        .limit(bindparam("page"))
    )


_ERRORS = Prepared(
    select(_counts.release, _counts.hour, func.sum(_counts.count).label("events"))
    .where(*_within(tables.error_counts, _counts.hour))
    .group_by(_counts.release, _counts.hour)
)
_EVENT_HOUR: ColumnElement[Any] = literal_column("events.timestamp - events.timestamp % 3600000000", Moment)
_EVENT_ERRORS = Prepared(
    select(
        func.coalesce(_events.release, literal_column("''", Text)).label("release"),
        _EVENT_HOUR.label("hour"),
        func.count().label("events"),
    )
    .where(*_within(tables.events, _events.timestamp))
    .group_by(literal_column("1"), literal_column("2"))
)
_SESSIONS = Prepared(
    select(
        _health.release,
        _health.bucket,
        func.sum(_health.sessions).label("sessions"),
        func.sum(_health.sessions).filter(_health.crash_free_sessions.is_not(None)).label("ended"),
        func.sum(_health.sessions * (1 - _health.crash_free_sessions)).label("crashed"),
    )
    .where(*_within(tables.release_health, _health.bucket))
    .group_by(_health.release, _health.bucket)
)
_ISSUES_OF = {
    "error_counts": Prepared(_issues_of(_counts_of_issues())),
    "events": Prepared(_issues_of(_events_of_issues())),
}
_REOPENED = Prepared(
    select(_history.issue_id, func.max(_history.at).label("at"))
    .where(
        _history.issue_id.in_(select(listed("ids").c.value)),
        _history.at >= bindparam("start", type_=Moment),
        _history.at <= bindparam("end", type_=Moment),
        ((_history.field == "status") & (_history.old == "resolved") & (_history.new == "unresolved"))
        | ((_history.field == "substatus") & (_history.new == "regressed")),
    )
    .group_by(_history.issue_id)
)
_REQUESTS = Prepared(
    select(_hours.hour, func.sum(_hours.count).label("count"))
    .where(*_within(tables.transaction_stats, _hours.hour))
    .group_by(_hours.hour)
)
_BUSIEST = Prepared(
    select(_hours.environment, _hours.transaction, func.sum(_hours.count).label("count"))
    .where(*_within(tables.transaction_stats, _hours.hour))
    .group_by(_hours.environment, _hours.transaction)
    .order_by(func.sum(_hours.count).desc(), _hours.transaction, _hours.environment)
    .limit(bindparam("page"))
)
_LATENCY = Prepared(
    select(_hours.environment, _hours.transaction, _hours.hour, _hours.count, _hours.p50, _hours.p95)
    .where(
        *_within(tables.transaction_stats, _hours.hour),
        _hours.transaction.in_(select(listed("transactions").c.value)),
    )
    .order_by(_hours.hour)
)
_TARGET: BindParameter[float] = bindparam("target", type_=Float)
_WITHIN = Prepared(
    select(
        _hours.hour,
        func.sum(_hours.count).label("count"),
        func.sum(_hours.count).filter(_hours.p95 <= _TARGET).label("within"),
    )
    .where(*_within(tables.transaction_stats, _hours.hour), _hours.p95.is_not(None))
    .group_by(_hours.hour)
)
_OPEN = Prepared(
    _select(
        func.count().label("unresolved"),
        func.count().filter(_issues.first_seen >= bindparam("since", type_=Moment)).label("new"),
        func.count().filter(_issues.last_seen < bindparam("idle", type_=Moment)).label("idle"),
    ).where(
        _issues.project_id == bindparam("project"), _issues.status == "unresolved", _issues.removed_at.is_(None)
    )
)
_LOOKED = Prepared(
    _select(
        func.min(_issues.known_since).label("since"),
        func.count().label("issues"),
        func.count(_issues.substatus).label("ranked"),
    ).where(_issues.project_id == bindparam("project"))
)
_SETTLED = Prepared(
    _select(
        func.count(_history.issue_id.distinct())
        .filter((_history.new == "resolved") | (_history.new == "ignored"))
        .label("settled"),
        func.count(_history.issue_id.distinct()).filter(_history.new == "unresolved").label("reopened"),
    )
    .join(tables.issues, _issues.id == _history.issue_id)
    .where(
        _issues.project_id == bindparam("project"),
        _history.field == "status",
        _history.at >= bindparam("since", type_=Moment),
    )
)
_ALERTING = Prepared(
    select(
        _issues.id,
        _issues.short_id,
        _issues.title,
        _issues.level,
        _issues.status,
        _issues.substatus,
        _issues.priority,
        _issues.unhandled,
        _issues.first_seen,
        _issues.last_seen,
        _issues.count.label("events"),
    )
    .where(
        _issues.project_id == bindparam("project"),
        _issues.status == "unresolved",
        _issues.removed_at.is_(None),
        _issues.last_seen >= bindparam("since", type_=Moment),
        (_issues.substatus == "escalating")
        | (_issues.substatus == "regressed")
        | ((_issues.substatus == "new") & (_issues.priority == "high")),
    )
    .order_by(_issues.last_seen.desc(), _issues.id)
    .limit(bindparam("page"))
)


def errors(
    snapshot: Snapshot, project_id: str, window: Interval, environment: str | None, *, counted: str
) -> list[Any]:
    """Errors by release and hour (release, hour, events), from the table ``counted``: error_counts or events."""
    statement = _ERRORS if counted == "error_counts" else _EVENT_ERRORS
    return statement.all(snapshot, _given(project_id, window, environment))


def sessions(snapshot: Snapshot, project_id: str, window: Interval, environment: str | None) -> list[Any]:
    """Sessions by release and day: release, bucket, sessions, those whose end is known, and crashed ones."""
    return _SESSIONS.all(snapshot, _given(project_id, window, environment))


def issues_of(
    snapshot: Snapshot,
    project_id: str,
    window: Interval,
    environment: str | None,
    *,
    counted: str,
    release: str,
    limit: int,
) -> list[Any]:
    """Issues with errors of ``release`` in the window, with how many; the most frequent first."""
    given = _given(project_id, window, environment) | {"release": release, "page": limit}
    return _ISSUES_OF[counted].all(snapshot, given)


def reopened(snapshot: Snapshot, ids: Sequence[str], window: Interval) -> set[str]:
    """Which of the issues were seen to come back after they had been resolved."""
    given = {"ids": as_list(ids), "start": window.start, "end": window.end}
    return {row.issue_id for row in _REOPENED.all(snapshot, given)}


def requests(snapshot: Snapshot, project_id: str, window: Interval, environment: str | None) -> list[Any]:
    """Transactions of all names by hour: hour, count."""
    return _REQUESTS.all(snapshot, _given(project_id, window, environment))


def busiest(
    snapshot: Snapshot, project_id: str, window: Interval, environment: str | None, limit: int
) -> list[Any]:
    """The transactions with the most requests: environment, transaction, count."""
    return _BUSIEST.all(snapshot, _given(project_id, window, environment) | {"page": limit})


def latency(
    snapshot: Snapshot, project_id: str, window: Interval, environment: str | None, names: Sequence[str]
) -> list[Any]:
    """What the server computed for each hour of these transactions: count, p50 and p95."""
    return _LATENCY.all(snapshot, _given(project_id, window, environment) | {"transactions": as_list(names)})


def within(snapshot: Snapshot, project_id: str, window: Interval, target: float) -> list[Any]:
    """Requests by hour, and those in transactions whose 95th percentile of that hour was within ``target`` ms."""
    return _WITHIN.all(snapshot, _given(project_id, window, None) | {"target": target})


def backlog(snapshot: Snapshot, project_id: str, since: datetime, idle: datetime) -> Any:
    """Unresolved issues: how many, how many of them new since, and how many without an event since ``idle``."""
    return _OPEN.first(snapshot, {"project": project_id, "since": since, "idle": idle})


def looked(snapshot: Snapshot, project_id: str) -> Any:
    """Since when the project's issues are looked at, how many there are, and how many have a substatus.

    Only the substatus says whether one is new, came back or escalates.
    """
    return _LOOKED.first(snapshot, {"project": project_id})


def settled(snapshot: Snapshot, project_id: str, since: datetime) -> Any:
    """Issues seen to be resolved or ignored since, and seen to come back."""
    return _SETTLED.first(snapshot, {"project": project_id, "since": since})


def alerting(snapshot: Snapshot, project_id: str, since: datetime, limit: int) -> list[Any]:
    """Unresolved issues with an event since that escalate, came back, or are new and of high priority."""
    return _ALERTING.all(snapshot, {"project": project_id, "since": since, "page": limit})


def _given(project_id: str, window: Interval, environment: str | None) -> dict[str, Any]:
    return {"project": project_id, "start": window.start, "end": window.end, "environment": environment}

"""Issues of a project, in an order, and what stands beside them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
)

from sentry_sync.store import tables
from sentry_sync.store.reads.knowledge import as_list, listed
from sentry_sync.store.reads.prepared import Prepared, Snapshot
from sentry_sync.store.types import Moment

_issues, _pairs, _counts, _events = tables.issues, tables.issue_environments, tables.error_counts, tables.events

_UNUSED = frozenset(
    {"type", "issue_type", "logger", "assigned_id", "assigned_type", "num_comments", "known_since", "removed_at"}
    | {"exception_type", "exception_value", "filename", "function", "auto_resolved"}
)
COLUMNS = [column for column in _issues.c if column.name not in _UNUSED]
"""Each column of 25 rows costs a microsecond or two, so those no answer shows stay behind."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

EVENTS_LOOKED_AT = 50
"""How many of an issue's newest events are looked at for environments where the pairs are not known."""

LONGEST_CHAIN = 10
"""Issues merged into merged issues are followed this far: longer is a circle."""


Key = datetime | int | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands in an order, so that the next page begins behind it whatever has happened since."""

    key: Key
    """When it was last seen, or its count; None where neither is known: such rows come last."""
    id: str
    rank: int = 0
    """Its priority, in the order of priorities: 0 is high."""

    def parameters(self) -> dict[str, Any]:
        """The values that :func:`after` compares with."""
        return {"after_key": self.key, "after_id": id_number(self.id), "after_rank": self.rank}


@dataclass(frozen=True, slots=True)
class IssueFilter:
    """Which issues of a project, and in which order."""

    project_id: str
    status: str | None = None
    environment: str | None = None
    environment_since: datetime = EPOCH
    """Only issues with an event in the environment at or after this."""
    verified_since: datetime = EPOCH
    """Only rows that were read from the server at or after this."""
    sort: str = "date"
    """``date``, newest event first (in the environment, if one is asked for); ``frequency``, the lifetime count;
    ``priority``, high before medium before low, then newest. Of ties the highest id comes first, as it does at
    Sentry (its paginator sorts by score and id together), so the order is total."""
    limit: int = 25
    after: Place | None = None
    """Only issues behind this place."""


def page(snapshot: Snapshot, wanted: IssueFilter) -> list[Any]:
    """The first issues, removed ones left out; ``seen_there`` is when one was last seen in the environment."""
    given = {
        "project": wanted.project_id,
        "verified": wanted.verified_since,
        "page": wanted.limit,
        **({"status": wanted.status} if wanted.status else {}),
        **({"environment": wanted.environment, "since": wanted.environment_since} if wanted.environment else {}),
        **(wanted.after.parameters() if wanted.after else {}),
    }
    shape = _Shape(
        wanted.sort,
        wanted.status is not None,
        wanted.environment is not None,
        None if wanted.after is None else wanted.after.key is not None,
    )
    return _prepared(shape).all(snapshot, given)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What makes two statements differ, whatever the values."""

    sort: str
    by_status: bool
    by_environment: bool
    after: bool | None
    """Behind a place: one whose key is known, or not."""


@cache
def _prepared(shape: _Shape) -> Prepared:
    return Prepared(_page(shape))


def _page(shape: _Shape) -> Select[Any]:
    if shape.by_environment:
        return _in_environment(shape)
    if shape.sort == "date" and not shape.by_status:
        return _of_each_status(shape)
    if shape.sort == "date":
        found = select(*COLUMNS).where(*_wanted(_issues, shape))
        return found.order_by(*order("date", _issues, _issues.c.last_seen)).limit(_limit())
    # No index has these orders: what is sorted is narrow, and only what is shown is read whole.
    best = _issues.alias("best")
    return _whole_rows(
        select(row_id("best").label("row"))
        .where(*_wanted(best, shape))
        .order_by(*order(shape.sort, best, best.c.last_seen))
        .limit(_limit()),
        shape.sort,
    )


def _whole_rows(chosen: Select[Any], sort: str) -> Select[Any]:
    """The rows that ``chosen`` names by their ``row``, in their order."""
    found = chosen.subquery("found")
    return (
        select(*COLUMNS)
        .select_from(found.join(_issues, row_id("issues") == found.c.row))
        .order_by(*order(sort, _issues, _issues.c.last_seen))
    )


def _limit() -> ColumnElement[int]:
    return bindparam("page")


def _wanted(
    issues: FromClause, shape: _Shape, edge: ColumnElement[Any] | None = None
) -> list[ColumnElement[bool]]:
    found = [
        issues.c.project_id == bindparam("project"),
        issues.c.removed_at.is_(None),
        issues.c.verified_at >= bindparam("verified", type_=Moment),
    ]
    if shape.by_status:
        found.append(issues.c.status == bindparam("status"))
    if shape.after is not None:
        seen = issues.c.last_seen if edge is None else edge
        key = issues.c.count if shape.sort == "frequency" else seen
        found.append(after(shape.sort, issues, key, known=shape.after))
    return found


def id_number(issue_id: str) -> int:
    """An id as the number it is at Sentry; 0 for one that is none."""
    return int(issue_id) if issue_id.isdecimal() else 0


def _id(issues: FromClause) -> ColumnElement[int]:
    return cast(issues.c.id, Integer)


RANKS = {"high": 0, "medium": 1, "low": 2}
"""Priorities in their order; those of no known one come last."""


def rank(issues: FromClause) -> ColumnElement[int]:
    """An issue's priority as a number, high first."""
    return case(RANKS, value=issues.c.priority, else_=len(RANKS))


def order(
    sort: str, issues: FromClause, edge: ColumnElement[Any], count: ColumnElement[Any] | None = None
) -> list[ColumnElement[Any]]:
    """The order of ``sort``: ``edge`` is when an issue was last seen, ``count`` how often, if not ever."""
    if sort == "frequency":
        return [(issues.c.count if count is None else count).desc(), _id(issues).desc()]
    newest: list[ColumnElement[Any]] = [edge.desc(), _id(issues).desc()]
    return [rank(issues), *newest] if sort == "priority" else newest


def after(sort: str, issues: FromClause, key: ColumnElement[Any], *, known: bool) -> ColumnElement[bool]:
    """What stands behind a :class:`Place` in an order by ``key``; ``known`` says whether the place has one."""
    value = bindparam("after_key", type_=key.type)
    older = and_(key == value if known else key.is_(None), _id(issues) < bindparam("after_id"))
    behind = or_(key < value, key.is_(None), older) if known else older
    if sort != "priority":
        return behind
    least = bindparam("after_rank", type_=Integer)
    return or_(rank(issues) > least, and_(rank(issues) == least, behind))


def _in_environment(shape: _Shape) -> Select[Any]:
    return (
        select(*COLUMNS, _pairs.c.last_seen.label("seen_there"))
        .join(_pairs, _pairs.c.issue_id == _issues.c.id)
        .where(
            _pairs.c.project_id == bindparam("project"),
            _pairs.c.environment == bindparam("environment"),
            _pairs.c.last_seen >= bindparam("since", type_=Moment),
            *_wanted(_issues, shape, _pairs.c.last_seen),
        )
        .order_by(*order(shape.sort, _issues, _pairs.c.last_seen))
        .limit(_limit())
    )


def _of_each_status(shape: _Shape) -> Select[Any]:
    """The newest of each status by its index, then the newest of those: no index orders all of a project."""
    each, inner, best = statuses(), _issues.alias("of_status"), _issues.alias("best")
    newest = (
        select(row_id("of_status"))
        .where(*_wanted(inner, shape), inner.c.status == each.c.status)
        .order_by(*order("date", inner, inner.c.last_seen))
        .limit(_limit())
        .correlate(each)
    )
    return _whole_rows(
        select(row_id("best").label("row"))
        .select_from(each.join(best, row_id("best").in_(newest)))
        .order_by(*order("date", best, best.c.last_seen))
        .limit(_limit()),
        "date",
    )


def row_id(table: str) -> ColumnElement[int]:
    """The row's own number in ``table``: the shortest way back to it."""
    return literal_column(f"{table}.rowid", Integer)


def statuses() -> CTE:
    """The statuses in a project, found by skipping along the index from one to the next."""
    first = select(func.min(_issues.c.status).label("status")).where(_issues.c.project_id == bindparam("project"))
    found = first.cte("statuses", recursive=True)
    after = _issues.alias("after_status")
    following = (
        select(func.min(after.c.status))
        .where(after.c.project_id == bindparam("project"), after.c.status > found.c.status)
        .correlate(found)
        .scalar_subquery()
    )
    return found.union_all(select(following).where(found.c.status.is_not(None)))


_BY_ID = Prepared(select(_issues).where(_issues.c.id == bindparam("id")))
_BY_IDS = Prepared(select(*COLUMNS).where(_issues.c.id.in_(select(listed("ids").c.value))))
_BY_SHORT_ID = Prepared(
    select(_issues).where(_issues.c.short_id == bindparam("short_id")).order_by(_issues.c.removed_at)
)
_CHILDREN = Prepared(select(_issues.c.id).where(_issues.c.merged_into == bindparam("id")))
_OLDEST = Prepared(
    select(func.min(_issues.c.first_seen).label("first_seen")).where(
        _issues.c.project_id == bindparam("project"), _issues.c.removed_at.is_(None)
    )
)
_NO_ERRORS = Prepared(
    select(func.max(_issues.c.last_seen).label("last_seen")).where(
        _issues.c.project_id == bindparam("project"),
        _issues.c.category != literal_column("'error'"),  # written out: that is how SQLite knows its partial index
        _issues.c.removed_at.is_(None),
    )
)
_ENVIRONMENTS = Prepared(
    select(_pairs.c.issue_id, _pairs.c.environment)
    .where(_pairs.c.issue_id.in_(select(listed("ids").c.value)))
    .order_by(_pairs.c.issue_id, _pairs.c.last_seen.desc(), _pairs.c.environment)
)
_RECENT = Prepared(
    select(_counts.c.issue_id, func.sum(_counts.c.count).label("events"))
    .where(
        _counts.c.issue_id.in_(select(listed("ids").c.value)),
        _counts.c.hour >= bindparam("since", type_=Moment),
    )
    .group_by(_counts.c.issue_id)
)


def _environments_of_events() -> Select[Any]:
    ids, inner = listed("ids"), _events.alias("newest_events")
    newest = (
        select(inner.c.event_id)
        .where(inner.c.issue_id == ids.c.value)
        .order_by(inner.c.timestamp.desc())
        .limit(EVENTS_LOOKED_AT)
        .correlate(ids)
    )
    return (
        select(_events.c.issue_id, _events.c.environment)
        .select_from(ids.join(_events, _events.c.issue_id == ids.c.value))
        .where(_events.c.event_id.in_(newest), _events.c.environment.is_not(None))
        .distinct()
        .order_by(_events.c.issue_id, _events.c.environment)
    )


_ENVIRONMENTS_OF_EVENTS = Prepared(_environments_of_events())


def by_id(snapshot: Snapshot, issue_id: str) -> Any | None:
    """One issue, also a removed one."""
    return _BY_ID.first(snapshot, {"id": issue_id})


def by_ids(snapshot: Snapshot, ids: Sequence[str]) -> list[Any]:
    """The issues of ``ids`` in that order; unknown ones are left out."""
    found = {row.id: row for row in _BY_IDS.all(snapshot, {"ids": as_list(ids)})}
    return [found[issue_id] for issue_id in ids if issue_id in found]


def by_short_id(snapshot: Snapshot, short_id: str) -> Any | None:
    """One issue by its short id such as ``API-1A``; a removed one only where there is no other."""
    return _BY_SHORT_ID.first(snapshot, {"short_id": short_id})


def merged_into(snapshot: Snapshot, issue: Any) -> Any:
    """The issue that ``issue`` has become part of; itself when it wasn't merged."""
    for _ in range(LONGEST_CHAIN):
        following = by_id(snapshot, issue.merged_into) if issue.merged_into else None
        if following is None:
            break
        issue = following
    return issue


def merged_from(snapshot: Snapshot, issue_id: str) -> list[str]:
    """Ids of the issues that were merged into this one: events we hold may still carry them."""
    return [row.id for row in _CHILDREN.all(snapshot, {"id": issue_id})]


def oldest_first_seen(snapshot: Snapshot, project_id: str) -> datetime | None:
    """When the project's oldest known issue began."""
    found: datetime | None = _OLDEST.all(snapshot, {"project": project_id})[0].first_seen
    return found


def newest_that_is_no_error(snapshot: Snapshot, project_id: str) -> datetime | None:
    """When the project's issues of other categories than error were last seen; None where there are none.

    Their events are in none of the tables that are made of error events.
    """
    found: datetime | None = _NO_ERRORS.all(snapshot, {"project": project_id})[0].last_seen
    return found


def environments(snapshot: Snapshot, ids: Sequence[str]) -> dict[str, list[str]]:
    """The environments known of each issue, the most recent first; ``""`` stands for events without one."""
    found: dict[str, list[str]] = defaultdict(list)
    for issue_id, environment in _ENVIRONMENTS.all(snapshot, {"ids": as_list(ids)}):
        found[issue_id].append(environment)
    unknown = [issue_id for issue_id in ids if issue_id not in found]
    if unknown:
        for row in _ENVIRONMENTS_OF_EVENTS.all(snapshot, {"ids": as_list(unknown)}):
            found[row.issue_id].append(row.environment)
    return found


def events_since(snapshot: Snapshot, ids: Sequence[str], since: datetime) -> dict[str, int]:
    """How many events each issue had in the hours from ``since`` on; issues with none are left out."""
    rows = _RECENT.all(snapshot, {"ids": as_list(ids), "since": since})
    return {row.issue_id: row.events for row in rows}

"""Which issues a project had at a moment, and in which order: from all their histories at once.

How a field was is decided by the first change seen after the moment. That is the one of the lowest id, since an
issue's rows are written in the order of the looks: one pass over what changed since finds it for each issue, and
its row is then looked up by that id.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    bindparam,
    case,
    cast,
    func,
    or_,
    select,
)

from sentry_sync.store import tables
from sentry_sync.store.reads.prepared import Prepared, Snapshot
from sentry_sync.store.types import Moment

_issues, _history, _projects = tables.issues.c, tables.issue_history, tables.projects.c


@dataclass(frozen=True, slots=True)
class PastFilter:
    """Which issues of a project, at which moment, and in which order."""

    project_id: str
    moment: datetime
    status: str | None = None
    sort: str = "date"
    """``frequency`` and ``priority`` by what was so at the moment; ``date`` by the last event known now."""
    limit: int = 25


@dataclass(frozen=True, slots=True)
class Census:
    """What the looks at a project's issues can't tell of a moment."""

    project_since: datetime | None
    """When the project was first listed."""
    issues_since: datetime | None
    """The first look at any of its issues."""
    later: int
    """Issues that may have been there at the moment, first looked at after it."""
    elsewhere: int
    """Issues not looked at since the moment that had another status than the one asked for at the last look."""


def page(snapshot: Snapshot, wanted: PastFilter) -> list[str]:
    """Ids of the first issues that were there, or may have been, and had the status, or may have had it.

    Issues that are gone by now are among them; those first looked at after the moment are not.
    """
    given = {
        "project": wanted.project_id,
        "moment": wanted.moment,
        "page": wanted.limit,
        **({"status": wanted.status} if wanted.status else {}),
    }
    return [row.id for row in _prepared(wanted.sort, wanted.status is not None).all(snapshot, given)]


def census(snapshot: Snapshot, project_id: str, moment: datetime, status: str | None) -> Census:
    """What :func:`page` can't know of, counted."""
    return Census(*_CENSUS.all(snapshot, {"project": project_id, "moment": moment, "status": status})[0])


def _moment() -> ColumnElement[datetime]:
    return bindparam("moment", type_=Moment)


@cache
def _prepared(sort: str, by_status: bool) -> Prepared:
    return Prepared(_page(sort, by_status))


def _page(sort: str, by_status: bool) -> Select[Any]:
    steering = ["removed_as", *(["status"] if by_status else []), *_STEERED_BY.get(sort, ())]
    first = _first_changes(steering)
    change: dict[str, FromClause] = {name: _history.alias(f"{name}_change") for name in steering}
    found = select(_issues.id).outerjoin(first, first.c.issue_id == _issues.id)
    for name, row in change.items():
        found = found.outerjoin(row, row.c.id == first.c[name])
    conditions = [_there(), _may_have_been("removed_as", change["removed_as"], None)]
    if by_status:
        conditions.append(_may_have_been("status", change["status"], bindparam("status")))
    return found.where(*conditions).order_by(*_order(sort, change)).limit(bindparam("page"))


_STEERED_BY = {"frequency": ("count",), "priority": ("priority",)}
"""The field an order goes by, where that is one whose past is kept."""


def _there() -> ColumnElement[bool]:
    """The project's issues of which anything is known at the moment."""
    return (_issues.project_id == bindparam("project")) & (_issues.known_since <= _moment())


def _first_changes(fields: list[str]) -> CTE:
    """For each issue that has changed since, the id of each field's first change after the moment."""
    seen = _history.c
    return (
        select(seen.issue_id, *(func.min(seen.id).filter(seen.field == name).label(name) for name in fields))
        .where(
            seen.at > _moment(),
            or_(*(seen.field == name for name in fields)),
            seen.issue_id.in_(select(_issues.id).where(_there())),
        )
        .group_by(seen.issue_id)
        .cte("first_changes")
    )


def _then(name: str, change: FromClause) -> ColumnElement[Any]:
    return case((change.c.id.is_(None), _issues[name]), else_=change.c.old)


def _may_have_been(name: str, change: FromClause, value: ColumnElement[str] | None) -> ColumnElement[bool]:
    """Between two looks a field may have been what either of them saw."""
    between = (change.c.after < _moment()) & change.c.new.is_not_distinct_from(value)
    return or_(_then(name, change).is_not_distinct_from(value), between)


def _order(sort: str, change: dict[str, FromClause]) -> list[ColumnElement[Any]]:
    newest_id = cast(_issues.id, Integer).desc()
    if sort == "frequency":
        return [cast(_then("count", change["count"]), Integer).desc(), newest_id]
    if sort == "priority":
        rank = case({"high": 0, "medium": 1, "low": 2}, value=_then("priority", change["priority"]), else_=3)
        return [rank, _issues.last_seen.desc(), newest_id]
    return [_issues.last_seen.desc(), newest_id]


def _census() -> Select[Any]:
    may_have_begun = or_(_issues.first_seen.is_(None), _issues.first_seen <= _moment())
    unlooked = (_issues.verified_at < _moment()) & _there() & _issues.removed_as.is_(None)
    listed = select(_projects.known_since).where(_projects.id == bindparam("project")).scalar_subquery()
    return select(
        listed.label("project_since"),
        func.min(_issues.known_since).label("issues_since"),
        func.count().filter((_issues.known_since > _moment()) & may_have_begun).label("later"),
        # Without a status this compares with NULL and counts nothing: then no issue can be missed.
        func.count().filter(unlooked & (_issues.status != bindparam("status"))).label("elsewhere"),
    ).where(_issues.project_id == bindparam("project"))


_CENSUS = Prepared(_census())

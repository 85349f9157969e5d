"""Issues by a search: who fits for sure, who may fit, in Sentry's order.

What the store holds of an issue does not always tell whether it fits: the lifetime count of one that is older than
the window only bounds the count in the window. So each condition has two sides. Rows are chosen by what is
possible, in order and up to the page's end; then each is asked whether it is certain. A page of certain rows is
exactly Sentry's: whoever is not on it does not fit, or comes after.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    bindparam,
    case,
    false,
    func,
    literal_column,
    select,
)

from sentry_sync.records.audit import Retention
from sentry_sync.records.search import Condition
from sentry_sync.store import tables
from sentry_sync.store.reads import issues, search_conditions
from sentry_sync.store.reads.issues import COLUMNS, EPOCH, Place, after, order, row_id, statuses
from sentry_sync.store.reads.prepared import Prepared, Snapshot
from sentry_sync.store.reads.search_conditions import NEW_FOR, SNOOZE_ENDS, Bool, Row, Shape, Sides
from sentry_sync.store.types import Moment

_issues, _pairs = tables.issues, tables.issue_environments

SHAPES_KEPT = 256
"""Compiling a statement costs as much as running it; an assistant's searches are of few shapes."""


@dataclass(frozen=True, slots=True)
class IssueSearch:
    """Which issues, in which order. ``now`` is when that was asked."""

    now: datetime
    since: datetime
    """Only issues with an event at or after this."""
    served_since: datetime
    """Sentry still has every event since then; of an issue's older ones it may have none."""
    until: datetime | None = None
    """Only issues with an event before this; None where nothing is known of anything later."""
    project_id: str | None = None
    """None: of every project."""
    environment: str | None = None
    """Only issues with an event there; the window and the order are then about events there."""
    conditions: tuple[Condition, ...] = ()
    text: str = ""
    sort: str = "date"
    """``date``, newest event first; ``frequency``, most events in the window first; ``priority``, high before
    medium before low, then newest. Of ties the highest id comes first, as at Sentry."""
    limit: int = 25
    after: Place | None = None
    verified_since: datetime = EPOCH
    """Only rows that were read from the server at or after this."""


def find(snapshot: Snapshot, wanted: IssueSearch) -> list[Any]:
    """The first issues that may fit, as rows of ``issues``.

    ``edge`` is when each was last seen in the window and environment; ``certain`` is whether it fits for sure and
    stands where Sentry has it.
    """
    plan = _Plan(
        tuple(Shape.of(condition) for condition in wanted.conditions),
        wanted.sort,
        text=bool(wanted.text),
        project=wanted.project_id is not None,
        environment=wanted.environment is not None,
        until=wanted.until is not None,
        after=None if wanted.after is None else wanted.after.key is not None,
    )
    given: dict[str, Any] = {
        "since": wanted.since,
        "until": wanted.until,
        "served": wanted.served_since,
        "verified": wanted.verified_since,
        "snoozed_since": wanted.now - SNOOZE_ENDS,
        "new_since": wanted.now - NEW_FOR,
        "page": wanted.limit,
        "project": wanted.project_id,
        "environment": wanted.environment,
        "text": wanted.text.lower(),
        **(wanted.after.parameters() if wanted.after else {}),
        **search_conditions.parameters(wanted.conditions),
    }
    return _prepared(plan).all(snapshot, given)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What makes two statements differ, whatever the values."""

    shapes: tuple[Shape, ...]
    sort: str
    text: bool
    project: bool
    environment: bool
    until: bool
    after: bool | None
    """Behind a place: one whose key is known, or not."""

    @property
    def of_each_status(self) -> bool:
        """An index orders the issues of a project and a status by time, none those of a project."""
        one = any(shape.field == "status" and not shape.negated for shape in self.shapes)
        return self.sort == "date" and self.project and not (one or self.environment or self.until)


@lru_cache(maxsize=SHAPES_KEPT)
def _prepared(plan: _Plan) -> Prepared:
    return Prepared(_statement(plan))


def _statement(plan: _Plan) -> Select[Any]:
    chosen = (_newest_of_each_status(plan) if plan.of_each_status else _chosen(plan)).subquery("chosen")
    seen = chosen.c.seen
    row = Row(_issues, seen, _whole(_issues, seen, plan))
    certain = [side.certain for side in _sides(plan, row)]
    certain += [seen >= _moment("served"), *([seen < _moment("until")] if plan.until else [])]
    if plan.sort == "frequency":
        certain.append(row.whole)
    return (
        select(
            *COLUMNS,
            chosen.c.edge,
            row.whole.label("whole"),
            func.coalesce(and_(*certain), false()).label("certain"),
        )
        .select_from(chosen.join(_issues, row_id("issues") == chosen.c.row))
        .order_by(*order(plan.sort, _issues, chosen.c.edge))
    )


def _chosen(plan: _Plan, status: ColumnElement[Any] | None = None) -> Select[Any]:
    """The page's rows by their number in the table: narrow, so that sorting them is cheap."""
    best = _issues.alias("best")
    source: FromClause = best
    seen, first = best.c.last_seen, best.c.first_seen
    there: list[Bool] = []
    if plan.environment:
        seen, first = _pairs.c.last_seen, _pairs.c.first_seen
        source = best.join(_pairs, _pairs.c.issue_id == best.c.id)
        there.append(_pairs.c.environment == bindparam("environment"))
        if plan.project:
            there.append(_pairs.c.project_id == bindparam("project"))
    if plan.until:
        there.append(first < _moment("until"))
    edge = case((seen >= _moment("until"), _moment("until")), else_=seen) if plan.until else seen
    row = Row(best, seen, _whole(best, seen, plan))
    wanted = [
        *there,
        seen >= _moment("since"),
        best.c.removed_at.is_(None),
        best.c.verified_at >= _moment("verified"),
        *(side.possible for side in _sides(plan, row)),
    ]
    if plan.project:
        wanted.append(best.c.project_id == bindparam("project"))
    if status is not None:
        wanted.append(best.c.status == status)
    if plan.after is not None:
        wanted.append(after(plan.sort, best, edge, known=plan.after))
    return (
        select(row_id("best").label("row"), seen.label("seen"), edge.label("edge"))
        .select_from(source)
        .where(*wanted)
        .order_by(*order(plan.sort, best, edge))
        .limit(bindparam("page"))
    )


def _newest_of_each_status(plan: _Plan) -> Select[Any]:
    """The newest of each status by its index, then the newest of those."""
    each, of_all = statuses(), _issues.alias("of_all")
    newest = _chosen(plan, each.c.status).with_only_columns(row_id("best")).correlate(each)
    seen = of_all.c.last_seen
    return (
        select(row_id("of_all").label("row"), seen.label("seen"), seen.label("edge"))
        .select_from(each.join(of_all, row_id("of_all").in_(newest)))
        .order_by(*order("date", of_all, seen))
        .limit(bindparam("page"))
    )


def _sides(plan: _Plan, row: Row) -> list[Sides]:
    found = [search_conditions.sides(shape, place, row) for place, shape in enumerate(plan.shapes)]
    if plan.text:
        found.append(search_conditions.says(row))
    named = any(shape.field in ("category", "issue_type") for shape in plan.shapes)
    return [*found, search_conditions.shown_by_default(row, named=named)]


def _whole(issues: FromClause, seen: ColumnElement[Any], plan: _Plan) -> Bool:
    """All events the issue ever had lie in the window, and Sentry still has them."""
    began = and_(issues.c.first_seen >= _moment("since"), issues.c.first_seen >= _moment("served"))
    within = and_(began, seen < _moment("until")) if plan.until else began
    return func.coalesce(within, false())


def _moment(name: str) -> ColumnElement[datetime]:
    return bindparam(name, type_=Moment)


_NO_ERRORS_AT_ALL = Prepared(
    select(func.max(_issues.c.last_seen).label("last_seen")).where(
        _issues.c.category != literal_column("'error'"),  # written out, as its partial index is
        _issues.c.removed_at.is_(None),
    )
)
_OLDEST_OF_ALL = Prepared(
    select(func.min(_issues.c.first_seen).label("first_seen")).where(_issues.c.removed_at.is_(None))
)
_RETENTION = Prepared(
    select(tables.retention.c.since, tables.retention.c.learned_at).where(
        tables.retention.c.resource == literal_column("'events'")
    )
)

KEPT_BY_ANY_PLAN = timedelta(days=30)
"""Sentry's smallest plan keeps errors for so long; a server of one's own may be told to keep less."""


def newest_that_is_no_error(snapshot: Snapshot, project_id: str | None) -> datetime | None:
    """When issues of other categories than error were last seen, in a project or in any."""
    if project_id is not None:
        return issues.newest_that_is_no_error(snapshot, project_id)
    found: datetime | None = _NO_ERRORS_AT_ALL.all(snapshot)[0].last_seen
    return found


def oldest_first_seen(snapshot: Snapshot, project_id: str | None) -> datetime | None:
    """When the oldest known issue began, in a project or in any."""
    if project_id is not None:
        return issues.oldest_first_seen(snapshot, project_id)
    found: datetime | None = _OLDEST_OF_ALL.all(snapshot)[0].first_seen
    return found


def served_since(snapshot: Snapshot, now: datetime) -> datetime:
    """Since when Sentry has every event, by what it said of its oldest: what it drops moves with the clock."""
    row = _RETENTION.first(snapshot)
    by_plan = now - KEPT_BY_ANY_PLAN
    if row is None:
        return by_plan
    known = Retention("events", row.since, row.learned_at)
    drifted: datetime = row.since + max(now - row.learned_at, timedelta())
    return known.surely_since(now) or max(by_plan, drifted)

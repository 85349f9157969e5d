"""Issues by a search: who fits for sure, who may fit, in Sentry's order.

What the store holds of an issue does not always tell whether it fits: the lifetime count of one that is older than
the window only bounds the count in the window. So each condition has two sides. Rows are chosen by what is
possible, in order and up to the page's end; then each is asked whether it is certain. A page of certain rows is
exactly Sentry's: whoever is not on it does not fit, or comes after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    type_coerce,
)

from sentry_sync.records.audit import Retention
from sentry_sync.records.search import Condition
from sentry_sync.store import tables
from sentry_sync.store.reads import issues, search_conditions
from sentry_sync.store.reads.issues import COLUMNS, EPOCH, Place, after, order, row_id, statuses
from sentry_sync.store.reads.prepared import Prepared, Snapshot
from sentry_sync.store.reads.search_conditions import NEW_FOR, SNOOZE_ENDS, Bool, Row, Shape, Sides
from sentry_sync.store.types import Moment

_issues, _pairs, _events = tables.issues, tables.issue_environments, tables.events

SHAPES_KEPT = 256
"""Compiling a statement costs as much as running it; an assistant's searches are of few shapes."""


@dataclass(frozen=True, slots=True)
class Served:
    """Which events Sentry still has: none of the time before one moment, all of the time since another."""

    nothing_before: datetime
    all_since: datetime


@dataclass(frozen=True, slots=True)
class IssueSearch:
    """Which issues, in which order. ``now`` is when that was asked."""

    now: datetime
    since: datetime
    """Only issues with an event at or after this."""
    served: Served
    """What Sentry still has."""
    newest_since: datetime = EPOCH
    """No issue that fits had its newest event before this, so that older ones need not be looked at."""
    until: datetime | None = None
    """Only issues with an event before this; None where nothing is known of anything later."""
    project_id: str | None = None
    """None: of every project."""
    environment: str | None = None
    """Only issues with an event there; the window and the order are then about events there."""
    conditions: tuple[Condition, ...] = ()
    of_events: tuple[Condition, ...] | None = None
    """Only issues with an event that fits all of these; the window, the order and the counts are then about such
    events, out of those that are held. Of one project only: its events are read."""
    held_since: datetime | None = None
    """Every event since then is held."""
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
        events=None if wanted.of_events is None else tuple(map(Shape.of, wanted.of_events)),
    )
    given: dict[str, Any] = {
        "since": wanted.since,
        "newest_since": max(wanted.since, wanted.newest_since),
        "until": wanted.until,
        "gone": wanted.served.nothing_before,
        "served": wanted.served.all_since,
        "whole": max(wanted.served.all_since, wanted.held_since or wanted.served.all_since),
        "verified": wanted.verified_since,
        "snoozed_since": wanted.now - SNOOZE_ENDS,
        "new_since": wanted.now - NEW_FOR,
        "page": wanted.limit,
        "project": wanted.project_id,
        "environment": wanted.environment,
        "text": wanted.text.lower(),
        **(wanted.after.parameters() if wanted.after else {}),
        **search_conditions.parameters(wanted.conditions),
        **search_conditions.parameters(wanted.of_events or (), "event_"),
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
    events: tuple[Shape, ...] | None
    """What single events must fit."""

    @property
    def of_each_status(self) -> bool:
        """An index orders the issues of a project and a status by time, none those of a project."""
        one = any(shape.field == "status" and not shape.negated for shape in self.shapes)
        return self.sort == "date" and self.project and not (one or self.by_pairs or self.until or self.by_events)

    @property
    def by_events(self) -> bool:
        """The events themselves are looked at."""
        return self.events is not None

    @property
    def clamped(self) -> bool:
        """Of an issue seen after the window's end only that it may have been seen before it is known."""
        return self.until and not self.by_events

    @property
    def by_pairs(self) -> bool:
        """What is known of issues in environments is enough."""
        return self.environment and not self.by_events


@lru_cache(maxsize=SHAPES_KEPT)
def _prepared(plan: _Plan) -> Prepared:
    return Prepared(_statement(plan))


def _statement(plan: _Plan) -> Select[Any]:
    chosen = (_newest_of_each_status(plan) if plan.of_each_status else _chosen(plan)).subquery("chosen")
    seen = chosen.c.seen
    row = Row(_issues, seen, chosen.c.n, _whole(_issues, seen, plan), _end(plan))
    certain = [side.certain for side in _sides(plan, row)]
    certain += [seen >= _moment("served"), *([seen < _moment("until")] if plan.clamped else [])]
    if plan.sort == "frequency":
        certain.append(row.whole)
    return (
        select(
            *COLUMNS,
            chosen.c.edge,
            chosen.c.n,
            row.whole.label("whole"),
            func.coalesce(and_(*certain), false()).label("certain"),
        )
        .select_from(chosen.join(_issues, row_id("issues") == chosen.c.row))
        .order_by(*order(plan.sort, _issues, chosen.c.edge, chosen.c.n))
    )


@dataclass(frozen=True, slots=True)
class _Source:
    """Issues with what is known of their events in the window."""

    rows: FromClause
    seen: ColumnElement[Any]
    count: ColumnElement[Any]
    where: Sequence[Bool]


def _source(plan: _Plan, best: FromClause) -> _Source:
    if plan.by_events:
        hits = _hits(plan)
        return _Source(best.join(hits, hits.c.issue_id == best.c.id), hits.c.newest, hits.c.n, ())
    if not plan.environment:
        began = [best.c.first_seen < _moment("until")] if plan.until else []
        return _Source(best, best.c.last_seen, best.c.count, began)
    there = [_pairs.c.environment == bindparam("environment")]
    if plan.project:
        there.append(_pairs.c.project_id == bindparam("project"))
    if plan.until:
        there.append(_pairs.c.first_seen < _moment("until"))
    return _Source(best.join(_pairs, _pairs.c.issue_id == best.c.id), _pairs.c.last_seen, best.c.count, there)


def _hits(plan: _Plan) -> FromClause:
    """Of each issue, the newest held event in the window that fits, and how many there are."""
    # A search goes by whole seconds; events whose bodies were fetched are known to the millisecond.
    newest, count = type_coerce(_second(func.max(type_coerce(_events.c.timestamp, Integer))), Moment), func.count()
    return (
        select(_events.c.issue_id, newest.label("newest"), count.label("n"))
        .where(
            _events.c.project_id == bindparam("project"),
            _events.c.timestamp >= _moment("since"),
            *([_events.c.timestamp < _moment("until")] if plan.until else []),
            *(search_conditions.of_event(_events, shape, place) for place, shape in enumerate(plan.events or ())),
        )
        .group_by(_events.c.issue_id)
        .subquery("hits")
    )


def _second(micros: ColumnElement[int]) -> ColumnElement[int]:
    return micros - micros % literal_column("1000000", Integer)


def _chosen(plan: _Plan, status: ColumnElement[Any] | None = None) -> Select[Any]:
    """The page's rows by their number in the table: narrow, so that sorting them is cheap."""
    best = _issues.alias("best")
    source = _source(plan, best)
    seen = source.seen
    edge = case((seen >= _moment("until"), _moment("until")), else_=seen) if plan.clamped else seen
    row = Row(best, seen, source.count, _whole(best, seen, plan), _end(plan))
    wanted = [
        *source.where,
        seen >= _moment("newest_since"),
        or_(seen >= _moment("gone"), func.coalesce(best.c.category, "error") != "error"),
        best.c.removed_at.is_(None),
        best.c.verified_at >= _moment("verified"),
        *(side.possible for side in _sides(plan, row)),
    ]
    if plan.project:
        wanted.append(best.c.project_id == bindparam("project"))
    if status is not None:
        wanted.append(best.c.status == status)
    if plan.after is not None:
        key, exact = (source.count, row.whole) if plan.sort == "frequency" else (edge, seen < _moment("until"))
        behind = after(plan.sort, best, key, known=plan.after)
        # What may stand before the place may as well stand behind it, where its key is but the most it can be.
        bounded = plan.clamped or (plan.sort == "frequency" and not plan.by_events)
        wanted.append(or_(behind, not_(exact)) if bounded else behind)
    return (
        select(row_id("best").label("row"), seen.label("seen"), edge.label("edge"), source.count.label("n"))
        .select_from(source.rows)
        .where(*wanted)
        .order_by(*order(plan.sort, best, edge, source.count))
        .limit(bindparam("page"))
    )


def _newest_of_each_status(plan: _Plan) -> Select[Any]:
    """The newest of each status by its index, then the newest of those."""
    each, of_all = statuses(), _issues.alias("of_all")
    newest = _chosen(plan, each.c.status).with_only_columns(row_id("best")).correlate(each)
    seen = of_all.c.last_seen
    return (
        select(row_id("of_all").label("row"), seen.label("seen"), seen.label("edge"), of_all.c.count.label("n"))
        .select_from(each.join(of_all, row_id("of_all").in_(newest)))
        .order_by(*order("date", of_all, seen))
        .limit(bindparam("page"))
    )


def _sides(plan: _Plan, row: Row) -> list[Sides]:
    found = [search_conditions.sides(shape, place, row) for place, shape in enumerate(plan.shapes)]
    if plan.text:
        found.append(search_conditions.says(row))
    named = any(shape.field in ("category", "issue_type") for shape in plan.shapes)
    return [*found, search_conditions.here_to_stay(row), search_conditions.shown_by_default(row, named=named)]


def _whole(issues: FromClause, seen: ColumnElement[Any], plan: _Plan) -> Bool:
    """Whether the count is the window's: Sentry still has all events that were counted, and they lie in it.

    The lifetime count speaks of the window where the whole life lies in it; held events where none is missing.
    """
    began = issues.c.first_seen >= _moment("whole")
    if plan.by_events:
        return func.coalesce(or_(began, _moment("since") >= _moment("whole")), false())
    error = func.coalesce(issues.c.category, "error") == "error"  # of others it is not known what Sentry still has
    began = and_(began, issues.c.first_seen >= _moment("since"), error)
    return func.coalesce(and_(began, seen < _moment("until")) if plan.until else began, false())


def _end(plan: _Plan) -> ColumnElement[datetime] | None:
    return _moment("until") if plan.clamped else None


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


MOST_EVENTS = 20_000
"""Reading so many takes the server's loop ten milliseconds; more are left to Sentry."""

_COUNTED = Prepared(
    select(func.count().label("n")).select_from(
        select(_events.c.timestamp)
        .where(_events.c.project_id == bindparam("project"), _events.c.timestamp >= _moment("since"))
        .limit(MOST_EVENTS + 1)
        .subquery()
    )
)


def few_events(snapshot: Snapshot, project_id: str, since: datetime) -> bool:
    """Whether a project's events since then can be read on the way to an answer."""
    counted: int = _COUNTED.all(snapshot, {"project": project_id, "since": since})[0].n
    return counted <= MOST_EVENTS


def served(snapshot: Snapshot, now: datetime) -> Served:
    """What Sentry has, by what it last said of its oldest error: what it drops moves with the clock."""
    row = _RETENTION.first(snapshot)
    by_plan = now - KEPT_BY_ANY_PLAN
    if row is None:
        return Served(EPOCH, by_plan)
    known = Retention("events", row.since, row.learned_at)
    drifted: datetime = row.since + max(now - row.learned_at, timedelta())
    return Served(row.since, known.surely_since(now) or max(by_plan, drifted))

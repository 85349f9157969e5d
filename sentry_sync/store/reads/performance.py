"""Transactions, database queries and web vitals of a project within a window.

Percentiles are never computed here: a window's own rows carry what the server computed for it, and of hourly rows
only the lowest and highest are told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Float,
    FromClause,
    Label,
    Select,
    Text,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
)

from sentry_sync.records.intervals import Interval
from sentry_sync.store import tables
from sentry_sync.store.reads.prepared import Prepared, Snapshot
from sentry_sync.store.types import Moment

_windows, _hours, _queries, _vitals = (
    tables.transaction_windows,
    tables.transaction_stats,
    tables.query_stats,
    tables.web_vitals,
)
_PERCENTILES = ("p50", "p75", "p95", "p99")
_VITALS = ("lcp", "fcp", "cls", "inp", "ttfb", "score")


def _within(table: FromClause) -> list[ColumnElement[bool]]:
    return [
        table.c.project_id == bindparam("project"),
        table.c.hour >= bindparam("start", type_=Moment),
        table.c.hour < bindparam("end", type_=Moment),
    ]


def _range(table: FromClause, *names: str) -> list[Label[Any]]:
    return [
        found.label(f"{name}_{end}")
        for name in names
        for end, found in (("min", func.min(table.c[name])), ("max", func.max(table.c[name])))
    ]


def _weighted(table: FromClause, name: str) -> Label[Any]:
    """The mean of ``name`` over what was counted; hours without it weigh nothing."""
    known = func.sum(table.c.count).filter(table.c[name].is_not(None))
    return (func.sum(table.c[name] * table.c.count) / known).label(name)


def _behind(figure: ColumnElement[Any], name: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a row comes behind the last one of a page, where there was one: lower figures, then later names."""
    last: BindParameter[float | None] = bindparam("last", type_=Float)
    return or_(last.is_(None), figure < last, and_(figure == last, name > bindparam("last_name", type_=Text)))


def _busiest_transactions() -> Select[Any]:
    """The transactions of hours by their total time; one without a mean takes none."""
    wanted: BindParameter[str | None] = bindparam("environment", type_=Text)
    named: BindParameter[str | None] = bindparam("transaction", type_=Text)
    total = func.sum(_hours.c.count * func.coalesce(_hours.c.avg, 0.0))
    name = _hours.c.transaction + literal_column("char(10)") + _hours.c.environment
    return (
        select(
            _hours.c.transaction,
            _hours.c.environment,
            total.label("total"),
            func.sum(_hours.c.count).label("count"),
            name.label("name"),
        )
        .where(
            *_within(_hours),
            wanted.is_(None) | (_hours.c.environment == wanted),
            named.is_(None) | (_hours.c.transaction == named),
        )
        .group_by(_hours.c.transaction, _hours.c.environment)
        .having(_behind(total, name))
        .order_by(total.desc(), name)
        .limit(bindparam("page"))
    )


def _series() -> Select[Any]:
    return (
        select(
            *(_hours.c[name] for name in ("hour", "count", "p50", "p95", "failure_rate", "apdex", "approximate"))
        )
        .where(
            *_within(_hours),
            _hours.c.transaction == bindparam("transaction"),
            _hours.c.environment == bindparam("environment"),
        )
        .order_by(_hours.c.hour)
    )


def _hourly() -> Select[Any]:
    return (
        select(
            _hours.c.environment,
            _hours.c.transaction,
            func.sum(_hours.c.count).label("count"),
            func.count().label("hours"),
            _weighted(_hours, "avg"),
            _weighted(_hours, "failure_rate"),
            *_range(_hours, *_PERCENTILES),
            func.max(_hours.c.approximate).label("approximate"),
        )
        .where(*_within(_hours))
        .group_by(_hours.c.environment, _hours.c.transaction)
    )


def _busiest_queries() -> Select[Any]:
    wanted: BindParameter[str | None] = bindparam("environment", type_=Text)
    return (
        select(
            _queries.c.query_id,
            func.max(_queries.c.description).label("description"),
            func.max(_queries.c.system).label("system"),
            func.max(_queries.c.action).label("action"),
            func.max(_queries.c.domain).label("domain"),
            func.sum(_queries.c.count).label("count"),
            func.sum(_queries.c.total).label("total"),
            _weighted(_queries, "avg"),
            *_range(_queries, "p95"),
            func.max(_queries.c.approximate).label("approximate"),
        )
        .where(*_within(_queries), wanted.is_(None) | (_queries.c.environment == wanted))
        .group_by(_queries.c.query_id)
        .having(_behind(func.sum(_queries.c.total), _queries.c.query_id))
        .order_by(func.sum(_queries.c.total).desc(), _queries.c.query_id)
        .limit(bindparam("page"))
    )


def _busiest_pages() -> Select[Any]:
    wanted: BindParameter[str | None] = bindparam("environment", type_=Text)
    named: BindParameter[str | None] = bindparam("transaction", type_=Text)
    return (
        select(
            _vitals.c.transaction,
            func.sum(_vitals.c.count).label("count"),
            func.count(_vitals.c.hour.distinct()).label("hours"),
            *_range(_vitals, *_VITALS),
            func.max(_vitals.c.approximate).label("approximate"),
        )
        .where(
            *_within(_vitals),
            wanted.is_(None) | (_vitals.c.environment == wanted),
            named.is_(None) | (_vitals.c.transaction == named),
        )
        .group_by(_vitals.c.transaction)
        .having(_behind(func.sum(_vitals.c.count), _vitals.c.transaction))
        .order_by(func.sum(_vitals.c.count).desc(), _vitals.c.transaction)
        .limit(bindparam("page"))
    )


_EXACT = Prepared(
    select(_windows).where(
        _windows.c.project_id == bindparam("project"),
        _windows.c.start == bindparam("start", type_=Moment),
        _windows.c.end == bindparam("end", type_=Moment),
    )
)
_ONE_HOUR = Prepared(
    select(_hours).where(
        _hours.c.project_id == bindparam("project"), _hours.c.hour == bindparam("start", type_=Moment)
    )
)
_HOURLY = Prepared(_hourly())
_QUERIES = Prepared(_busiest_queries())
_PAGES = Prepared(_busiest_pages())
_TRANSACTIONS = Prepared(_busiest_transactions())
_SERIES = Prepared(_series())


def exactly(snapshot: Snapshot, project_id: str, window: Interval) -> list[Any]:
    """What the server computed for exactly ``window``, one row a transaction and environment."""
    return _EXACT.all(snapshot, _given(project_id, window))


def one_hour(snapshot: Snapshot, project_id: str, window: Interval) -> list[Any]:
    """What the server computed for the hour that ``window`` is."""
    return _ONE_HOUR.all(snapshot, {"project": project_id, "start": window.start})


def by_the_hour(snapshot: Snapshot, project_id: str, window: Interval) -> list[Any]:
    """Sums over the hours known of ``window``; percentiles as ``p95_min`` and ``p95_max`` of the hours' own."""
    return _HOURLY.all(snapshot, _given(project_id, window))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows of a project's hours."""

    project_id: str
    window: Interval
    environment: str | None = None
    transaction: str | None = None
    last: float | None = None
    """The figure that rows are in the order of, of the last row before these; None for the first."""
    last_name: str | None = None
    limit: int = 10

    def given(self) -> dict[str, Any]:
        """The parameters of a statement."""
        about = {"environment": self.environment, "transaction": self.transaction}
        page = {"last": self.last, "last_name": self.last_name, "page": self.limit}
        return _given(self.project_id, self.window) | about | page


def busiest_queries(snapshot: Snapshot, wanted: Wanted) -> list[Any]:
    """The database queries that took the most time in all, over the hours known; of all transactions."""
    return _QUERIES.all(snapshot, wanted.given())


def busiest_pages(snapshot: Snapshot, wanted: Wanted) -> list[Any]:
    """Web vitals of the pages loaded most often: the lowest and highest 75th percentile of an hour."""
    return _PAGES.all(snapshot, wanted.given())


def busiest_transactions(snapshot: Snapshot, wanted: Wanted) -> list[Any]:
    """The transactions that took the most time in all: names, ``count``, ``total``, and ``name`` to go on."""
    return _TRANSACTIONS.all(snapshot, wanted.given())


def series(snapshot: Snapshot, project_id: str, window: Interval, transaction: str, environment: str) -> list[Any]:
    """One transaction's hours, oldest first."""
    return _SERIES.all(
        snapshot, _given(project_id, window) | {"transaction": transaction, "environment": environment}
    )


def _given(project_id: str, window: Interval) -> dict[str, Any]:
    return {"project": project_id, "start": window.start, "end": window.end}

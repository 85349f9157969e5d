"""Performance aggregates: each hour, and the last day and week, computed by the server for exactly that window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sentry_sync.records.budget import Lane
from sentry_sync.records.event import PROJECT
from sentry_sync.records.intervals import Interval, floor
from sentry_sync.records.performance import (
    hourly,
    parse_query,
    parse_transaction,
    parse_web_vital,
)
from sentry_sync.sync.plan import HOUR, windows_due
from sentry_sync.sync.stream import Harvest, Look, Stream, Work, sift
from sentry_sync.sync.streams import explore

if TYPE_CHECKING:
    from sentry_sync.sentry.client import Page, SentryClient
    from sentry_sync.store.unit_of_work import Pass, UnitOfWork

    Fetch = Callable[[SentryClient, Work, str | None, Look], Page]
    HarvestPage = Callable[[Page, Work, Look], Harvest]

SPANS = "spans"
TRANSACTIONS = "transactions"
"""The dataset of servers from before spans; Sentry's own left it in 2026."""
DISCOVER = "discover"
"""The dataset of servers from before that one: errors and transactions alike, by the same names."""

LADDER = (SPANS, TRANSACTIONS, DISCOVER)
"""The ways to ask for transactions, best first."""

_KEYS = (PROJECT, "environment", "transaction")

TRANSACTION_FIELDS = {
    SPANS: (
        *_KEYS,
        "count(span.duration)",
        "epm()",
        "avg(span.duration)",
        "p50(span.duration)",
        "p75(span.duration)",
        "p95(span.duration)",
        "p99(span.duration)",
        "failure_rate()",
        "apdex(span.duration,300)",
        "count_unique(user)",
    ),
    TRANSACTIONS: (
        *_KEYS,
        "count()",
        "tpm()",
        "avg(transaction.duration)",
        "p50(transaction.duration)",
        "p75(transaction.duration)",
        "p95(transaction.duration)",
        "p99(transaction.duration)",
        "failure_rate()",
        "apdex(300)",
        "count_unique(user)",
    ),
}
TRANSACTION_FIELDS[DISCOVER] = TRANSACTION_FIELDS[TRANSACTIONS]
_COUNT = {SPANS: "count(span.duration)", TRANSACTIONS: "count()", DISCOVER: "count()"}

_TRANSACTION = "event.type:transaction"
_EACH = {SPANS: "is_transaction:true", TRANSACTIONS: _TRANSACTION, DISCOVER: _TRANSACTION}

QUERY_FIELDS = (
    PROJECT,
    "environment",
    "span.group",
    "sentry.normalized_description",
    "span.system",
    "span.action",
    "span.domain",
    "count(span.duration)",
    "epm()",
    "avg(span.self_time)",
    "p95(span.self_time)",
    "sum(span.self_time)",
)
QUERY_SORT = ("-sum(span.self_time)", "span.group", PROJECT, "environment")

VITAL_FIELDS = {
    SPANS: (
        *_KEYS,
        "count(span.duration)",
        "p75(measurements.lcp)",
        "p75(measurements.fcp)",
        "p75(measurements.cls)",
        "p75(measurements.inp)",
        "p75(measurements.ttfb)",
        "performance_score(measurements.score.total)",
    ),
    TRANSACTIONS: (
        *_KEYS,
        "count()",
        "p75(measurements.lcp)",
        "p75(measurements.fcp)",
        "p75(measurements.cls)",
        "p75(measurements.ttfb)",
    ),
}
VITAL_FIELDS[DISCOVER] = VITAL_FIELDS[TRANSACTIONS]

LATE_SPANS = HOUR
"""Ingestion lags by minutes: an hour is final once it was read an hour after its end."""

LAG = timedelta(minutes=5)
"""A day or a week is read once, so not before the spans of its last minutes have come."""

CUT = "cut"
"""The scope of another mark of a day or week that was read as far as Explore's offsets reach, with more behind."""


def fetch_transactions(
    client: SentryClient,
    dataset: str,
    window: Interval,
    cursor: str | None = None,
    *,
    project_ids: Sequence[str] = ("-1",),
    environments: Sequence[str] = (),
    query: str = "",
) -> Page:
    """One page of transactions within ``window``, the busiest first; ``query`` narrows them further."""
    return explore.ask(
        client,
        dataset,
        window,
        cursor,
        fields=TRANSACTION_FIELDS[dataset],
        sort=(f"-{_COUNT[dataset]}", "transaction", PROJECT, "environment"),
        query=f"{_EACH[dataset]} {query}".strip(),
        project_ids=project_ids,
        environments=environments,
    )


def transactions_of(page: Page, window: Interval) -> Harvest:
    """The page's rows as TransactionWindow records."""
    partial = explore.approximate(page)
    records, rejects = sift(
        explore.rows(page),
        lambda raw: parse_transaction(raw, window.start, window.end, approximate=partial),
    )
    return Harvest(records, len(records), rejects, approximate=partial)


def _plan_hours(covers: str) -> Callable[[Look], list[Work]]:
    def plan(look: Look) -> list[Work]:
        windows = windows_due(
            look.window(look.policy.performance_hours / 24),
            look.state.coverage(covers),
            bucket=HOUR,
            chunk=HOUR,
            settle=LATE_SPANS,
        )
        return [Work(window=window) for window in windows]

    return plan


def _bucket(work: Work) -> Interval:
    """The hour a window belongs to: the running one is asked until now, and named by its start."""
    start = floor(work.span.start, HOUR)
    return Interval(start, start + HOUR)


def fetch_queries(
    client: SentryClient, window: Interval, cursor: str | None = None, *, project_ids: Sequence[str] = ("-1",)
) -> Page:
    """One page of database queries within ``window``, those that took the most time in all first."""
    return explore.ask(
        client,
        SPANS,
        window,
        cursor,
        fields=QUERY_FIELDS,
        sort=QUERY_SORT,
        query="span.category:db",
        project_ids=project_ids,
    )


def fetch_vitals(
    client: SentryClient,
    dataset: str,
    window: Interval,
    cursor: str | None = None,
    *,
    project_ids: Sequence[str] = ("-1",),
) -> Page:
    """One page of page loads within ``window``, the busiest first."""
    return explore.ask(
        client,
        dataset,
        window,
        cursor,
        fields=VITAL_FIELDS[dataset],
        sort=(f"-{_COUNT[dataset]}", "transaction", PROJECT, "environment"),
        query=f"{_EACH[dataset]} has:measurements.lcp",
        project_ids=project_ids,
    )


def hours_of(page: Page, hour: Interval) -> Harvest:
    """A page of transactions of one hour as TransactionStat records."""
    found = transactions_of(page, hour)
    return replace(found, records=[hourly(record) for record in found.records])


def queries_of(page: Page, hour: Interval) -> Harvest:
    """A page of database queries of one hour as QueryStat records."""
    partial = explore.approximate(page)
    records, rejects = sift(explore.rows(page), lambda raw: parse_query(raw, hour.start, approximate=partial))
    return Harvest(records, len(records), rejects, approximate=partial)


def vitals_of(page: Page, hour: Interval) -> Harvest:
    """A page of page loads of one hour as WebVital records."""
    partial = explore.approximate(page)
    records, rejects = sift(explore.rows(page), lambda raw: parse_web_vital(raw, hour.start, approximate=partial))
    return Harvest(records, len(records), rejects, approximate=partial)


def _harvest(read: Callable[[Page, Interval], Harvest]) -> HarvestPage:
    return lambda page, work, look: read(page, _bucket(work))


def _hourly(name: str, source: str, table: str, fetch: Fetch, harvest: HarvestPage) -> Stream:
    return Stream(
        name=name,
        resource="performance",
        lane=Lane.WARM,
        plan=_plan_hours(name),
        fetch=fetch,
        harvest=harvest,
        source=source,
        needs=f"explore.{source}",
        covers=name,
        resolution=HOUR,
        replaces=(table, "hour"),
        paged=True,
        page_limit=explore.PAGE_LIMIT,
    )


def _transactions(dataset: str) -> Stream:
    def fetch(client: SentryClient, work: Work, cursor: str | None, look: Look) -> Page:
        return fetch_transactions(client, dataset, work.span, cursor)

    return _hourly("transactions", dataset, "transaction_stats", fetch, _harvest(hours_of))


def _vitals(dataset: str) -> Stream:
    def fetch(client: SentryClient, work: Work, cursor: str | None, look: Look) -> Page:
        return fetch_vitals(client, dataset, work.span, cursor)

    return _hourly("web_vitals", dataset, "web_vitals", fetch, _harvest(vitals_of))


def _queries() -> Stream:
    def fetch(client: SentryClient, work: Work, cursor: str | None, look: Look) -> Page:
        return fetch_queries(client, work.span, cursor)

    return _hourly("queries", SPANS, "query_stats", fetch, _harvest(queries_of))


def _period(name: str, length: timedelta, every: timedelta, dataset: str) -> Stream:
    """A window that ends at the last full hour, so that all its rows belong to one and the same window."""
    stream = f"transaction_windows.{name}"

    def plan(look: Look) -> list[Work]:
        end = floor(look.now - LAG, HOUR)
        mark = look.state.mark(stream)
        due = mark is None or end - mark.mark >= every
        return [Work(window=Interval(end - length, end))] if due else []

    def fetch(client: SentryClient, work: Work, cursor: str | None, look: Look) -> Page:
        return fetch_transactions(client, dataset, work.span, cursor)

    def finish(uow: UnitOfWork, run: Pass) -> None:
        if run.pages >= explore.PAGE_LIMIT and run.window:
            uow.mark(stream, CUT, run.window.end, run.window.end)

    return Stream(
        name=stream,
        resource="performance",
        lane=Lane.HOT,
        plan=plan,
        fetch=fetch,
        harvest=lambda page, work, look: transactions_of(page, work.span),
        source=dataset,
        needs=f"explore.{dataset}",
        paged=True,
        page_limit=explore.PAGE_LIMIT,
        exact=True,
        finish=finish,
    )


DAY_WINDOW = tuple(_period("24h", timedelta(hours=24), HOUR, dataset) for dataset in LADDER)
WEEK_WINDOW = tuple(_period("7d", timedelta(days=7), timedelta(hours=6), dataset) for dataset in LADDER)
TRANSACTION_HOURS = tuple(_transactions(dataset) for dataset in LADDER)
QUERIES = (_queries(),)
VITALS = tuple(_vitals(dataset) for dataset in LADDER)

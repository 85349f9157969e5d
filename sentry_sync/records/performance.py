"""Performance aggregates: transactions, database queries, web vitals.

Durations are milliseconds, rates from 0 to 1. Percentiles do not add up: every row is what the server computed for
exactly its window.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sentry_sync.records.event import PROJECT
from sentry_sync.records.fields import Raw, integer, number, required, text


@dataclass(frozen=True, slots=True)
class TransactionStat:
    """One transaction in one project and environment within one hour."""

    project_id: str
    environment: str
    transaction: str
    hour: datetime
    count: int
    tpm: float | None
    avg: float | None
    p50: float | None
    p75: float | None
    p95: float | None
    p99: float | None
    failure_rate: float | None
    apdex: float | None
    users: int | None
    approximate: bool
    """The server sampled or extrapolated (``meta.dataScanned`` was not ``full``)."""


@dataclass(frozen=True, slots=True)
class TransactionWindow:
    """One transaction within an arbitrary window, as the server computed it for exactly that window."""

    project_id: str
    environment: str
    transaction: str
    start: datetime
    end: datetime
    count: int
    tpm: float | None
    avg: float | None
    p50: float | None
    p75: float | None
    p95: float | None
    p99: float | None
    failure_rate: float | None
    apdex: float | None
    users: int | None
    approximate: bool


@dataclass(frozen=True, slots=True)
class QueryStat:
    """One normalised database query within one hour; times are self times."""

    project_id: str
    environment: str
    query_id: str
    """Sentry's ``span.group``; the description's own text where the server has no groups."""
    description: str | None
    system: str | None
    action: str | None
    domain: str | None
    hour: datetime
    count: int
    tpm: float | None
    avg: float | None
    p95: float | None
    total: float | None
    approximate: bool


@dataclass(frozen=True, slots=True)
class WebVital:
    """75th percentiles of page loads of one transaction within one hour: milliseconds, CLS without unit."""

    project_id: str
    environment: str
    transaction: str
    hour: datetime
    count: int
    lcp: float | None
    fcp: float | None
    cls: float | None
    inp: float | None
    ttfb: float | None
    score: float | None
    approximate: bool


def parse_transaction(raw: Raw, start: datetime, end: datetime, *, approximate: bool) -> TransactionWindow:
    """A row of Explore's ``spans`` (or ``transactions``) dataset for the window from ``start`` to ``end``."""
    names = _SPANS if "count(span.duration)" in raw else _TRANSACTIONS
    return TransactionWindow(
        project_id=required(raw, PROJECT),
        environment=text(raw, "environment") or "",
        transaction=required(raw, "transaction"),
        start=start,
        end=end,
        count=integer(raw, names["count"]) or 0,
        tpm=number(raw, names["tpm"]),
        avg=number(raw, names["avg"]),
        p50=number(raw, names["p50"]),
        p75=number(raw, names["p75"]),
        p95=number(raw, names["p95"]),
        p99=number(raw, names["p99"]),
        failure_rate=number(raw, "failure_rate()"),
        apdex=number(raw, names["apdex"]),
        users=integer(raw, "count_unique(user)"),
        approximate=approximate,
    )


def hourly(row: TransactionWindow) -> TransactionStat:
    """The same figures as the hour's row."""
    return TransactionStat(
        project_id=row.project_id,
        environment=row.environment,
        transaction=row.transaction,
        hour=row.start,
        count=row.count,
        tpm=row.tpm,
        avg=row.avg,
        p50=row.p50,
        p75=row.p75,
        p95=row.p95,
        p99=row.p99,
        failure_rate=row.failure_rate,
        apdex=row.apdex,
        users=row.users,
        approximate=row.approximate,
    )


def parse_query(raw: Raw, hour: datetime, *, approximate: bool) -> QueryStat:
    """A row of Explore's ``spans`` dataset of ``span.category:db``."""
    description = text(raw, "sentry.normalized_description") or text(raw, "span.description")
    return QueryStat(
        project_id=required(raw, PROJECT),
        environment=text(raw, "environment") or "",
        query_id=text(raw, "span.group") or description or "",
        description=description,
        system=text(raw, "span.system"),
        action=text(raw, "span.action"),
        domain=text(raw, "span.domain"),
        hour=hour,
        count=integer(raw, "count(span.duration)") or 0,
        tpm=number(raw, "epm()"),
        avg=number(raw, "avg(span.self_time)"),
        p95=number(raw, "p95(span.self_time)"),
        total=number(raw, "sum(span.self_time)"),
        approximate=approximate,
    )


def parse_web_vital(raw: Raw, hour: datetime, *, approximate: bool) -> WebVital:
    """A row of Explore's ``spans`` (or ``transactions``) dataset of page loads."""
    return WebVital(
        project_id=required(raw, PROJECT),
        environment=text(raw, "environment") or "",
        transaction=text(raw, "transaction") or "",
        hour=hour,
        count=integer(raw, "count(span.duration)") or integer(raw, "count()") or 0,
        lcp=number(raw, "p75(measurements.lcp)"),
        fcp=number(raw, "p75(measurements.fcp)"),
        cls=number(raw, "p75(measurements.cls)"),
        inp=number(raw, "p75(measurements.inp)"),
        ttfb=number(raw, "p75(measurements.ttfb)"),
        score=number(raw, "performance_score(measurements.score.total)"),
        approximate=approximate,
    )


_SPANS = {
    "count": "count(span.duration)",
    "tpm": "epm()",
    "avg": "avg(span.duration)",
    "p50": "p50(span.duration)",
    "p75": "p75(span.duration)",
    "p95": "p95(span.duration)",
    "p99": "p99(span.duration)",
    "apdex": "apdex(span.duration,300)",
}
_TRANSACTIONS = {
    "count": "count()",
    "tpm": "tpm()",
    "avg": "avg(transaction.duration)",
    "p50": "p50(transaction.duration)",
    "p75": "p75(transaction.duration)",
    "p95": "p95(transaction.duration)",
    "p99": "p99(transaction.duration)",
    "apdex": "apdex(300)",
}
"""How each figure is called in Explore's ``spans`` dataset and in the older ``transactions`` one."""

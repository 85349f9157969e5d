"""The figures of an answer about performance: rows as they are shown, and sums over hours. Durations in ms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sentry_sync.answers import untrusted
from sentry_sync.answers.misses import Reach
from sentry_sync.answers.times import HOUR
from sentry_sync.records.intervals import Interval, gaps, union
from sentry_sync.store.reads import performance
from sentry_sync.store.reads.knowledge import Knowledge
from sentry_sync.store.reads.performance import Wanted
from sentry_sync.store.reads.prepared import Snapshot

QUERIES = 10
PAGES = 10

_PERCENTILES = ("p50", "p75", "p95", "p99")
_VITALS = ("lcp", "fcp", "cls", "inp", "ttfb", "score")


def exact(row: Any) -> dict[str, Any]:
    """A transaction as the server computed it for the window; its names are not cleaned yet."""
    return {
        "count": row.count,
        "per_minute": rounded(row.tpm),
        "avg_ms": rounded(row.avg),
        **{f"{name}_ms": rounded(getattr(row, name)) for name in _PERCENTILES},
        "failure_rate": rounded(row.failure_rate, 5),
        "apdex": rounded(row.apdex, 4),
        "users": row.users,
        "approximate": bool(row.approximate),
        "untrusted": {"transaction": row.transaction, "environment": row.environment},
    }


def summed(row: Any) -> dict[str, Any]:
    """A transaction over the hours known: its count is their sum, its rates weighted by count."""
    return {
        "count": row.count,
        "hours": row.hours,
        "avg_ms": rounded(row.avg),
        **{f"{name}_ms": _range(row, name) for name in _PERCENTILES},
        "failure_rate": rounded(row.failure_rate, 5),
        "approximate": bool(row.approximate),
        "untrusted": {"transaction": row.transaction, "environment": row.environment},
    }


def by_total_time(row: Mapping[str, Any]) -> tuple[float, str, str]:
    """The key that puts what takes the most time in all first; ties by name."""
    said = row["untrusted"]
    return -(row["count"] * (row["avg_ms"] or 0.0)), said["transaction"], said["environment"]


def cleaned(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with its names made harmless."""
    return {**row, "untrusted": {name: untrusted.line(value) for name, value in row["untrusted"].items()}}


def database(
    snapshot: Snapshot, known: Knowledge, project_id: str, window: Interval, environment: str | None
) -> dict[str, Any]:
    """The queries that took the most time in all, over the hours known of the window."""
    rows = performance.busiest_queries(snapshot, Wanted(project_id, window, environment, limit=QUERIES))
    return {**_known_hours(window, known, "queries"), "queries": [query(row) for row in rows]}


def query(row: Any) -> dict[str, Any]:
    """A database query over the hours known."""
    return {
        "count": row.count,
        "total_ms": rounded(row.total),
        "avg_ms": rounded(row.avg),
        "p95_ms": _range(row, "p95"),
        "untrusted": untrusted.fields(
            {name: getattr(row, name) for name in ("description", "system", "action", "domain")}
        ),
    }


def web_vitals(
    snapshot: Snapshot, known: Knowledge, project_id: str, window: Interval, environment: str | None
) -> dict[str, Any]:
    """The pages loaded most, with the lowest and highest hourly 75th percentile of each vital."""
    rows = performance.busiest_pages(snapshot, Wanted(project_id, window, environment, limit=PAGES))
    return {**_known_hours(window, known, "web_vitals"), "pages": [page(row) for row in rows]}


def page(row: Any) -> dict[str, Any]:
    """A page's web vitals over the hours known."""
    return {
        "count": row.count,
        "hours": row.hours,
        **{name: _range(row, name) for name in _VITALS if getattr(row, f"{name}_max") is not None},
        "untrusted": {"transaction": untrusted.line(row.transaction)},
    }


def hours(window: Interval, known: Iterable[Interval]) -> int:
    """How many hours of ``window`` are known."""
    missing = sum((gap.length for gap in gaps(window, known)), start=window.length - window.length)
    return (window.length - missing) // HOUR


def overlap(window: Interval, found: Reach | None) -> Interval | None:
    """The part of the window that is known without a gap."""
    if found is None:
        return None
    start, end = max(window.start, found.since), min(window.end, found.as_of)
    return Interval(start, end) if start < end else None


def rounded(value: float | None, digits: int = 2) -> float | None:
    """Milliseconds to hundredths: more digits than that are noise."""
    return None if value is None else round(value, digits)


def _known_hours(window: Interval, known: Knowledge, resource: str) -> dict[str, Any]:
    covered = union(part.interval for part in known.covered(resource))
    found = hours(window, covered)
    return {"hours_known": found, "hours": window.length // HOUR, "complete": not gaps(window, covered)}


def _range(row: Any, name: str) -> dict[str, float | None]:
    low, high = getattr(row, f"{name}_min"), getattr(row, f"{name}_max")
    return {"hourly_min": rounded(low, 4), "hourly_max": rounded(high, 4)}

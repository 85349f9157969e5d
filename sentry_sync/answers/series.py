"""How one transaction went, hour by hour: each figure as a list with one value an hour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sentry_sync.answers import untrusted
from sentry_sync.answers.figures import rounded
from sentry_sync.answers.times import HOUR, shown
from sentry_sync.records.intervals import Interval, gaps
from sentry_sync.store.reads import performance
from sentry_sync.store.reads.prepared import Snapshot

_FIGURES = {"p50_ms": ("p50", 2), "p95_ms": ("p95", 2), "failure_rate": ("failure_rate", 5), "apdex": ("apdex", 4)}


def series_of(
    snapshot: Snapshot, project_id: str, window: Interval, known: Sequence[Interval], row: Any
) -> dict[str, Any]:
    """The hours of the transaction that ``row`` names.

    A count is null where the hour is not known, 0 where it is known that there were none; other figures are null
    in both.
    """
    rows = performance.series(snapshot, project_id, window, row.transaction, row.environment)
    by_hour = {found.hour: found for found in rows}
    hours = [window.start + HOUR * number for number in range(window.length // HOUR)]
    unknown = {hour for hour in hours if hour not in by_hour and gaps(Interval(hour, hour + HOUR), known)}
    found: dict[str, Any] = {
        "count": row.count,
        "from": shown(window.start),
        "step_seconds": int(HOUR.total_seconds()),
        "counts": [by_hour[hour].count if hour in by_hour else None if hour in unknown else 0 for hour in hours],
    }
    for name, (column, digits) in _FIGURES.items():
        values = [getattr(by_hour[hour], column) if hour in by_hour else None for hour in hours]
        found[name] = [rounded(value, digits) for value in values]
    if any(found_row.approximate for found_row in rows):
        found["approximate"] = True
    names = {"transaction": row.transaction, "environment": row.environment}
    return found | {"untrusted": untrusted.fields(names)}

"""How one transaction went, hour by hour: each figure as a list with one value an hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sentry_sync.answers import untrusted
from sentry_sync.answers.figures import rounded
from sentry_sync.answers.times import HOUR, shown
from sentry_sync.records.intervals import Interval, gaps
from sentry_sync.store.reads import performance
from sentry_sync.store.reads.prepared import Snapshot

_FIGURES = {"p50_ms": ("p50", 2), "p95_ms": ("p95", 2), "failure_rate": ("failure_rate", 5), "apdex": ("apdex", 4)}


@dataclass(frozen=True, slots=True)
class Known:
    """Which hours are known, the running one as far as it had come at ``until``."""

    covered: Sequence[Interval]
    until: datetime

    def has(self, hour: datetime) -> bool:
        """Whether all of the hour that there was by then is known."""
        end = min(hour + HOUR, self.until)
        return hour < end and not gaps(Interval(hour, end), self.covered)


def series_of(snapshot: Snapshot, project_id: str, window: Interval, known: Known, row: Any) -> dict[str, Any]:
    """The hours of the transaction that ``row`` names.

    A count is null where the hour is not known, 0 where it is known that there were none; other figures are null
    in both.
    """
    rows = performance.series(snapshot, project_id, window, row.transaction, row.environment)
    by_hour = {found.hour: found for found in rows}
    hours = [window.start + HOUR * number for number in range(window.length // HOUR)]
    found: dict[str, Any] = {
        "count": row.count,
        "from": shown(window.start),
        "step_seconds": int(HOUR.total_seconds()),
        "counts": [by_hour[hour].count if hour in by_hour else 0 if known.has(hour) else None for hour in hours],
    }
    for name, (column, digits) in _FIGURES.items():
        values = [getattr(by_hour[hour], column) if hour in by_hour else None for hour in hours]
        found[name] = [rounded(value, digits) for value in values]
    if any(found_row.approximate for found_row in rows):
        found["approximate"] = True
    names = {"transaction": row.transaction, "environment": row.environment}
    return found | {"untrusted": untrusted.fields(names)}

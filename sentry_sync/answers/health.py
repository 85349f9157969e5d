"""Release health over the last days that are known: sums of sessions, rates weighted by them, users by the day.

Users of several days are not added up (the same person comes back), nor are adoption and crash-free users: for
these the newest day stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sentry_sync.answers import untrusted
from sentry_sync.answers.figures import rounded
from sentry_sync.answers.misses import reach
from sentry_sync.answers.times import DAY, ceiling, shown
from sentry_sync.records.intervals import Interval
from sentry_sync.store.reads.knowledge import Knowledge

DAYS = 7
"""Long enough for a week's rhythm, short enough for a release to be the newest in it."""


@dataclass(frozen=True, slots=True)
class HealthDays:
    """The days that an answer's health is about."""

    window: Interval
    as_of: datetime
    approximate: bool

    def shown(self) -> dict[str, Any]:
        """How an answer names them."""
        return {
            "from": shown(self.window.start),
            "to": shown(self.as_of),
            "days": self.window.length // DAY,
            "newest_day_is_over": self.as_of >= self.window.end,
        }

    def notes(self) -> list[str]:
        """What to know about them."""
        return ["health is approximate: the server listed no more groups"] if self.approximate else []


def health_days(known: Knowledge, now: datetime) -> HealthDays | None:
    """The last whole days whose sessions are known, the newest perhaps still running; None when there are none."""
    parts = known.covered("release_health")
    found = reach(known.as_of("release_health"), [part.interval for part in parts])
    if found is None:
        return None
    end = ceiling(found.as_of, DAY)
    start = max(ceiling(found.since, DAY), end - DAYS * DAY)
    if start >= end:
        return None
    approximate = any(part.approximate and part.interval.end > start for part in parts)
    return HealthDays(Interval(start, end), min(found.as_of, now), approximate)


def health_of(rows: Sequence[Any], days: HealthDays) -> list[dict[str, Any]]:
    """One release's health by environment, from daily rows sorted by environment and day."""
    return [
        _environment(name, list(group), days) for name, group in groupby(rows, key=lambda row: row.environment)
    ]


def _environment(name: str, rows: Sequence[Any], days: HealthDays) -> dict[str, Any]:
    newest = rows[-1]
    rated = [row for row in rows if row.crash_free_sessions is not None]
    sessions = sum(row.sessions for row in rated)
    free = sum(row.sessions * row.crash_free_sessions for row in rated) / sessions if sessions else None
    return {
        "sessions": sum(row.sessions for row in rows),
        "crash_free_sessions": rounded(free, 5),
        "newest_day": {
            "day": shown(newest.bucket),
            "is_over": days.as_of >= newest.bucket + DAY,
            "sessions": newest.sessions,
            "users": newest.users,
            "crash_free_sessions": rounded(newest.crash_free_sessions, 5),
            "crash_free_users": rounded(newest.crash_free_users, 5),
            "adoption": rounded(newest.adoption, 5),
        },
        "untrusted": {"environment": untrusted.line(name)},
    }

"""Counts by hour and by day that tell what is not known from nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sentry_sync.answers.times import DAY, HOUR, shown
from sentry_sync.records.intervals import Interval, floor, gaps

HOURS = 24
DAYS = 14


@dataclass(frozen=True, slots=True)
class Counted:
    """Events by the hour, and when they were counted completely."""

    by_hour: Mapping[datetime, int]
    known: tuple[Interval, ...]
    as_of: datetime
    """The end of the newest known time: its hour and day are not over."""


def oldest(as_of: datetime) -> datetime:
    """Where the days that are shown begin."""
    return floor(as_of, DAY) - (DAYS - 1) * DAY


def series(counted: Counted, step: timedelta, length: int) -> dict[str, Any]:
    """The counts of the last ``length`` hours or days of UTC, oldest first; None where not all of one is known."""
    newest = floor(counted.as_of, step)
    starts = [newest - back * step for back in range(length - 1, -1, -1)]
    sums = dict.fromkeys(starts, 0)
    for hour, events in counted.by_hour.items():
        start = floor(hour, step)
        if start in sums:
            sums[start] += events
    return {
        "from": shown(starts[0]),
        "events": [sums[start] if _known(counted, start, step) else None for start in starts],
    }


def trend(counted: Counted) -> dict[str, Any]:
    """Both series, their totals, and whether anything in them is not known."""
    hours, days = series(counted, HOUR, HOURS), series(counted, DAY, DAYS)
    values = [*hours["events"], *days["events"]]
    return {
        "complete": None not in values,
        "as_of": shown(counted.as_of),
        "last_24h": _total(hours["events"]),
        "last_14d": _total(days["events"]),
        "hours": hours,
        "days": days,
    }


def _known(counted: Counted, start: datetime, step: timedelta) -> bool:
    end = min(start + step, counted.as_of)
    # A bucket that has only just begun is told apart from an unknown one by the time right before it.
    wanted = Interval(start, end) if start < end else Interval(start - HOUR, start)
    return not gaps(wanted, counted.known)


def _total(values: Iterable[int | None]) -> int | None:
    found = list(values)
    return None if None in found else sum(value or 0 for value in found)

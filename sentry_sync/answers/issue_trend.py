"""Counts by hour and by day that tell what is not known from nothing. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sentry_sync.answers.times import DAY, HOUR, shown
from sentry_sync.records.intervals import Interval, floor, union

HOURS = 24
DAYS = 14


@dataclass(frozen=True, slots=True)
class Counted:
    """Events by hours and by days, and when they were counted completely."""

    by_hour: Mapping[datetime, int]
    """Of the last hours at least."""
    by_day: Mapping[datetime, int]
    known: Sequence[Interval]
    as_of: datetime
    """The end of the newest known time: its hour and day are not over."""


def first(as_of: datetime, step: timedelta, length: int) -> datetime:
    """Where the last so many hours or days begin, the one of ``as_of`` being the last."""
    return floor(as_of, step) - (length - 1) * step


def trend(counted: Counted) -> dict[str, Any]:
    """Both series, their totals, and whether anything in them is not known."""
    known = union(counted.known)
    hours = series(counted.by_hour, known, counted.as_of, HOUR, HOURS)
    days = series(counted.by_day, known, counted.as_of, DAY, DAYS)
    values = [*hours["events"], *days["events"]]
    return {
        "complete": None not in values,
        "as_of": shown(counted.as_of),
        "last_24h": _total(hours["events"]),
        "last_14d": _total(days["events"]),
        "hours": hours,
        "days": days,
    }


def series(
    sums: Mapping[datetime, int], known: Sequence[Interval], as_of: datetime, step: timedelta, length: int
) -> dict[str, Any]:
    """The sums of the last ``length`` hours or days of UTC, oldest first; None where not all of one is known.

    ``known`` are disjoint.
    """
    start = first(as_of, step, length)
    values: list[int | None] = [0] * length
    for at, events in sums.items():
        if at >= start:
            values[(at - start) // step] = events
    if not _known(known, start, as_of):
        for number in range(length):
            at = start + number * step
            if not _known(known, at, min(at + step, as_of)):
                values[number] = None
    return {"from": shown(start), "events": values}


def _known(known: Sequence[Interval], start: datetime, end: datetime) -> bool:
    """Whether all of that time is known; of a bucket that has only just begun, the time right before it."""
    return any(part.start <= start and end <= part.end for part in known if start < end or part.start < start)


def _total(values: Sequence[int | None]) -> int | None:
    return None if None in values else sum(value or 0 for value in values)

"""Times as a person writes them, and as an answer shows them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from sentry_sync.errors import QuestionError
from sentry_sync.records.intervals import Interval, floor

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

LONGEST = timedelta(days=90)
"""Sentry keeps nothing longer than this, whatever is asked."""

_UNITS = {"m": timedelta(minutes=1), "h": HOUR, "d": DAY, "w": 7 * DAY}
_RELATIVE = re.compile(r"-?(\d{1,4})([mhdw])")


@lru_cache(maxsize=4096)
def shown(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC, to the second (to the millisecond where there is one): ``2026-11-20T12:00:00Z``."""
    if moment is None:
        return None
    text = moment.isoformat(timespec="milliseconds") if moment.microsecond else moment.isoformat()
    return text[:-6] + "Z"  # all times are UTC, so the offset is +00:00


def parse(text: str, now: datetime, name: str) -> datetime:
    """A time from ISO 8601, ``now`` or an age such as ``-7d``; raises QuestionError."""
    said = text.strip()
    if said.lower() == "now":
        return now
    relative = _RELATIVE.fullmatch(said.lower())
    if relative:
        return now - int(relative[1]) * _UNITS[relative[2]]
    try:
        found = datetime.fromisoformat(said)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # the latter for a zone that moves it out of the years 1 to 9999
        raise QuestionError(
            f"{name} is not a time: give ISO 8601 such as 2026-11-20T09:00Z, or an age such as -24h or -7d"
        ) from None


def window(start: str | None, end: str | None, now: datetime) -> Interval:
    """The window from ``start`` to ``end``, rounded outward to full hours.

    A missing start is 24 hours before the end, a missing end is now. Raises QuestionError for a window that is
    empty, longer than Sentry keeps data, or not yet begun.
    """
    until = parse(end, now, "end_time") if end else now
    since = parse(start, now, "start_time") if start else until - DAY
    if since >= now:
        raise QuestionError("start_time lies in the future: there is nothing to measure yet")
    if since >= until:
        raise QuestionError("start_time must be before end_time")
    until = min(until, now)
    if now - since > LONGEST + HOUR:
        raise QuestionError(
            f"start_time is more than {LONGEST.days} days ago: Sentry keeps no performance data that long"
        )
    return Interval(floor(since, HOUR), ceiling(until, HOUR))


def ceiling(moment: datetime, step: timedelta) -> datetime:
    """The first multiple of ``step`` since the epoch at or after ``moment``."""
    below = floor(moment, step)
    return below if below == moment else below + step

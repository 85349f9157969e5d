"""Which seven days a report is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sentry_sync.errors import QuestionError
from sentry_sync.records.intervals import floor

DAY = timedelta(days=1)
LENGTH = 7 * DAY

_ISO = re.compile(r"(\d{4})-?W(\d{2})")
_WRONG = "week must be an ISO week or its last day, as 2026-W47 or 2026-11-22"


@dataclass(frozen=True, slots=True)
class Week:
    """Seven whole days in UTC; ``end`` is the midnight after the last."""

    end: datetime

    @property
    def start(self) -> datetime:
        """The first day's midnight."""
        return self.end - LENGTH

    @property
    def before(self) -> datetime:
        """When the week before began."""
        return self.start - LENGTH

    @property
    def name(self) -> str:
        """``week 2026-W47`` of days from Monday to Sunday, else ``the week to 2026-11-24``."""
        if self.start.isoweekday() == 1:
            year, number, _ = self.start.isocalendar()
            return f"week {year}-W{number:02}"
        return f"the week to {self.end - DAY:%Y-%m-%d}"

    @property
    def days(self) -> str:
        """First and last day."""
        return f"{self.start:%Y-%m-%d} to {self.end - DAY:%Y-%m-%d}"


def week_of(asked: str | None, now: datetime) -> Week:
    """The week that was asked for, or the seven last whole days: on a Monday the ISO week that has just ended.

    Raises QuestionError for what is no week, and for one that is not over.
    """
    if asked is None:
        return Week(floor(now, DAY))
    week = Week(datetime.combine(_last_day(asked.strip()), time(), UTC) + DAY)
    if week.end > now:
        raise QuestionError(
            f"{week.name} is not over: it ends with {week.end - DAY:%Y-%m-%d}. Without a week the report is about "
            "the last seven whole days"
        )
    return week


def _last_day(asked: str) -> date:
    iso = _ISO.fullmatch(asked)
    try:
        day = date.fromisocalendar(int(iso[1]), int(iso[2]), 7) if iso else date.fromisoformat(asked)
    except ValueError:
        raise QuestionError(_WRONG) from None
    if not 2000 <= day.year <= 9000:  # far enough from the ends of time to add days to it
        raise QuestionError(_WRONG)
    return day

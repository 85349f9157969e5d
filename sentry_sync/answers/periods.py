"""Windows that move on with the clock: the last so many hours up to a full hour. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sentry_sync.answers import cursors
from sentry_sync.answers.cursors import Position
from sentry_sync.answers.times import DAY, HOUR, shown
from sentry_sync.errors import QuestionError
from sentry_sync.records.intervals import Interval


@dataclass(frozen=True, slots=True)
class Period:
    """A window that the sync keeps: the last so many hours up to a full hour."""

    name: str
    length: timedelta
    every: timedelta
    """How often the sync reads it anew."""


PERIODS = {"24h": Period("24h", DAY, HOUR), "7d": Period("7d", 7 * DAY, 6 * HOUR)}
_MEANS = {"-24h": "24h", "24h": "24h", "-1d": "24h", "1d": "24h", "-7d": "7d", "7d": "7d", "-1w": "7d", "1w": "7d"}


def period_of(start: str | None, end: str | None) -> Period | None:
    """The kept window that these times ask for, the last day if they are left out; None for any other."""
    if end and end.strip().lower() != "now":
        return None
    return PERIODS.get(_MEANS.get((start or "-24h").strip().lower(), ""))


def up_to(end: datetime, length: timedelta) -> Interval:
    """The window of ``length`` that ends then."""
    return Interval(end - length, end)


def cursor_at(question: Any, window: Interval, figure: float, *names: str) -> str:
    """The cursor behind a row of ``window`` with that figure and those names, by which rows are in order."""
    return cursors.encode(question, Position(after=(shown(window.end), figure, *names)))


def place_of(question: Any, window: Interval, names: int) -> tuple[float, list[str]] | None:
    """The figure and names behind which ``question`` goes on; None at its beginning.

    Raises QuestionError for a cursor of another window: a window that moves on has other figures.
    """
    if question.cursor is None:
        return None
    end, *last = cursors.decode(question.cursor, question).after or (None,)
    told = [name for name in last[1:] if isinstance(name, str)]
    figure = last[0] if last else None
    if end != shown(window.end) or not isinstance(figure, (int, float)) or len(told) != names:
        raise QuestionError(
            "the window has moved on since that cursor was made: ask again without it, or with start_time and "
            "end_time as the answer's window has them"
        )
    return float(figure), told

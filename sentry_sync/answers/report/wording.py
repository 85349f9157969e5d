"""Figures as a report writes them."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

NONE = "-"


def count(value: float | None) -> str:
    """A whole number; a dash for what is not known."""
    return NONE if value is None else f"{value:,.0f}"


def share(value: float | None, digits: int = 2) -> str:
    """A share of one in percent."""
    return NONE if value is None else f"{100 * value:.{digits}f} %"


def change(ratio: float | None) -> str:
    """What became of something, from the ratio of now to before."""
    if ratio is None:
        return NONE
    if ratio >= 10:
        return f"{ratio:,.0f} times"
    percent = round(100 * (ratio - 1))
    return f"{percent:+} %" if percent else "0 %"


def points(now: float | None, before: float | None) -> str:
    """What became of a share, in points of a hundred."""
    return NONE if now is None or before is None else f"{100 * (now - before):+.2f} points"


def ms(value: float | None) -> str:
    """Milliseconds."""
    return NONE if value is None else f"{value:,.0f} ms"


def number(value: float | None) -> str:
    """Three digits that count."""
    return NONE if value is None else f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def hours(value: float | None) -> str:
    """A length of time in hours, or in days where there are more than two."""
    if value is None:
        return NONE
    return f"{value / 24:.1f} days" if abs(value) >= 48 else f"{value:.1f} h"


def moment(value: datetime | None) -> str:
    """A time to the minute, in UTC."""
    return NONE if value is None else f"{value:%Y-%m-%d %H:%M}"


def instant(value: Any) -> str:
    """A time as an answer has it (ISO 8601), to the minute."""
    return NONE if not value else str(value)[:16].replace("T", " ")


def part(covered: float) -> str:
    """How much of a time is known: 100 % for all of it alone."""
    return f"{math.floor(100 * covered)} %"


def known(covered: float) -> str:
    """The same in words, where it is not all of it."""
    return "" if covered >= 1 else f"{part(covered)} of the time is known"


def partly(number: float | None, covered: float) -> str:
    """A count, marked where it is of a part of the time only; none of what is not known at all."""
    if number is None or (not number and not covered):
        return NONE
    return count(number) if covered >= 1 else f"{count(number)} (of {part(covered)})"


def seen(number: int, *, known: bool) -> str:
    """How many were found; a dash where none was and nobody could have."""
    return count(number) if number or known else NONE


def many(number: int, what: str) -> str:
    """``1 issue``, ``2 issues``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"

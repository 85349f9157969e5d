"""Figures, times and texts as a page shows them, beside those of the report. Pure; what is not known is a dash."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup

from sentry_sync.answers import untrusted
from sentry_sync.answers.report.wording import NONE, change, count, ms, number, share

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))

ISSUES = ("issue_id", "short_id")
"""Columns that name an issue, in whichever statement."""

_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,80}")

SPARK_WIDTH, SPARK_HEIGHT = 120, 28
"""Of a line in a table's cell."""


def points(value: float | None) -> str:
    """A change of a share, in points of a hundred."""
    return NONE if value is None else f"{100 * value:+.2f} points"


def size(value: float | None) -> str:
    """Bytes."""
    if value is None:
        return NONE
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:,.0f} {unit}"
        value /= 1000
    return f"{value:,.1f} GB"


def age(seconds: float | None) -> str:
    """A length of time in its largest unit."""
    if seconds is None:
        return NONE
    for length, unit in _UNITS:
        if seconds >= length:
            return f"{seconds // length:.0f} {unit}"
    return "0 s"


def growing(seconds: float) -> Markup:
    """A length of time that goes on while the page is open: its script counts on."""
    return Markup('<span data-age="{:.0f}">{}</span>').format(seconds, age(seconds))


def old(moment: str, now: datetime) -> Markup:
    """How old what was true at a moment of an answer is by now, however long ago the answer was made."""
    return growing(max(0.0, (now - datetime.fromisoformat(moment)).total_seconds()))


def at_least(number: int, exact: bool) -> str:
    """So many as are known: of none that is not exact nothing is known."""
    return f"{number:,}" if exact else f"{number:,}+" if number else NONE


def since(moment: str | None, now: datetime) -> str | Markup:
    """How long ago a moment of an answer was, or in what time it will be."""
    if not moment:
        return NONE
    seconds = (now - datetime.fromisoformat(moment)).total_seconds()
    told = f"in {age(-seconds)}" if seconds < 0 else f"{age(seconds)} ago"
    return Markup('<span data-age="{:.0f}" data-ago>{}</span>').format(seconds, told)


def instant(moment: str | None) -> str | Markup:
    """A moment of an answer, to the minute."""
    if not moment:
        return NONE
    shown = moment[:16].replace("T", " ")
    return Markup('<time datetime="{}">{}</time>').format(moment, shown)


def said(text: object, limit: int = 200) -> str | Markup:
    """Text out of an event: on one line, in a direction of its own."""
    found = untrusted.line(str(text), limit) if text not in (None, "") else ""
    return Markup("<bdi>{}</bdi>").format(found) if found.strip() else NONE


def cell(value: Any, column: Mapping[str, str]) -> str | Markup:
    """A value of a statement's answer in this column; an issue is a link to its page."""
    if value is None:
        return NONE
    if column["name"] in ISSUES and _NAME.fullmatch(str(value)):
        return Markup('<a href="/issues/{0}">{0}</a>').format(value)
    return _time(str(value)) if column["type"].startswith("TIMESTAMP") else _plain(value)


def _plain(value: Any) -> str | Markup:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return number(value) if value == round(value) or abs(value) >= 100 else f"{value:.4g}"
    return said(value, 500)


def _time(moment: str) -> Markup:
    day, _, hour = moment[:19].partition("T")
    return Markup('<time datetime="{}">{}</time>').format(
        moment, day if hour in ("", "00:00:00") else f"{day} {hour}"
    )


def spark(values: Sequence[float | None]) -> list[str]:
    """Points of a small line, broken where a value is not known."""
    most = max((value for value in values if value is not None), default=0) or 1
    step = SPARK_WIDTH / max(1, len(values) - 1)
    runs: list[list[str]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            height = SPARK_HEIGHT - 2 - (SPARK_HEIGHT - 4) * value / most
            runs[-1].append(f"{place * step:.1f},{height:.1f}")
    return [" ".join(run if len(run) > 1 else run * 2) for run in runs if run]


FILTERS: Mapping[str, Callable[..., Any]] = {
    "count_of": count,
    "number": number,
    "share": share,
    "points": points,
    "change": change,
    "ms": ms,
    "size": size,
    "age": age,
    "growing": growing,
    "old": old,
    "at_least": at_least,
    "since": since,
    "instant": instant,
    "said": said,
    "line": untrusted.line,
    "cell": cell,
}

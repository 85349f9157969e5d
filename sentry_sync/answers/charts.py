"""A result as a chart: lines over time where the first column is a time, else bars. Drawn elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sentry_sync.answers.labels import labels
from sentry_sync.errors import QueryError

if TYPE_CHECKING:
    from sentry_sync.trends.session import Result

LINES = 8
"""Lines of a chart: more are not told apart by their colours. The rest is left out, and that is said."""

BARS = 20
"""Bars of a chart: as many as fit a terminal beside their labels."""

TOLD = 5
"""Times that a sentence names."""

_NUMBERS = ("BIGINT", "HUGEINT", "INTEGER", "DOUBLE")
COVERED = "covered"
"""The column that says how much of a point's time is known, from 0 to 1: no measure itself."""

IN_PART = "in part"
"""What is said of such a point: today, as far as it went, or a day of which hours are missing."""

SHARES = frozenset(
    {"adoption", "covered", "crash_free_sessions", "crash_free_users", "failure_rate", "share", "top_share"}
)
"""Columns that hold shares of one."""

LOW_IS_BAD = frozenset({"apdex", "budget_left", "covered", "crash_free_sessions", "crash_free_users"})
"""Columns whose lowest values are what is looked for: they stand first, and are left out last."""

_NAMES = ("short_id", "transaction", "description")
"""Columns that name a row better than those before them."""


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn. Names come out of events: one line, without hidden characters, to be escaped."""

    title: str
    measure: str
    lines: dict[str, list[tuple[datetime, float | None]]] = field(default_factory=dict)
    """Each line's points in order; None where nothing is known."""
    bars: list[tuple[str, float]] = field(default_factory=list)
    left_out: int = 0
    """Lines or bars that there was no room for."""
    band: list[tuple[datetime, float, float]] = field(default_factory=list)
    """Between what something lies, where that is known of it: of a forecast."""
    target: float | None = None
    """What is aimed at: a level line."""
    share: bool = False
    """Values are shares of one, shown as percentages; their axis need not start at 0."""
    partly: frozenset[tuple[str, datetime]] = frozenset()
    """Points, by their line and time, of whose time only a part is known: they may yet grow."""
    cut: bool = False
    """Whether the answer had more rows than were looked at."""

    @property
    def known(self) -> bool:
        """Whether any value is: else there is nothing to draw, and an empty chart looks like zeros."""
        return bool(self.bars) or any(value is not None for points in self.lines.values() for _, value in points)


def chart(title: str, result: Result, column: str | None = None) -> Chart:
    """The chart of a result; raises QueryError for one that has no rows or no number to show."""
    if not result.rows:
        raise QueryError("there are no rows to draw")
    measure = _measure(result, column)
    rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
    if result.types[0].startswith("TIMESTAMP"):
        return _over_time(title, result, rows, measure)
    named = _named(result, rows, measure)
    bars = [(name, float(row[measure])) for name, row in zip(named, rows, strict=True) if row[measure] is not None]
    # Of the column that is shown, which need not be the one rows are sorted by.
    bars.sort(key=lambda bar: bar[1], reverse=measure not in LOW_IS_BAD)
    return Chart(
        title,
        measure,
        bars=bars[:BARS],
        left_out=max(0, len(bars) - BARS),
        share=measure in SHARES,
        cut=result.truncated,
    )


def _measure(result: Result, column: str | None) -> str:
    numbers = [name for name, kind in zip(result.columns, result.types, strict=True) if kind.startswith(_NUMBERS)]
    if column is not None and column not in numbers:
        raise QueryError(f"a chart can show {', '.join(numbers) or 'nothing of this query'}: give one as --column")
    found = [column] if column else [name for name in numbers if name != COVERED]
    if not found:
        raise QueryError("this query has no number to draw")
    return found[0]


def _over_time(title: str, result: Result, rows: Sequence[dict[str, Any]], measure: str) -> Chart:
    """A line for each combination of the texts before the first number."""
    time, texts = result.columns[0], list(_texts(result))
    named = labels([tuple(row[text] for text in texts) for row in rows], measure)
    lines: dict[str, list[tuple[datetime, float | None]]] = {}
    partly: set[tuple[str, datetime]] = set()
    for row in rows:
        name = named[tuple(row[text] for text in texts)]
        value = row[measure]
        lines.setdefault(name, []).append((row[time], None if value is None else float(value)))
        if value is not None and row.get(COVERED) is not None and row[COVERED] < 1:
            partly.add((name, row[time]))
    told = {name: sorted(lines[name]) for name in _foremost(lines, measure)}
    shown = frozenset((name, time) for name, time in partly if name in told)
    return Chart(
        title,
        measure,
        told,
        [],
        len(lines) - len(told),
        partly=shown,
        share=measure in SHARES,
        cut=result.truncated,
    )


def _foremost(lines: Mapping[str, Sequence[tuple[datetime, float | None]]], measure: str) -> list[str]:
    """The lines there is room for: those of the largest sums, or where low is bad, of the lowest values."""

    def weight(name: str) -> float:
        known = [value for _, value in lines[name] if value is not None]
        return min(known, default=math.inf) if measure in LOW_IS_BAD else -sum(known)

    return sorted(lines, key=weight)[:LINES]


def notes(chart: Chart) -> list[str]:
    """What is to be known of a chart that does not show all, a sentence each."""
    found = []
    if chart.partly:
        times = sorted({time for _, time in chart.partly})
        hourly = any(time.hour or time.minute for time in times)
        told = [f"{time:%m-%d %H:%M}" if hourly else f"{time:%m-%d}" for time in times]
        shown = told if len(told) <= TOLD else [*told[:TOLD], f"and {len(told) - TOLD} more"]
        found.append(f"Known in part: {', '.join(shown)}.")
    if chart.left_out:
        found.append(f"{chart.left_out:,} more {'bars' if chart.bars else 'lines'} are not shown.")
    if chart.cut:
        found.append("There are more rows than were looked at: some are missing here.")
    return found


def _named(result: Result, rows: Sequence[dict[str, Any]], measure: str) -> list[str]:
    """A name for each row: the column that names rows, beside the project, if that tells them apart.

    Else all texts before the number, as of a transaction in two environments.
    """
    whole = list(_texts(result))
    best = next((name for name in _NAMES if name in result.columns), None)
    short = [name for name in ("project",) if name in result.columns and best != "short_id"] + [best or ""]
    for texts in [short, dict.fromkeys([*whole, best])] if best else [whole]:
        named = [tuple(row[text] for text in texts) for row in rows]
        if len(set(named)) == len(named):
            break
    called = labels(named, measure)
    return [called[values] for values in named]


def _texts(result: Result) -> Iterator[str]:
    """The text columns before the first number."""
    for name, kind in zip(result.columns, result.types, strict=True):
        if kind.startswith(_NUMBERS):
            return
        if kind == "VARCHAR":
            yield name


def runs(points: Sequence[tuple[datetime, float | None]]) -> Iterator[list[tuple[datetime, float]]]:
    """The points in stretches without a gap: a line across what is not known would be made up."""
    run: list[tuple[datetime, float]] = []
    for time, value in points:
        if value is None:
            if run:
                yield run
            run = []
        else:
            run.append((time, value))
    if run:
        yield run

"""A chart without a picture: as a table, and as a line of blocks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sentry_sync.answers.charts import IN_PART, Chart
from sentry_sync.answers.drawing import is_hourly, shown
from sentry_sync.answers.report.document import Column, Quoted, Table

BLOCKS = "▁▂▃▄▅▆▇█"
UNKNOWN = "·"


def as_table(chart: Chart) -> Table:
    """The figures of a chart."""
    if chart.bars:
        columns: tuple[Column, ...] = (Column(""), Column(chart.measure, number=True))
        bars = tuple((Quoted(name), shown(value, share=chart.share)) for name, value in chart.bars)
        return Table(chart.title, columns, bars)
    times = sorted({time for points in chart.lines.values() for time, _ in points})
    held = {name: dict(points) for name, points in chart.lines.items()}
    band = {time: f"{shown(low)} to {shown(high)}" for time, low, high in chart.band}
    names = [*held, *(["interval"] if band else [])]
    form = "%Y-%m-%d %H:%M" if is_hourly(chart) else "%Y-%m-%d"
    rows = tuple(
        (
            format(time, form),
            *(_value(chart, name, time, known.get(time)) for name, known in held.items()),
            *([band.get(time, "")] if band else []),
        )
        for time in times
    )
    return Table(
        chart.title,
        (Column("time" if is_hourly(chart) else "day"), *(Column(Quoted(name), number=True) for name in names)),
        rows,
    )


def _value(chart: Chart, name: str, time: datetime, value: float | None) -> str:
    if value is None:
        return ""
    return shown(value, share=chart.share) + (f" ({IN_PART})" if (name, time) in chart.partly else "")


def in_blocks(chart: Chart) -> list[tuple[str, str]]:
    """Each line's name, and its values as blocks of eight heights with the lowest and the highest beside them."""
    if chart.bars:
        most = max(value for _, value in chart.bars)
        return [
            (
                name,
                f"{'█' * max(1, round(24 * value / most) if most > 0 else 1)} {shown(value, share=chart.share)}",
            )
            for name, value in chart.bars
        ]
    return [(name, _line([value for _, value in points], chart)) for name, points in chart.lines.items()]


def _line(values: Sequence[float | None], chart: Chart) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return f"{UNKNOWN * len(values)}  not known"
    low, high = (min(known) if chart.share else 0.0), max(known)
    span = high - low or 1.0
    blocks = (
        UNKNOWN if value is None else BLOCKS[min(7, max(0, int(8 * (value - low) / span)))] for value in values
    )
    return f"{''.join(blocks)}  {shown(min(known), share=chart.share)} to {shown(high, share=chart.share)}"

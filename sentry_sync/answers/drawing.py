"""A chart as lines and boxes on a canvas: geometry and words, for whoever writes SVG from it.

A library was looked for. pygal (3.1) needs no other and draws such lines, but brings a style sheet inside every
picture, which a strict content security policy refuses, and has no intervals and no text alternative; matplotlib
has fixed colours, and 60 MB. What a page needs of a chart is the arithmetic below and a template of forty lines.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sentry_sync.answers.charts import Chart, notes, runs

WIDTH, HEIGHT = 720, 230
LEFT, RIGHT, TOP, BOTTOM = 58, 20, 12, 26
"""Room for the values on the left, half a date on the right, and the dates below."""

ROW, LABELS, VALUES = 24, 270, 80
"""Of bars: a row's height, the room for their names (40 letters) and for their values."""

TICKS = 4
"""Levels beside the axis: enough to read a value by, few enough not to be a table."""

DATES = 8
"""Dates under the axis that do not touch one another."""

DOTS = 62
"""Points of a line that are drawn as such: two months of days."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line, broken where nothing is known."""

    name: str
    number: int
    """From 1: which of the chart's colours and dashes."""
    runs: tuple[str, ...]
    """Points as SVG has them."""
    dots: tuple[Point, ...]
    hollow: tuple[Point, ...] = ()
    """Points that are known in part."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar with its name and its value."""

    name: str
    value: str
    y: float
    width: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn where."""

    width: int
    height: float
    description: str
    """The chart in words, for whoever does not see it."""
    values: tuple[Tick, ...] = ()
    times: tuple[Tick, ...] = ()
    strokes: tuple[Stroke, ...] = ()
    band: str = ""
    target: Tick | None = None
    bars: tuple[Bar, ...] = ()

    left: float = LEFT
    right: float = WIDTH - RIGHT
    bottom: float = HEIGHT - BOTTOM


def drawn(chart: Chart) -> Drawing:
    """The chart's geometry."""
    return _bars(chart) if chart.bars else _lines(chart)


def shown(value: float, *, share: bool = False) -> str:
    """A value as a chart writes it."""
    if share:
        return f"{100 * value:.2f}".rstrip("0").rstrip(".") + " %"
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 100 else f"{value:.3g}"


def day(moment: datetime, *, hourly: bool = False) -> str:
    """A date as a chart writes it, with its hour where a chart goes by the hour."""
    return f"{moment:%m-%d %H:%M}" if hourly else f"{moment:%m-%d}"


def is_hourly(chart: Chart) -> bool:
    """Whether there are several points a day."""
    times = {time for points in chart.lines.values() for time, _ in points}
    return len({time.date() for time in times}) < len(times)


def _bars(chart: Chart) -> Drawing:
    most = max((value for _, value in chart.bars), default=0.0)
    room = WIDTH - LABELS - VALUES
    bars = tuple(
        Bar(
            name,
            shown(value, share=chart.share),
            ROW * at,
            max(1.0, room * max(value, 0) / most) if most > 0 else 1,
        )
        for at, (name, value) in enumerate(chart.bars)
    )
    said = "; ".join(f"{bar.name}: {bar.value}" for bar in bars)
    return Drawing(
        WIDTH, ROW * len(bars), " ".join([f"Bars, the largest first. {said}.", *notes(chart)]), bars=bars
    )


def _lines(chart: Chart) -> Drawing:
    times = [time for points in chart.lines.values() for time, _ in points] + [time for time, _, _ in chart.band]
    first, last = min(times, default=None), max(times, default=None)
    if first is None or last is None:
        return Drawing(WIDTH, HEIGHT, "Nothing is known of this time.")
    levels = _levels(_values(chart), share=chart.share)
    span = (last - first) / timedelta(seconds=1) or 1.0

    def x(time: datetime) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * ((time - first) / timedelta(seconds=1)) / span

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (value - levels[0]) / (levels[-1] - levels[0])

    def placed(points: Sequence[tuple[datetime, float]]) -> list[Point]:
        return [(round(x(time), 1), round(y(value), 1)) for time, value in points]

    upper = placed([(time, high) for time, _, high in chart.band])
    lower = placed([(time, low) for time, low, _ in chart.band])
    target = chart.target
    return Drawing(
        WIDTH,
        HEIGHT,
        _description(chart),
        tuple(Tick(round(y(level), 1), shown(level, share=chart.share)) for level in levels),
        tuple(Tick(round(x(time), 1), label) for time, label in _marks(first, last, hourly=is_hourly(chart))),
        tuple(
            _stroke(
                name,
                number,
                [placed(run) for run in runs(points)],
                placed(
                    [(time, value) for time, value in points if value is not None and (name, time) in chart.partly]
                ),
            )
            for number, (name, points) in enumerate(chart.lines.items(), start=1)
        ),
        _path([*upper, *reversed(lower)]),
        None if target is None else Tick(round(y(target), 1), f"target {shown(target, share=chart.share)}"),
    )


def _stroke(name: str, number: int, found: Sequence[Sequence[Point]], hollow: Sequence[Point]) -> Stroke:
    points = [point for run in found for point in run]
    # A run of one point is no line: without its dot it would not be seen.
    dots = points if len(points) <= DOTS else [run[0] for run in found if len(run) == 1]
    whole = tuple(point for point in dots if point not in hollow)
    return Stroke(name, number, tuple(_path(run) for run in found), whole, tuple(hollow))


def _path(points: Sequence[Point]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def _values(chart: Chart) -> list[float]:
    found = [value for points in chart.lines.values() for _, value in points if value is not None]
    found += [bound for _, low, high in chart.band for bound in (low, high)]
    return found if chart.target is None else [*found, chart.target]


def _levels(values: Sequence[float], *, share: bool) -> list[float]:
    """Round values from below the lowest to above the highest; counts start at 0, shares end at 1."""
    low, high = min([*values, *([] if share else [0.0])], default=0.0), max(values, default=1.0)
    if share:
        high = max(high, 1.0)
    if high <= low:
        low, high = (high - 0.01, high) if share else (low, low + 1.0)
    rough = (high - low) / TICKS
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough * 0.999)
    start, end = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(step * number, 10) for number in range(start, end + 1)]


def _marks(first: datetime, last: datetime, *, hourly: bool) -> Iterator[tuple[datetime, str]]:
    """Midnights from the first to the last, so many that they do not touch; full hours where it is about hours."""
    by_hours = hourly and last - first <= timedelta(days=2)
    step = timedelta(hours=1) if by_hours else timedelta(days=1)
    apart = max(1, math.ceil(((last - first) / step + 1) / DATES))
    time = first.replace(minute=0, second=0, microsecond=0)
    time = time if by_hours else time.replace(hour=0)
    while time <= last:
        if time >= first:
            yield time, f"{time:%H:%M}" if by_hours else day(time)
        time += apart * step


def _description(chart: Chart) -> str:
    hourly = is_hourly(chart)
    said = [_told(name, points, share=chart.share, hourly=hourly) for name, points in chart.lines.items()]
    if chart.target is not None:
        said.append(f"The target is {shown(chart.target, share=chart.share)}")
    if chart.band:
        lows, highs = [low for _, low, _ in chart.band], [high for _, _, high in chart.band]
        said.append(
            f"The interval reaches from {shown(min(lows), share=chart.share)} "
            f"to {shown(max(highs), share=chart.share)}"
        )
    return " ".join([f"{'. '.join(said)}.", *notes(chart)])


def _told(name: str, points: Sequence[tuple[datetime, float | None]], *, share: bool, hourly: bool) -> str:
    known = [(time, value) for time, value in points if value is not None]
    if not known:
        return f"{name}: not known"
    (since, first), (until, last) = known[0], known[-1]
    top = max(known, key=lambda point: point[1])
    least = min(known, key=lambda point: point[1])
    unknown = (
        f"; {len(points) - len(known)} of {len(points)} points are not known" if len(known) < len(points) else ""
    )

    def at(time: datetime) -> str:
        return f"on {day(time, hourly=hourly)}"

    return (
        f"{name}: from {shown(first, share=share)} {at(since)} to {shown(last, share=share)} {at(until)}, "
        f"lowest {shown(least[1], share=share)} {at(least[0])}, highest {shown(top[1], share=share)} "
        f"{at(top[0])}{unknown}"
    )

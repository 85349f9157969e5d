"""Charts of what answers hold; drawn by the templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from sentry_sync.answers.charts import Chart, chart
from sentry_sync.answers.drawing import is_hourly
from sentry_sync.errors import QueryError


def of_query(title: str, answer: Mapping[str, Any], column: str | None = None) -> Chart | None:
    """The chart of a statement's answer; None where there is nothing to draw, or none of it is known."""
    from sentry_sync.trends.session import Result  # here, since it brings DuckDB

    kinds = tuple(one["type"] for one in answer["columns"])
    times = [place for place, kind in enumerate(kinds) if kind.startswith("TIMESTAMP")]
    result = Result(
        columns=tuple(one["name"] for one in answer["columns"]),
        types=kinds,
        rows=[_timed(row, times) for row in answer["untrusted"]["rows"]],
        truncated=answer["more"],
        elapsed_ms=answer["ms"],
        notes=(),
        tables=(),
    )
    try:
        drawn = chart(title, result, column)
    except QueryError:
        return None
    return drawn if drawn.known else None


def of_series(
    title: str, name: str, series: Mapping[str, Any] | None, step: timedelta, now: datetime
) -> Chart | None:
    """Counts from a time on, one a step, of which the one that is under way is no whole one.

    None where nothing is known of them.
    """
    if not series or not series["from"]:
        return None
    start = datetime.fromisoformat(series["from"])
    points = [(start + step * at, value) for at, value in enumerate(series["events"])]
    under_way = frozenset((name, time) for time, value in points if value is not None and time + step > now)
    return Chart(title, name, {name: points}, partly=under_way)


def of_forecast(
    title: str, days: Sequence[Mapping[str, Any]], known: Sequence[tuple[datetime, float | None]]
) -> Chart:
    """What was, and what is to be expected with its interval."""
    at = [datetime.fromisoformat(day["day"]) for day in days]
    return Chart(
        title,
        "errors",
        {
            "errors": list(known),
            "expected": [(day, float(one["expected"])) for day, one in zip(at, days, strict=True)],
        },
        band=[(day, float(one["low"]), float(one["high"])) for day, one in zip(at, days, strict=True)],
    )


def plotted(chart: Chart) -> str:
    """The figures of a chart over time, for the script that draws them anew: JSON, to be escaped."""
    known = [time for points in chart.lines.values() for time, _ in points]
    times = sorted({*known, *(time for time, _, _ in chart.band)})
    lines = [
        (name, dict(points), [at for at in times if (name, at) in chart.partly])
        for name, points in chart.lines.items()
    ]
    low = {time: least for time, least, _ in chart.band}
    high = {time: most for time, _, most in chart.band}
    told = {
        "times": [round(time.timestamp()) for time in times],
        "lines": [
            {"name": name, "values": list(map(values.get, times)), "partly": [times.index(at) for at in partly]}
            for name, values, partly in lines
        ],
        "band": {"low": list(map(low.get, times)), "high": list(map(high.get, times))} if chart.band else None,
        "share": chart.share,
        "hourly": is_hourly(chart),
    }
    return orjson.dumps(told).decode()


def by_project(answer: Mapping[str, Any]) -> dict[str, list[float | None]]:
    """Each project's values of ``error_trend``, oldest first."""
    found: dict[str, list[float | None]] = {}
    for row in sorted(answer["untrusted"]["rows"], key=lambda one: one[0]):
        found.setdefault(str(row[1]), []).append(row[2])
    return found


def _timed(row: Sequence[Any], times: Sequence[int]) -> tuple[Any, ...]:
    return tuple(
        datetime.fromisoformat(value) if place in times and value else value for place, value in enumerate(row)
    )

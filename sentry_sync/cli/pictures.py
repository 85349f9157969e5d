"""A chart as a picture, PNG or SVG, drawn by matplotlib: an optional part of the installation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sentry_sync.answers.charts import Chart, notes
from sentry_sync.cli import output
from sentry_sync.errors import SettingsError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (10, 5)
"""Inches, at 120 dots each in a PNG."""


def write(chart: Chart, path: Path, form: str) -> None:
    """Write the picture; raises SettingsError where matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise SettingsError("pictures need matplotlib: pip install 'sentry-sync[charts]'") from None
    figure = Figure(figsize=SIZE, layout="constrained")
    axes = figure.add_subplot()
    _bars(axes, chart) if chart.bars else _lines(axes, chart)
    axes.set_title("\n".join([_plain(chart.title), *notes(chart)]))
    figure.savefig(path, format=form, dpi=120)


def _lines(axes: Axes, chart: Chart) -> None:
    import numpy
    from matplotlib.ticker import PercentFormatter

    for name, points in chart.lines.items():
        values = [float("nan") if value is None else value for _, value in points]
        times = numpy.array([time.replace(tzinfo=None) for time, _ in points], dtype="datetime64[us]")
        axes.plot(times, values, label=_plain(name), marker=".")
        axes.plot(times, _in_part(chart, name), color=axes.lines[-1].get_color(), marker="o", mfc="white", ls="")
    axes.set_ylabel(chart.measure)
    if chart.share:
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    else:
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    axes.grid(visible=True, alpha=0.3)
    axes.tick_params(axis="x", rotation=30)
    axes.legend(loc="best", fontsize="small")


def _in_part(chart: Chart, name: str) -> list[float]:
    """The points of a line that are known in part: hollow ones."""
    return [
        value if value is not None and (name, time) in chart.partly else float("nan")
        for time, value in chart.lines[name]
    ]


def _bars(axes: Axes, chart: Chart) -> None:
    from matplotlib.ticker import PercentFormatter

    places = range(len(chart.bars))
    axes.barh(places, [value for _, value in chart.bars])
    axes.set_yticks(places, [_plain(name) for name, _ in chart.bars])
    axes.invert_yaxis()
    axes.set_xlabel(chart.measure)
    if chart.share:
        axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(visible=True, axis="x", alpha=0.3)


def _plain(text: str) -> str:
    """Text without the sign that starts a formula: a name out of an event is no formula."""
    return output.printable(text).replace("$", r"\$")

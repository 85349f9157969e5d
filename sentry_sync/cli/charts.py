"""A chart in the terminal."""

from __future__ import annotations

from sentry_sync.answers.charts import Chart, notes, runs
from sentry_sync.cli import output

WIDTH, HEIGHT = 100, 24


def in_terminal(chart: Chart) -> str:
    """The chart in letters and lines, without colours where stdout is no terminal."""
    import plotext

    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plot_size(WIDTH, HEIGHT)
    plotext.title(f"{chart.title}: {chart.measure}{' (%)' if chart.share else ''}")
    scale = 100.0 if chart.share else 1.0
    if chart.bars:
        bars = chart.bars[::-1]  # it draws from the bottom up
        plotext.plot_size(WIDTH, len(bars) + 4)
        plotext.bar(
            [output.printable(name) for name, _ in bars],
            [scale * value for _, value in bars],
            orientation="horizontal",
            width=0.3,
        )
    else:
        plotext.date_form("Y-m-d H:M")
        if not chart.share:
            plotext.ylim(min(0.0, *_values(chart)), None)
        for marker, (name, points) in zip("●▲■◆○△□◇", chart.lines.items(), strict=False):
            for number, run in enumerate(runs(points)):
                times = [time.strftime("%Y-%m-%d %H:%M") for time, _ in run]
                label = None if number else output.printable(name)
                plotext.plot(times, [scale * value for _, value in run], label=label, marker=marker)
    drawn = str(plotext.uncolorize(plotext.build()))
    lines = [line.rstrip() for line in drawn.splitlines()]
    return "\n".join([*lines, *notes(chart)])


def _values(chart: Chart) -> list[float]:
    return [value for points in chart.lines.values() for _, value in points if value is not None]

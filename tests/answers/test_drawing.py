from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sentry_sync.answers.charts import Chart
from sentry_sync.answers.drawing import DATES, drawn
from sentry_sync.answers.report.figures import as_table

START = datetime(2026, 11, 19, 13, tzinfo=UTC)


def chart(step: timedelta, points: int, start: datetime = START) -> Chart:
    return Chart("Events", "events", {"events": [(start + at * step, float(at)) for at in range(points)]})


@pytest.mark.parametrize(
    ("step", "points", "labels"),
    [
        (timedelta(hours=1), 24, ["13:00", "16:00", "19:00", "22:00", "01:00", "04:00", "07:00", "10:00"]),
        (timedelta(hours=1), 96, ["11-20", "11-21", "11-22", "11-23"]),
        (timedelta(days=1), 4, ["11-20", "11-21", "11-22"]),
    ],
)
def test_the_axis_has_hours_where_a_chart_is_about_a_day_or_two(
    step: timedelta, points: int, labels: list[str]
) -> None:
    times = drawn(chart(step, points)).times
    assert [tick.label for tick in times] == labels
    assert len(times) <= DATES


def test_a_chart_by_the_hour_is_told_with_its_hours() -> None:
    found = chart(timedelta(hours=1), 3)
    assert "highest 2 on 11-19 15:00" in drawn(found).description
    assert [row[0] for row in as_table(found).rows] == ["2026-11-19 13:00", "2026-11-19 14:00", "2026-11-19 15:00"]


def test_one_by_the_day_without_them() -> None:
    found = chart(timedelta(days=1), 2, START.replace(hour=0))
    assert "highest 1 on 11-20." in drawn(found).description
    assert [row[0] for row in as_table(found).rows] == ["2026-11-19", "2026-11-20"]

"""Where the lines and bars of a chart are drawn, and what is said of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sentry_sync.answers.charts import Chart
from sentry_sync.answers.drawing import HEIGHT, LEFT, WIDTH, drawn, shown
from sentry_sync.answers.report.figures import as_table, in_blocks

DAY = timedelta(days=1)
MONDAY = datetime(2026, 11, 16, tzinfo=UTC)


def days(*values: float | None) -> list[tuple[datetime, float | None]]:
    return [(MONDAY + number * DAY, value) for number, value in enumerate(values)]


def points(text: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in text.split())]


def test_a_line_runs_from_the_first_day_to_the_last_between_its_levels() -> None:
    found = drawn(Chart("T", "n", {"web": days(0, 50, 100)}))
    ((stroke,), levels) = found.strokes, found.values
    ((x0, y0), (x1, y1), (x2, y2)) = points(stroke.runs[0])
    assert (x0, x1, x2) == (LEFT, (LEFT + found.right) / 2, found.right)
    assert (levels[0].at, levels[0].label, levels[-1].label) == (y0, "0", "100")
    assert (y2, y1) == (levels[-1].at, (y0 + y2) / 2)
    assert y0 == found.bottom > y2
    assert [tick.label for tick in found.times] == ["11-16", "11-17", "11-18"]


def test_what_is_not_known_breaks_the_line_and_a_day_alone_is_a_dot() -> None:
    (stroke,) = drawn(Chart("T", "n", {"web": days(1, None, 2, None, None, 3, 4)})).strokes
    assert [len(points(run)) for run in stroke.runs] == [1, 1, 2]
    assert len(stroke.dots) == 4
    many = [1.0, None, *([2.0] * 70)]
    (stroke,) = drawn(Chart("T", "n", {"web": days(*many)})).strokes
    assert len(stroke.dots) == 1  # of so many days only the one that no line shows


@pytest.mark.parametrize(
    ("values", "share", "labels"),
    [
        ((3, 7), False, ["0", "2", "4", "6", "8"]),
        ((0, 0), False, ["0", "0.5", "1"]),
        ((1200, 3900), False, ["0", "1,000", "2,000", "3,000", "4,000"]),
        ((0.991, 0.999), True, ["99 %", "99.5 %", "100 %"]),
        ((0.9, 0.99), True, ["90 %", "95 %", "100 %"]),
        ((1, 1), True, ["99 %", "99.5 %", "100 %"]),
    ],
)
def test_levels_are_round_and_hold_every_value(values: tuple[float, ...], share: bool, labels: list[str]) -> None:
    found = drawn(Chart("T", "n", {"web": days(*values)}, share=share))
    assert [tick.label for tick in found.values] == labels
    low, high = found.values[0].at, found.values[-1].at
    assert all(high <= y <= low for _, y in points(found.strokes[0].runs[0]))


def test_a_target_and_an_interval_lie_within_the_picture_too() -> None:
    band = [(MONDAY + 2 * DAY, 5.0, 90.0), (MONDAY + 3 * DAY, 0.0, 120.0)]
    found = drawn(Chart("T", "n", {"web": days(10, 20)}, band=band, target=150.0))
    assert found.target
    assert found.target.label == "target 150"
    (first, second, third, fourth) = points(found.band)
    assert first[0] == fourth[0] < second[0] == third[0] == found.right
    assert first[1] < fourth[1]
    assert second[1] < first[1]
    assert found.values[-1].at <= found.target.at < second[1]


def test_bars_are_as_long_as_their_values_and_never_gone() -> None:
    found = drawn(Chart("T", "n", bars=[("a", 200.0), ("b", 100.0), ("c", 0.0)]))
    assert [bar.value for bar in found.bars] == ["200", "100", "0"]
    first, second, third = (bar.width for bar in found.bars)
    assert (first, second, third) == (2 * second, first / 2, 1.0)
    assert found.height == found.bars[-1].y + 24
    assert found.bars[0].width < WIDTH
    assert [bar.width for bar in drawn(Chart("T", "n", bars=[("a", 0.0)])).bars] == [1]


def test_a_chart_is_told_in_words() -> None:
    chart = Chart("T", "n", {"web": days(3, None, 9, 4), "api": days(None)}, left_out=2, target=5.0)
    assert drawn(chart).description == (
        "web: from 3 on 11-16 to 4 on 11-19, lowest 3 on 11-16, highest 9 on 11-18; 1 of 4 points are not known. "
        "api: not known. The target is 5. 2 more are not shown."
    )
    assert drawn(Chart("T", "n", bars=[("a", 2.5)])).description == "Bars, the largest first. a: 2.5."
    assert drawn(Chart("T", "n")).description == "Nothing is known of this time."
    band = drawn(Chart("T", "n", {"web": days(0.5)}, band=[(MONDAY, 0.25, 0.75)], share=True)).description
    assert band.endswith("The interval reaches from 25 % to 75 %.")


def test_one_moment_alone_is_drawn_where_it_is() -> None:
    found = drawn(Chart("T", "n", {"web": days(5)}))
    assert found.strokes[0].dots == ((LEFT, found.strokes[0].dots[0][1]),)
    assert 0 < found.strokes[0].dots[0][1] < HEIGHT


def test_values_are_written_with_the_digits_that_count() -> None:
    assert [shown(value) for value in (3, 1234.6, 0.04567, 99.5)] == ["3", "1,235", "0.0457", "99.5"]
    assert [shown(value, share=True) for value in (1, 0.995, 0.99612)] == ["100 %", "99.5 %", "99.61 %"]


def test_a_chart_as_a_table_has_every_day_and_what_is_not_known_is_empty() -> None:
    table = as_table(Chart("T", "n", {"web": days(1, None), "api": days(2, 3)}, band=[(MONDAY + 2 * DAY, 1, 4)]))
    assert [row[0] for row in table.rows] == ["2026-11-16", "2026-11-17"]
    assert [row[1:] for row in table.rows] == [("1", "2", ""), ("", "3", "")]
    assert len(table.columns) == 4


def test_a_chart_as_blocks_tells_the_unknown_from_the_lowest() -> None:
    ((name, line), (_, unknown)) = in_blocks(
        Chart("T", "n", {"web": days(0, 50, None, 100), "api": days(None, None)})
    )
    assert (name, line) == ("web", "▁▅·█  0 to 100")
    assert unknown == "··  not known"
    ((_, shares),) = in_blocks(Chart("T", "n", {"web": days(0.99, 1)}, share=True))
    assert shares == "▁█  99 % to 100 %"
    assert [line for _, line in in_blocks(Chart("T", "n", bars=[("a", 4.0), ("b", 1.0)]))] == [
        f"{'█' * 24} 4",
        f"{'█' * 6} 1",
    ]

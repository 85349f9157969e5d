from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sentry_sync.answers.charts import BARS, LINES, chart
from sentry_sync.answers.drawing import drawn as shapes
from sentry_sync.answers.report.figures import as_table
from sentry_sync.cli import pictures
from sentry_sync.cli.charts import in_terminal
from sentry_sync.trends.session import Result

DAY = datetime(2026, 11, 20, tzinfo=UTC)


def result(columns: dict[str, str], rows: list[tuple[Any, ...]]) -> Result:
    return Result(tuple(columns), tuple(columns.values()), rows, False, 1.0, (), ())


def test_what_is_not_known_is_a_gap_and_no_line_across_it() -> None:
    rows = [(DAY + number * timedelta(days=1), "web", None if number == 2 else number) for number in range(5)]
    drawn = chart("T", result({"day": "TIMESTAMP", "project": "VARCHAR", "errors": "HUGEINT"}, rows))
    assert [value for _, value in drawn.lines["web"]] == [0, 1, None, 3, 4]
    whole = chart(
        "T", result({"day": "TIMESTAMP", "project": "VARCHAR", "errors": "HUGEINT"}, rows[:2] + rows[3:])
    )
    assert in_terminal(drawn).count("●") < in_terminal(whole).count("●")


def test_a_point_of_whose_time_only_a_part_is_known_is_marked_and_named() -> None:
    columns = {"day": "TIMESTAMP", "project": "VARCHAR", "errors": "HUGEINT", "covered": "DOUBLE"}
    rows = [(DAY + number * timedelta(days=1), "web", 5, 1.0 if number < 2 else 0.25) for number in range(3)]
    drawn = chart("T", result(columns, rows))
    today = DAY + timedelta(days=2)
    assert drawn.partly == {("web", today)}
    assert in_terminal(drawn).endswith("Known in part: 11-22.")
    (stroke,) = shapes(drawn).strokes
    assert (len(stroke.dots), len(stroke.hollow)) == (2, 1)
    assert "Known in part: 11-22." in shapes(drawn).description
    assert [row[1] for row in as_table(drawn).rows] == ["5", "5", "5 (in part)"]


def test_two_lines_whose_names_are_cut_alike_stay_two() -> None:
    names = ["a" * 60 + middle + "z" * 60 for middle in "bc"]
    rows = [(DAY, names[0], 1), (DAY, names[1], 2)]
    drawn = chart("T", result({"day": "TIMESTAMP", "release": "VARCHAR", "errors": "HUGEINT"}, rows))
    assert sorted(drawn.lines.values()) == [[(DAY, 1.0)], [(DAY, 2.0)]]


def test_a_chart_of_an_answer_that_was_cut_says_so() -> None:
    cut = replace(result({"project": "VARCHAR", "burn": "DOUBLE"}, [("web", 1.5)]), truncated=True)
    assert in_terminal(chart("T", cut)).endswith("some are missing here.")


def test_the_largest_bars_stand_first_whatever_rows_are_sorted_by() -> None:
    rows = [(f"p{number}", number) for number in range(BARS + 2)]
    drawn = chart("T", result({"project": "VARCHAR", "count": "BIGINT"}, rows))
    assert [value for _, value in drawn.bars] == [float(number) for number in range(BARS + 1, 1, -1)]


def test_where_low_is_bad_the_lowest_stand_first_and_are_left_out_last() -> None:
    bars = [(f"p{number}", number / 100) for number in range(BARS + 2)]
    drawn = chart("T", result({"project": "VARCHAR", "apdex": "DOUBLE"}, bars))
    assert [value for _, value in drawn.bars] == [number / 100 for number in range(BARS)]
    days = [DAY, DAY + timedelta(days=1)]
    rows = [(day, f"p{n}", None if n == LINES else 1 - n / 100) for n in range(LINES + 2) for day in days]
    lines = chart("T", result({"day": "TIMESTAMP", "project": "VARCHAR", "crash_free_users": "DOUBLE"}, rows))
    assert set(lines.lines) == {f"p{n}" for n in range(1, LINES + 2) if n != LINES}


def test_a_share_is_told_as_a_percentage_and_its_axis_starts_where_its_values_do(tmp_path: Path) -> None:
    rows = [(DAY + number * timedelta(days=1), "web", 0.95 + number / 100) for number in range(5)]
    drawn = chart("T", result({"day": "TIMESTAMP", "project": "VARCHAR", "crash_free_sessions": "DOUBLE"}, rows))
    assert drawn.share
    told = in_terminal(drawn)
    assert "crash_free_sessions (%)" in told
    assert "95.00┤" in told
    pictures.write(drawn, tmp_path / "drawn.svg", "svg")
    assert "<!-- 96.00% -->" in (tmp_path / "drawn.svg").read_text(encoding="utf-8")
    counted = in_terminal(chart("T", result({"day": "TIMESTAMP", "p": "VARCHAR", "errors": "DOUBLE"}, rows)))
    assert "0.00┤" in counted


def test_more_lines_or_bars_than_can_be_told_apart_are_left_out_and_that_is_said() -> None:
    lines = [(DAY, f"p{number}", number) for number in range(LINES + 3)]
    drawn = chart("T", result({"day": "TIMESTAMP", "project": "VARCHAR", "errors": "BIGINT"}, lines))
    assert (len(drawn.lines), drawn.left_out) == (LINES, 3)
    assert "p10" in drawn.lines
    bars = [(f"p{number}", 1.5) for number in range(BARS + 2)]
    drawn = chart("T", result({"project": "VARCHAR", "burn": "DOUBLE"}, bars))
    assert (len(drawn.bars), drawn.left_out) == (BARS, 2)
    assert in_terminal(drawn).endswith("2 more bars are not shown.")


def test_names_out_of_events_are_made_safe() -> None:
    rows = [("a\x1b[31m\u202e\ue000" + "x" * 100, 3)]
    drawn = chart("T", result({"transaction": "VARCHAR", "count": "BIGINT"}, rows))
    ((name, value),) = drawn.bars
    assert (name[:7], len(name), value) == ("a[31m\ue000x", 40, 3.0)
    assert "a[31m?xxx" in in_terminal(drawn)


def test_bars_are_named_by_as_much_as_tells_them_apart() -> None:
    columns = {"project": "VARCHAR", "environment": "VARCHAR", "transaction": "VARCHAR", "count": "BIGINT"}
    apart = [("web", "production", "/pay", 3), ("web", "production", "/cart", 2)]
    assert [name for name, _ in chart("T", result(columns, apart)).bars] == ["web / /pay", "web / /cart"]
    alike = [("web", "production", "/pay", 3), ("web", "staging", "/pay", 2)]
    assert [name for name, _ in chart("T", result(columns, alike)).bars] == [
        "web / production / /pay",
        "web / staging / /pay",
    ]

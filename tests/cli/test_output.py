from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_sync.cli import output


@given(st.text())
def test_nothing_printed_from_an_event_can_command_a_terminal(text: str) -> None:
    shown = output.printable(text)
    assert not any(unicodedata.category(character) in output.HIDDEN for character in shown)
    assert "\n" not in shown


@given(st.text())
def test_json_lines_are_ascii_and_one_line(text: str) -> None:
    line = output.to_json({"title": text})
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line) == {"title": text}


def test_a_table_aligns_numbers_right_and_text_left(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(("NAME", "ROWS", "OK"), [("web", 5, True), ("backend", 1200, None)])
    assert capsys.readouterr().out == "NAME     ROWS  OK\nweb         5  yes\nbackend  1200  -\n"


def test_a_table_without_rows_still_names_its_columns(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(("A", "B"), [])
    assert capsys.readouterr().out == "A  B\n"


def test_a_cell_is_cut_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(("A",), [("x" * 500,)])
    assert capsys.readouterr().out.splitlines()[1] == "x" * (output.CELL - 1) + "…"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59.4, "59s"), (60, "1m"), (125, "2m 5s"), (3600, "1h"), (93_780, "1d 2h"), (-5, "0s")],
)
def test_a_duration_is_told_in_two_units(seconds: float, text: str) -> None:
    assert output.duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2.5e9, "2.5 GB"), (3e12, "3.0 TB")]
)
def test_a_size_is_told_in_its_unit(count: int, text: str) -> None:
    assert output.size(int(count)) == text


def test_what_json_lacks_is_told_in_text() -> None:
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert output.to_json([at, b"\x01\xff"]) == '["2026-11-20T12:00:00+00:00","01ff"]'

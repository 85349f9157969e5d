from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import pyarrow.parquet
import pytest

from sentry_sync.trends.library import library
from tests.support.cli import CommandLine
from tests.trends.library_world import AT, COUNTS, built
from tests.trends.seed import HOSTILE

UNTIL = ("-p", f"until={AT.isoformat()}")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("query") / "store").directory


@pytest.fixture
def store(filled: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SENTRY_SYNC_STORE", str(filled))
    return filled


def test_without_a_name_the_library_is_listed(cli: CommandLine, store: Path) -> None:
    lines = cli("query").out.splitlines()
    assert [line.split()[0] for line in lines[:-1:2]] == list(library())
    assert "    -p hours=24 -p until=now" in lines
    assert [row["name"] for row in cli("query", "--json").document] == list(library())


def test_rows_are_a_table_or_json_with_their_freshness(cli: CommandLine, store: Path) -> None:
    table = cli("query", "error_trend", "-p", "days=2", *UNTIL)
    assert table.out.splitlines()[0].split() == ["day", "project", "errors", "covered"]
    assert "4 rows in" in table.err
    assert "error_counts: complete from" in table.err
    found = cli("query", "error_trend", "-p", "days=2", *UNTIL, "--json")
    assert found.err == ""
    assert len(found.document["rows"]) == 4


def test_csv_in_the_terminal_is_made_safe_and_in_a_file_as_it_came(
    cli: CommandLine, store: Path, tmp_path: Path
) -> None:
    shown = cli("query", "noisiest_issues", *UNTIL, "-f", "csv")
    assert not set(shown.out) & set("\x1b\x00\u202e")
    assert "noisiest" not in shown.out
    assert "rows in" in shown.err
    cli("query", "noisiest_issues", *UNTIL, "-o", tmp_path / "n.csv")
    with (tmp_path / "n.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["issue_id"] for row in rows] == [row["issue_id"] for row in csv.DictReader(io.StringIO(shown.out))]
    assert HOSTILE in {row["title"] for row in rows}


def test_parquet_keeps_types_and_values(cli: CommandLine, store: Path, tmp_path: Path) -> None:
    path = tmp_path / "day's.parquet"
    assert cli("query", "error_trend_by_release", *UNTIL, "-o", path).code == 0
    table = pyarrow.parquet.read_table(path)
    assert [str(field.type) for field in table.schema] == [
        "timestamp[us]", "string", "string", "string", "int64", "double",
    ]  # fmt: skip
    owned = sum(row.count for row in COUNTS if row.project_id in "12" and row.hour.day >= 7 and row.hour < AT)
    assert sum(table["errors"].to_pylist()) == owned


def test_a_chart_is_drawn_in_the_terminal(cli: CommandLine, store: Path) -> None:
    lines = cli("query", "error_trend", *UNTIL, "-f", "chart").out
    assert "Errors per day: errors" in lines
    assert "●● web" in lines
    assert "▲▲ api" in lines
    bars = cli("query", "growing_issues", *UNTIL, "-f", "chart", "--column", "errors").out
    assert "Fastest growing issues: errors" in bars
    assert "API-C┤█" in bars
    assert "\x1b" not in lines + bars


def test_a_chart_is_drawn_as_a_picture(cli: CommandLine, store: Path, tmp_path: Path) -> None:
    for name, start in (("a.png", b"\x89PNG"), ("a.svg", b"<?xml")):
        outcome = cli("query", "error_trend", *UNTIL, "-o", tmp_path / name)
        assert (outcome.code, outcome.err.splitlines()[0]) == (0, f"wrote {tmp_path / name}")
        assert (tmp_path / name).read_bytes().startswith(start)


def test_without_matplotlib_a_picture_is_refused_in_a_line(
    cli: CommandLine, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    outcome = cli("query", "error_trend", *UNTIL, "-o", tmp_path / "a.png")
    assert outcome.code == 2
    assert outcome.err.splitlines() == ["sentry-sync: pictures need matplotlib: pip install 'sentry-sync[charts]'"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("eror_trend",), 7, "did you mean error_trend"),
        (("error_trend", "-p", "days"), 2, "--param must be NAME=VALUE"),
        (("error_trend", "-o", "x.gif"), 2, "--output writes csv, json, parquet, png, svg"),
        (("error_trend", "-f", "parquet"), 2, "parquet goes into a file"),
        (("error_trend", "--column", "errors"), 2, "--column is for charts"),
        (("error_trend", "-f", "chart", "--column", "project"), 7, "a chart can show errors, covered"),
        (("error_trend", "-p", "until=2020-01-01", "-f", "chart"), 7, "no rows to draw"),
        (
            ("error_trend", "-p", "until=2020-01-01", "-p", "project=web", "-f", "chart"),
            7,
            "of errors nothing is known in these rows",
        ),
        (("error_trend", "-o", "/nowhere/x.csv"), 2, "cannot be written: No such file"),
    ],
)
def test_what_does_not_go_together_is_refused_in_a_line(
    cli: CommandLine, store: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    outcome = cli("query", *arguments)
    assert outcome.code == code
    assert said in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_parameters_reach_the_query_and_must_be_pairs(cli: CommandLine, store: Path) -> None:
    def days(count: int) -> set[str]:
        given = ("-p", f"days={count}", "-p", "until=2026-11-20T12:00:00Z")
        return {row[0][:10] for row in cli("query", "error_trend", *given, "--json").document["rows"]}

    assert days(1) == {"2026-11-20"}
    assert days(3) == {"2026-11-18", "2026-11-19", "2026-11-20"}
    assert "days" in cli("query", "error_trend", "-p", "days=none").refused(7)
    assert "NAME=VALUE" in cli("query", "error_trend", "-p", "days").refused(2)

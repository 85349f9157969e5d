from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow.parquet
import pytest

from sentry_sync.trends.relations import RELATIONS
from tests.support.cli import CommandLine
from tests.trends.library_world import COUNTS, EVENTS, PRESENT, built
from tests.trends.seed import HOSTILE

ERRORS = sum(row.count for row in COUNTS)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("export") / "store").directory


@pytest.fixture
def store(filled: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SENTRY_SYNC_STORE", str(filled))
    return filled


def test_one_duckdb_file_holds_every_table(cli: CommandLine, store: Path, tmp_path: Path) -> None:
    target = tmp_path / "it's.duckdb"
    outcome = cli("export", target)
    assert outcome.code == 0
    assert f"error_counts: {len(COUNTS):,} rows" in outcome.out
    assert "error_counts: complete from" in outcome.err
    with duckdb.connect(str(target), read_only=True) as file:
        tables = {row[0] for row in file.execute("SHOW TABLES").fetchall()}
        assert tables == set(RELATIONS)
        assert file.execute('SELECT sum("count"), min(hour) FROM error_counts').fetchone() == (
            ERRORS,
            min(row.hour for row in COUNTS).replace(tzinfo=None),
        )
        titles = {row[0] for row in file.execute("SELECT title FROM issues").fetchall()}
        assert titles == {row.title for row in PRESENT.values()}


def test_one_sqlite_file_holds_the_tables_asked_for(cli: CommandLine, store: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.sqlite"
    assert cli("export", target, "-t", "events", "-t", "error_counts").code == 0
    with closing(sqlite3.connect(target)) as file:
        assert {row[0] for row in file.execute("SELECT name FROM sqlite_master")} == {"events", "error_counts"}
        assert file.execute('SELECT sum("count") FROM error_counts').fetchone() == (ERRORS,)
        newest = max((event for event in EVENTS if event.tags), key=lambda event: event.timestamp)
        tagged = "SELECT event_id, timestamp, tags FROM events WHERE tags <> '{}' ORDER BY timestamp DESC"
        found = file.execute(tagged).fetchone()
        assert found[:2] == (newest.event_id, newest.timestamp.replace(tzinfo=None).isoformat(" "))
        assert json.loads(found[2]) == newest.tags


def test_folders_hold_a_file_for_each_table(cli: CommandLine, store: Path, tmp_path: Path) -> None:
    for form in ("parquet", "csv", "json"):
        target = tmp_path / form
        assert cli("export", target, "-f", form, "-t", "issues", "-t", "error_counts").code == 0
        assert {path.name for path in target.iterdir()} == {f"issues.{form}", f"error_counts.{form}"}
    counts = pyarrow.parquet.read_table(tmp_path / "parquet" / "error_counts.parquet")
    assert sum(counts["count"].to_pylist()) == ERRORS
    with (tmp_path / "csv" / "issues.csv").open(encoding="utf-8", newline="") as file:
        assert {row["title"] for row in csv.DictReader(file)} >= {HOSTILE}
    lines = (tmp_path / "json" / "issues.json").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["id"] for line in lines} == PRESENT.keys()


def test_each_table_is_a_document_for_programs(cli: CommandLine, store: Path, tmp_path: Path) -> None:
    outcome = cli("export", tmp_path / "out", "-t", "coverage", "--json")
    assert outcome.err == ""
    assert outcome.document["table"] == "coverage"
    assert outcome.document["rows"] > 0


def test_what_cannot_be_exported_is_refused_in_a_line(cli: CommandLine, store: Path, tmp_path: Path) -> None:
    unknown = cli("export", tmp_path / "x", "-t", "isues")
    assert unknown.code == 7
    assert unknown.err.startswith("sentry-sync: there is no table isues: did you mean issues")
    assert not (tmp_path / "x").exists()
    for target in (store, store / "store.db"):
        there = cli("export", target)
        assert there.code == 2
        assert "is there already" in there.err
    assert cli("export", "/nowhere/x.duckdb").code == 2

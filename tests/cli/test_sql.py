from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli import CommandLine, environment, process
from tests.support.rig import Rig


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that is only read: one serves all tests."""
    rig = Rig(tmp_path_factory.mktemp("sql"))
    rig.sync("projects", "issues", "events")
    rig.close()
    return rig.directory


@pytest.fixture
def store(filled: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SENTRY_SYNC_STORE", str(filled))
    return filled


def test_rows_go_to_stdout_and_their_freshness_to_stderr(cli: CommandLine, store: Path) -> None:
    outcome = cli("sql", "SELECT slug, id FROM projects ORDER BY slug")
    assert outcome.code == 0
    assert outcome.out.splitlines()[0].split() == ["slug", "id"]
    assert len(outcome.out.splitlines()) == 4
    assert "3 rows in" in outcome.err
    assert "projects: as of 2026-11-20T12:34:56Z" in outcome.err


def test_json_holds_everything_and_leaves_stderr_alone(cli: CommandLine, store: Path) -> None:
    outcome = cli("sql", "SELECT count(*) AS held, 'nan'::DOUBLE AS odd FROM issues", "--json")
    assert outcome.err == ""
    found = outcome.document
    assert found["columns"] == ["held", "odd"]
    assert found["types"] == ["BIGINT", "DOUBLE"]
    assert found["rows"] == [[120, None]]
    assert found["truncated"] is False
    assert found["notes"][0].startswith("issues: complete from ")


def test_an_answer_that_was_cut_says_so(cli: CommandLine, store: Path) -> None:
    assert cli("sql", "SELECT id FROM issues", "--limit", 5, "--json").document["truncated"] is True
    outcome = cli("sql", "SELECT id FROM issues", "--limit", 5)
    assert len(outcome.out.splitlines()) == 6
    assert "cut at the limit" in outcome.err


def test_times_are_told_in_utc(cli: CommandLine, store: Path) -> None:
    (row,) = cli("sql", "SELECT max(last_seen) FROM issues", "--json").document["rows"]
    assert row[0].endswith("+00:00")


def test_a_statement_comes_from_stdin(store: Path, tmp_path: Path) -> None:
    outcome = process(
        "sql", "-", "--json", env=environment(tmp_path, SENTRY_SYNC_STORE=str(store)), input="SELECT 1 AS one"
    )
    assert json.loads(outcome.out)["rows"] == [[1]]


@pytest.mark.parametrize(
    ("given", "says"),
    [(b"SELECT '\xff'", "statement"), (b"", "statement"), (b"SELECT 1 " * 20_000, "longer than")],
)
def test_a_stdin_that_holds_no_statement_is_refused(store: Path, tmp_path: Path, given: bytes, says: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sentry_sync.cli", "sql", "-"],
        env=environment(tmp_path, SENTRY_SYNC_STORE=str(store)),
        input=given,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (7, b"")
    assert done.stderr.startswith(b"sentry-sync: ")
    assert says in done.stderr.decode()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM issues",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT 1; SELECT 2",
        "SELEKT 1",
        "SELECT nothing FROM issues",
        "ATTACH '/tmp/x.db'",
        "@error_trend",
    ],
)
def test_a_statement_that_is_refused_is_one_line_and_exit_code_7(
    cli: CommandLine, store: Path, statement: str
) -> None:
    assert cli("sql", statement).refused(7)


def test_without_a_statement_it_says_what_to_give(cli: CommandLine, store: Path) -> None:
    assert "no statement" in cli("sql").refused(2)


def test_without_a_store_the_line_says_what_to_do(cli: CommandLine, tmp_path: Path) -> None:
    assert "run `sentry-sync sync` first" in cli("sql", "SELECT 1 FROM issues", "--store", tmp_path).refused(11)
    assert list(tmp_path.iterdir()) == []

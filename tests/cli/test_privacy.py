"""``erase``, ``scrub``, ``prune``, ``export --user`` and ``audit`` as somebody types them."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from sentry_sync.store.store import Store
from tests.store.privacy import people
from tests.store.privacy.people import EMAIL, ID
from tests.support.cli import CommandLine
from tests.support.clock import FakeClock
from tests.support.rows import NOW


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store in which everything of the person was kept, as settings say that it should."""
    folder = tmp_path / "store"
    people.filled(folder, FakeClock(NOW), at=people.OLD).close()
    monkeypatch.setenv("SENTRY_SYNC_STORE", str(folder))
    monkeypatch.setenv("SENTRY_SYNC_SCRUB", "user.email=keep,user.username=keep,user.ip=keep,emails=keep,ips=keep")
    return folder


def left(folder: Path) -> set[str]:
    with closing(Store(folder, FakeClock(NOW), people.KEEPING)) as store:
        return people.found(store)


def test_erasing_says_first_what_it_would_and_then_leaves_nothing(store: Path, cli: CommandLine) -> None:
    told = cli("erase", "--user", f"email:{EMAIL}", "--json").document["would_erase"]
    assert (told["event"], told["body"], told["names"]) == (2, 1, {"email": 1, "id": 1, "username": 1})
    assert ID in left(store)
    done = cli("erase", "--user", f"email:{EMAIL}", "--user", f"ip:{people.IP}", "--yes", "--json").document[
        "erased"
    ]
    assert done["rows"]["events"] >= 3
    assert left(store) == set()
    (entry,) = [row for row in cli("audit", "--json").document["audit"] if row["who"] == "command line"]
    assert (entry["what"], entry["outcome"]) == ("erase", "ok")


def test_what_would_be_erased_is_told_of_every_project(
    store: Path, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTRY_SYNC_PROJECTS", "another")
    told = cli("erase", "--user", f"email:{EMAIL}", "--json").document["would_erase"]
    assert (told["event"], told["body"]) == (2, 1)


@pytest.mark.parametrize("user", ["ana@example.org", "name:ana", "email:", "email: "])
def test_a_user_says_what_the_name_is(store: Path, cli: CommandLine, user: str) -> None:
    assert "id:..., email:..." in cli("erase", "--user", user).refused(2)


def test_a_person_is_told_all_that_is_held_in_a_file_of_their_own(
    store: Path, cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"email:{EMAIL}\n"))
    target = tmp_path / "person.json"
    assert cli("export", target, "--user", "-").code == 0
    told = json.loads(target.read_text())
    assert (len(told["events"]), len(told["bodies"])) == (2, 1)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert "is there already" in cli("export", target, "--user", f"id:{ID}").refused(2)


def test_new_rules_are_applied_to_what_is_held(
    store: Path, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SENTRY_SYNC_SCRUB")
    assert cli("scrub", "--json").document["scrubbed"]["events"] >= 2
    kept = left(store)
    assert EMAIL not in kept
    assert ID in kept
    assert cli("scrub", "--json").document["scrubbed"]["events"] == 0


def test_old_rows_are_dropped_and_counted(store: Path, cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_SYNC_KEEP_DAYS", "events=1")
    assert cli("prune", "--json").document["pruned"]["events"] == 4
    assert "events" in cli("prune").out


def test_the_database_is_written_anew_only_where_there_is_disk_to_give_back_and_that_is_told_before(
    store: Path, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTRY_SYNC_KEEP_DAYS", "events=1")
    first, second = cli("prune"), cli("prune")
    (line,) = first.err.splitlines()
    assert line.startswith("giving ")
    assert " of the disk back: a sync and webhooks wait, some 1 s, until the other " in line
    assert (second.code, second.err) == (0, "")
    with sqlite3.connect(store / "store.db") as connection:
        connection.execute("CREATE TABLE filler AS SELECT zeroblob(100000)")
        connection.execute("DROP TABLE filler")
    connection.close()
    assert cli("prune").err.startswith("giving 1"), "what others left free is given back too"


def test_the_log_shows_statements_without_their_text(store: Path, cli: CommandLine) -> None:
    assert cli("sql", f"SELECT count(*) FROM events WHERE title LIKE '%{EMAIL}%'").code == 0
    assert cli("query", "new_issues", "--format", "csv").code == 0
    newest, older = cli("audit", "--json").document["audit"][:2]
    assert (newest["what"], newest["arguments"]["name"]) == ("query", "new_issues")
    assert older["what"] == "sql"
    assert older["arguments"]["sql"].startswith("#")
    rows = list(csv.DictReader(io.StringIO(cli("audit", "--csv").out)))
    assert [row["what"] for row in rows[:2]] == ["query", "sql"]
    assert EMAIL not in cli("audit").out


def test_without_a_store_there_is_nothing_to_look_after(tmp_path: Path, cli: CommandLine) -> None:
    for command in (("erase", "--user", "id:1"), ("scrub",), ("prune",), ("audit",)):
        assert "sentry-sync sync" in cli(*command, "--store", tmp_path / "none").refused(11)
    assert not (tmp_path / "none" / "store.db").exists()

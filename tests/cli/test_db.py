from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sentry_sync.store import migrate, tables
from tests.support.cli import CommandLine
from tests.support.damage import break_pages, leaves


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SENTRY_SYNC_STORE", str(tmp_path / "store"))
    return tmp_path / "store"


def test_upgrade_makes_a_store_that_only_its_owner_can_read(cli: CommandLine, store: Path) -> None:
    assert cli("db", "upgrade").out == f"{store}: schema none -> {migrate.HEAD}\n"
    assert store.stat().st_mode & 0o777 == 0o700
    assert (store / "store.db").stat().st_mode & 0o777 == 0o600
    assert cli("db", "upgrade").out == f"{store}: schema {migrate.HEAD} already\n"


def test_upgrade_takes_an_older_store_along(cli: CommandLine, store: Path) -> None:
    cli("db", "upgrade")
    migrate.downgrade(store / "store.db", "base")
    assert cli("db", "upgrade", "--json").document == {"store": str(store), "before": None, "after": migrate.HEAD}
    assert cli("db", "check").code == 0


def test_current_tells_both_versions(cli: CommandLine, store: Path) -> None:
    assert "there is no store" in cli("db", "current").refused(11)
    cli("db", "upgrade")
    assert cli("db", "current").out == f"{store}: schema {migrate.HEAD}\n"
    migrate.downgrade(store / "store.db", "base")
    assert "run `sentry-sync db upgrade`" in cli("db", "current").out
    assert cli("db", "current", "--json").document == {
        "store": str(store),
        "schema": None,
        "wanted": migrate.HEAD,
    }


def test_check_passes_a_sound_store(cli: CommandLine, store: Path) -> None:
    assert "there is no store" in cli("db", "check").refused(11)
    cli("db", "upgrade")
    assert cli("db", "check", "--json").document == {"store": str(store), "schema": migrate.HEAD, "ok": True}


def test_check_wants_this_programs_schema(cli: CommandLine, store: Path) -> None:
    cli("db", "upgrade")
    migrate.downgrade(store / "store.db", "base")
    assert "run `sentry-sync db upgrade`" in cli("db", "check").refused(6)


def test_check_finds_a_column_that_somebody_dropped(cli: CommandLine, store: Path) -> None:
    cli("db", "upgrade")
    with closing(sqlite3.connect(store / "store.db")) as connection:
        connection.execute("ALTER TABLE projects DROP COLUMN platform")
    assert "lacks projects.platform" in cli("db", "check").refused(6)


def test_check_finds_a_damaged_page(cli: CommandLine, store: Path) -> None:
    cli("db", "upgrade")
    with closing(sqlite3.connect(store / "store.db")) as connection, connection:
        connection.executemany(
            "INSERT INTO environments VALUES (?, ?, 0)", [(str(number), "x" * 200) for number in range(2000)]
        )
    break_pages(store / "store.db", leaves(store / "store.db", "environments")[1:2])
    refused = cli("db", "check").refused(6)
    assert "damaged" in refused
    assert "sentry-sync db rebuild" in refused


def test_a_file_that_is_no_database_is_named(cli: CommandLine, store: Path) -> None:
    store.mkdir()
    (store / "store.db").write_text("not a database, but long enough to be read as one" * 100, encoding="ascii")
    for command in ("current", "check", "upgrade"):
        assert "not a database" in cli("db", command).refused(6)


def test_every_table_is_checked(cli: CommandLine, store: Path) -> None:
    cli("db", "upgrade")
    for name in tables.metadata.tables:
        with closing(sqlite3.connect(store / "store.db")) as connection:
            assert connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone(), name


def test_rebuild_saves_what_can_be_read_and_says_so(cli: CommandLine, store: Path) -> None:
    cli("db", "upgrade")
    with closing(sqlite3.connect(store / "store.db")) as connection, connection:
        connection.execute("INSERT INTO origin VALUES ('https://sentry.io', 'acme')")
        connection.executemany(
            "INSERT INTO environments VALUES (?, ?, 0)", [(str(number), "x" * 200) for number in range(2000)]
        )
    assert "is sound" in cli("db", "rebuild").refused(6)
    break_pages(store / "store.db", leaves(store / "store.db", "environments")[1:2])
    done = cli("db", "rebuild", "--json").document
    [aside] = store.glob("store.db.damaged-*Z")
    assert done["aside"] == str(aside)
    assert done["assumed"] is None
    assert done["saved"]["origin"] == {"rows": 1, "holes": 0}
    assert 1900 < done["saved"]["environments"]["rows"] < 2000
    assert done["saved"]["environments"]["holes"] == 1
    assert cli("db", "check").code == 0


def test_rebuild_tells_a_person_where_the_damaged_file_is_and_what_to_do_next(
    cli: CommandLine, store: Path
) -> None:
    assert "there is no store" in cli("db", "rebuild").refused(11)
    store.mkdir()
    (store / "store.db").write_text("not a database, but long enough to be read as one" * 100, encoding="ascii")
    assert "sentry-sync db rebuild" in cli("status").refused(6)
    said = cli("db", "rebuild").out
    [aside] = store.glob("store.db.damaged-*Z")
    assert f"kept as {aside}" in said
    assert "run `sentry-sync sync`" in said


def test_rebuild_does_not_mix_organizations(
    cli: CommandLine, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("db", "upgrade")
    with closing(sqlite3.connect(store / "store.db")) as connection, connection:
        connection.execute("INSERT INTO environments VALUES ('1', 'prod', 0)")
    assert "SENTRY_ORG" in cli("db", "rebuild", "--force").refused(2)
    monkeypatch.setenv("SENTRY_ORG", "acme")
    monkeypatch.setenv("SENTRY_AUTH_TOKEN", "sntrys_x")
    done = cli("db", "rebuild", "--force")
    assert "by your settings it is that of acme at https://sentry.io" in done.err

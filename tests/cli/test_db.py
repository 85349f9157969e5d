from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sentry_sync.store import migrate, tables
from tests.support.cli import CommandLine


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
        connection.execute("ALTER TABLE issues DROP COLUMN culprit")
    assert "lacks issues.culprit" in cli("db", "check").refused(6)


def test_check_finds_a_damaged_page(cli: CommandLine, store: Path) -> None:
    cli("db", "upgrade")
    with closing(sqlite3.connect(store / "store.db")) as connection, connection:
        connection.executemany(
            "INSERT INTO environments VALUES (?, ?, 0)", [(str(number), "x" * 200) for number in range(2000)]
        )
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'environments'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with (store / "store.db").open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    assert "damaged" in cli("db", "check").refused(6)


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

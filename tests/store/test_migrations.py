"""Migrations up and down on a filled store: no row is lost that both schemas have room for."""

from __future__ import annotations

import sqlite3
from collections.abc import Set
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from sentry_sync.records.event import Event, EventBody
from sentry_sync.records.intervals import Interval
from sentry_sync.records.issue import IssueGone
from sentry_sync.store import migrate, tables
from sentry_sync.store.soundness import check
from sentry_sync.store.store import Store
from tests.support.clock import FakeClock
from tests.support.rows import NOW, issue, project

Row = tuple[object, ...]

LAKE = {"lake_parts", "lake_spans", "lake_changes", "lake_counter"}
LATER = {"alerts", "erasures", "leases", "schedule", "wishes", "window_sizes", "retention", "doubts", *LAKE}
"""Tables that came with 0002."""


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A store with a row in every table, at the newest schema."""
    store = Store(tmp_path / "store", FakeClock(NOW))
    with store.syncing(), store.write() as uow:
        uow.claim("https://sentry.io", "acme")
        uow.upsert([project("2", "api"), *(issue(id=str(number)) for number in range(300))])
        uow.upsert([issue(id="7", status="resolved", verified_at=NOW + timedelta(minutes=1))])
        uow.upsert([IssueGone("8", NOW + timedelta(minutes=1), "deleted")])
        uow.upsert(
            [Event("2", "a" * 32, "17", NOW, "prod", "api@1", "error", "b", "/a", "python", "id:1", {"k": "v"})]
        )
        uow.upsert([EventBody("2", "a" * 32, "17", NOW, {"n": 1}, NOW)])
        uow.cover("issues", "", Interval(NOW - timedelta(days=1), NOW), source="issues")
        uow.mark("issues.hot", "", NOW, NOW)
        uow.begin_pass("issues.hot", "", None, NOW)
        uow.learn("explore", NOW, available=True)
    store.close()
    _fill_the_rest(store.paths.database)
    return store.paths.database


def _fill_the_rest(path: Path) -> None:
    """Put a row of made-up values into each table that is still empty."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for name, table in tables.metadata.tables.items():
            if not connection.execute(f"SELECT 1 FROM {name}").fetchone():
                marks = ", ".join("?" * len(table.columns))
                values = [_made_up(str(column.type)) for column in table.columns]
                connection.execute(f"INSERT INTO {name} VALUES ({marks})", values)


def _made_up(kind: str) -> object:
    return {"TEXT": "x", "BLOB": b"x" * 16, "FLOAT": 1.5}.get(kind, 1)


def content(path: Path, without: Set[str] = frozenset()) -> dict[str, list[Row]]:
    """Every row of every table, in the columns that 0001 has."""
    added = {
        "coverage": {"resolution"},
        "releases": {"removed_at"},
        "issues": {"auto_resolved"},
        "audit_log": {"field", "old", "new", "outcome"},
        "webhook_deliveries": {"digest", "issue_id", "event_wanted", "look_after"},
    }
    found: dict[str, list[Row]] = {}
    with closing(sqlite3.connect(path)) as connection:
        for name, table in tables.metadata.tables.items():
            if name not in without:
                columns = [f'"{c.name}"' for c in table.columns if c.name not in added.get(name, set())]
                found[name] = sorted(connection.execute(f"SELECT {', '.join(columns)} FROM {name}"), key=repr)
    return found


def names(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def revive_releases(path: Path) -> None:
    """Removed releases have no place in 0001."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE releases SET removed_at = NULL")


def test_every_row_outlives_the_way_down_and_up_again(filled: Path) -> None:
    revive_releases(filled)
    before = content(filled, LATER)
    assert all(before.values())
    migrate.downgrade(filled, "0001")
    assert not LATER & names(filled)
    assert content(filled, LATER) == before
    migrate.upgrade(filled)
    check(filled)
    assert content(filled, LATER) == before
    assert not any(content(filled)[name] for name in LATER - {"lake_counter"})


def test_a_store_of_the_first_schema_is_brought_up_with_its_rows(filled: Path) -> None:
    revive_releases(filled)
    before = content(filled, LATER)
    migrate.downgrade(filled, "0001")
    store = Store(filled.parent, FakeClock(NOW))
    store.prepare()
    assert content(filled, LATER) == before
    with store.syncing(), store.write() as uow:
        uow.upsert([issue(id="new")])
    store.close()


def test_a_release_that_was_removed_does_not_come_back_with_the_older_schema(filled: Path) -> None:
    migrate.downgrade(filled, "0001")
    assert content(filled, LATER)["releases"] == []


def test_a_migration_that_fails_leaves_the_store_as_it_was(filled: Path) -> None:
    migrate.downgrade(filled, "0001")
    before = content(filled, LATER)
    with closing(sqlite3.connect(filled)) as connection, connection:
        connection.execute("CREATE TABLE window_sizes (in_the_way INTEGER)")
    with pytest.raises(OperationalError, match="window_sizes"):
        migrate.upgrade(filled)
    assert migrate.current(filled) == "0001"
    assert "leases" not in names(filled)
    assert content(filled, LATER) == before


def test_a_new_store_is_what_the_migrations_make_of_an_empty_file(tmp_path: Path) -> None:
    new, old = tmp_path / "new.db", tmp_path / "old.db"
    migrate.upgrade(new)
    for revision in ("0001", migrate.HEAD):
        migrate.upgrade(old, revision)
    with closing(sqlite3.connect(new)) as one, closing(sqlite3.connect(old)) as other:
        assert list(one.iterdump()) == list(other.iterdump())


def test_a_file_with_a_table_of_somebody_else_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE issues (theirs INTEGER)")
    with pytest.raises(OperationalError, match="issues"):
        migrate.upgrade(path)
    assert names(path) == {"issues"}


def test_the_whole_way_down_leaves_an_empty_file(filled: Path) -> None:
    migrate.downgrade(filled, "base")
    assert migrate.current(filled) is None
    assert not set(tables.metadata.tables) & names(filled)

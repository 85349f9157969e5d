"""Loading: one snapshot, through Python's SQLite alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from sentry_sync.errors import StoreError, StoreMissing
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.reading import reading
from sentry_sync.store.store import Store
from sentry_sync.trends import snapshot
from tests.support.clock import FakeClock
from tests.support.rows import NOW, issue, project
from tests.trends.opened import open_session

COLUMNS = {"issues": ["id"], "projects": ["id"]}


@pytest.fixture
def session() -> Iterator[duckdb.DuckDBPyConnection]:
    with open_session() as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "store", FakeClock(NOW))
    made.prepare()
    with made.write() as uow:
        uow.upsert([issue(id="1")])
    yield made
    made.close()


def _rows(session: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    row = session.execute("SELECT (SELECT count(*) FROM issues), (SELECT count(*) FROM projects)").fetchone()
    assert row is not None
    return row


def test_what_is_written_while_loading_is_in_no_table(session: duckdb.DuckDBPyConnection, store: Store) -> None:
    with reading(store.paths) as connection:
        issues, projects = (snapshot.of(store.paths, connection, {name: ["id"]}) for name in COLUMNS)
        issues.make(session)
        with store.write() as uow:
            uow.upsert([issue(id="2"), project("9", "late")])
        projects.make(session)

    assert _rows(session) == (1, 0)


def test_loading_ends_when_time_is_up(session: duckdb.DuckDBPyConnection, store: Store) -> None:
    with reading(store.paths) as connection:
        view = snapshot.of(store.paths, connection, COLUMNS)
        view.make(session, lambda: True)

    assert _rows(session) == (0, 0)


def test_the_store_can_be_written_while_its_rows_are_asked(
    session: duckdb.DuckDBPyConnection, store: Store
) -> None:
    with reading(store.paths) as connection:
        view = snapshot.of(store.paths, connection, COLUMNS)
        view.make(session)
    with store.write() as uow:
        uow.upsert([issue(id="3")])

    with store.read() as held:
        assert held.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert held.exec_driver_sql("SELECT count(*) FROM issues").scalar() == 2


def test_no_store_and_a_damaged_one_are_said_as_such(tmp_path: Path) -> None:
    paths = StorePaths(tmp_path)
    with pytest.raises(StoreMissing), reading(paths):
        pass
    paths.database.write_bytes(b"no database at all" * 1000)
    with pytest.raises(StoreError, match="damaged"), reading(paths):
        pass

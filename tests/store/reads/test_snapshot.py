"""A snapshot is one moment of the store, and is let go of at once."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from sentry_sync.errors import QuestionError, StoreError, StoreTooNew
from sentry_sync.store import migrate
from sentry_sync.store.reads import projects
from sentry_sync.store.reads.snapshot import Reader, TookTooLong
from sentry_sync.store.store import Store
from tests.support.clock import FakeClock
from tests.support.rows import NOW, project


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "store", FakeClock(NOW))
    yield store
    store.close()


@pytest.fixture
def reader(store: Store) -> Iterator[Reader]:
    reader = Reader(store)
    yield reader
    reader.close()


def slugs(reader: Reader) -> list[str]:
    with reader.snapshot() as snapshot:
        return list(projects.ids_by_slug(snapshot))


def add(store: Store, key: str, slug: str) -> None:
    store.prepare()
    with store.write() as uow:
        uow.upsert([project(key, slug)])


def test_a_store_that_is_not_there_reads_as_an_empty_one_until_it_is(store: Store, reader: Reader) -> None:
    assert slugs(reader) == []
    assert not store.paths.database.exists()
    add(store, "1", "api")
    assert slugs(reader) == ["api"]


def test_what_is_read_in_one_snapshot_is_of_one_moment(store: Store, reader: Reader) -> None:
    add(store, "1", "api")
    with reader.snapshot() as snapshot:
        assert list(projects.ids_by_slug(snapshot)) == ["api"]
        add(store, "2", "web")
        assert list(projects.ids_by_slug(snapshot)) == ["api"]
    assert slugs(reader) == ["api", "web"]


def test_a_snapshot_is_let_go_of_so_that_the_log_can_be_emptied(store: Store, reader: Reader) -> None:
    add(store, "1", "api")
    slugs(reader)
    with store.write() as uow:
        uow.upsert([project(str(number), f"p{number}") for number in range(2, 500)])
    with closing(sqlite3.connect(store.paths.database)) as other:
        assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)


def test_a_store_put_in_the_place_of_another_is_read_in_its_stead(
    store: Store, reader: Reader, tmp_path: Path
) -> None:
    add(store, "1", "api")
    assert slugs(reader) == ["api"]
    store.close()
    shutil.rmtree(store.paths.directory)
    assert slugs(reader) == []
    other = Store(store.paths.directory, FakeClock(NOW))
    add(other, "1", "other")
    other.close()
    assert slugs(reader) == ["other"]


def test_a_connection_is_kept_for_the_next_snapshot(store: Store, reader: Reader) -> None:
    add(store, "1", "api")
    with reader.snapshot() as first:
        pass
    with pytest.raises(QuestionError), reader.snapshot() as second:
        raise QuestionError("no such thing")
    with reader.snapshot() as third:
        assert first is second is third


def test_two_snapshots_at_once_have_a_connection_each(store: Store, reader: Reader) -> None:
    add(store, "1", "api")
    with reader.snapshot() as first, reader.snapshot() as second:
        assert first is not second


def test_what_sqlite_says_is_told_in_our_words(store: Store, reader: Reader) -> None:
    add(store, "1", "api")
    with pytest.raises(StoreError, match="no such table"), reader.snapshot() as snapshot:
        snapshot.execute("SELECT * FROM nowhere")
    assert slugs(reader) == ["api"]


def test_a_store_migrated_under_a_held_connection_is_not_read_any_more(store: Store, reader: Reader) -> None:
    add(store, "1", "api")
    slugs(reader)
    with store.write() as uow:
        uow._connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreTooNew):
        slugs(reader)


def test_an_older_store_is_brought_up_to_date_before_it_is_read(store: Store, reader: Reader) -> None:
    store.prepare()
    store.close()
    migrate.downgrade(store.paths.database, "base")
    assert slugs(reader) == []
    add(store, "1", "api")
    assert slugs(reader) == ["api"]


def test_a_snapshot_cannot_write(store: Store, reader: Reader) -> None:
    add(store, "1", "api")
    with pytest.raises(StoreError), reader.snapshot() as snapshot:
        snapshot.execute("DELETE FROM projects")
    assert slugs(reader) == ["api"]


LONG = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) SELECT max(i) FROM n"


def test_a_snapshot_with_little_time_breaks_off_and_the_next_one_does_not(store: Store, reader: Reader) -> None:
    add(store, "1", "api")
    with pytest.raises(TookTooLong), reader.snapshot(within=0.0) as snapshot:
        snapshot.execute(LONG).fetchone()
    with reader.snapshot() as snapshot:
        assert snapshot.execute(LONG).fetchone() == (10_000,)
    assert slugs(reader) == ["api"]


def test_what_is_made_once_is_made_anew_after_somebody_has_written(store: Store, reader: Reader) -> None:
    made: list[int] = []
    add(store, "1", "api")
    for _ in range(2):
        with reader.snapshot() as snapshot:
            snapshot.once("it", lambda: made.append(1))
    assert made == [1]
    add(store, "2", "web")
    with reader.snapshot() as snapshot:
        snapshot.once("it", lambda: made.append(2))
    assert made == [1, 2]


def test_of_what_is_large_the_last_one_is_kept(store: Store, reader: Reader) -> None:
    made: list[str] = []

    def make(name: str) -> str:
        made.append(name)
        return name

    add(store, "1", "api")
    with reader.snapshot() as snapshot:
        for name in ("a", "a", "b", "b", "a"):
            assert snapshot.once_of("kind", name, partial(make, name)) == name
    assert made == ["a", "b", "a"]

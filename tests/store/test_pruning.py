from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sentry_sync.records.event import ErrorCount, EventBody
from sentry_sync.records.intervals import Interval
from sentry_sync.store.lake import Lake
from sentry_sync.store.privacy.retention import KINDS, Keeping
from sentry_sync.store.reads.state import State
from sentry_sync.store.store import Store
from sentry_sync.trends.session import run_sql
from tests.support.clock import FakeClock
from tests.support.rows import NOW, event

DAY = timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An event, its body and a count of each of the last ten days."""
    with closing(Store(tmp_path, FakeClock(NOW))) as store:
        store.prepare()
        with store.write() as uow:
            for days in range(10):
                at = NOW - days * DAY
                key = f"{days + 1:032x}"
                uow.upsert([replace(event(days + 1, at), event_id=key), EventBody("2", key, "17", at, {}, NOW)])
                uow.upsert([ErrorCount("2", "17", "", "", at, 1, None)])
            for resource in ("events", "error_counts"):
                uow.cover(resource, "", Interval(NOW - 10 * DAY, NOW), source=resource)
        yield store


def rows(store: Store, table: str) -> int:
    with closing(sqlite3.connect(store.paths.database)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def pruned(store: Store, **days: str) -> dict[str, int]:
    with store.write() as uow:
        return uow.prune(Keeping.chosen(days.items()), NOW)


def covered(store: Store, resource: str) -> list[Interval]:
    with closing(store.read()) as reading:
        return State(reading).coverage(resource)


def test_each_kind_goes_after_its_own_time_and_is_not_called_covered(store: Store) -> None:
    done = pruned(store, events="5", bodies="2")
    assert (rows(store, "events"), rows(store, "event_bodies"), rows(store, "error_counts")) == (6, 3, 10)
    assert (done["events"], done["event_bodies"]) == (4, 7)
    assert covered(store, "events") == [Interval(NOW - 5 * DAY, NOW)]
    assert covered(store, "error_counts") == [Interval(NOW - 10 * DAY, NOW)]


def test_by_default_nothing_of_sentrys_goes(store: Store) -> None:
    pruned(store)
    assert (rows(store, "events"), rows(store, "event_bodies"), rows(store, "error_counts")) == (10, 10, 10)


def test_the_lake_loses_what_is_dropped_and_sql_sees_the_same(store: Store) -> None:
    lake = Lake(store, FakeClock(NOW))
    lake.publish()
    pruned(store, events="5")
    found = run_sql(store.paths, "SELECT count(*), min(timestamp) FROM events", clock=FakeClock(NOW)).rows[0]
    assert found == (6, NOW - 5 * DAY)
    lake.publish()
    with closing(sqlite3.connect(store.paths.database)) as connection:
        parts = connection.execute("SELECT sum(rows) FROM lake_parts WHERE resource = 'events'").fetchone()
        changes = connection.execute("SELECT count(*) FROM lake_changes WHERE resource = 'events'").fetchone()
    assert parts[0] - changes[0] <= 6
    assert run_sql(store.paths, "SELECT count(*) FROM events", clock=FakeClock(NOW)).rows == [(6,)]


@pytest.mark.parametrize("chosen", [("events", "0"), ("events", "x"), ("event", "5"), ("events", "4000")])
def test_a_kind_or_a_time_that_there_is_not_is_refused(chosen: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match=r"none of|takes days"):
        Keeping.chosen([chosen])


def test_forever_is_a_time_too() -> None:
    assert Keeping.chosen([("passes", "forever")]).since("passes", NOW) is None
    assert Keeping().since("passes", NOW) == NOW - 7 * DAY
    assert set(Keeping().days) == set(KINDS)

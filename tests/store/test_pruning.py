from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sentry_sync.records.delivery import Delivery
from sentry_sync.records.event import ErrorCount, EventBody
from sentry_sync.records.intervals import Interval
from sentry_sync.store.lake import Lake
from sentry_sync.store.lake_parts import Part
from sentry_sync.store.moments import to_micros
from sentry_sync.store.privacy.retention import KINDS, Keeping
from sentry_sync.store.pruning import SLICE, prune
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
    return prune(store, FakeClock(NOW), Keeping.chosen(days.items()), NOW).rows


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


def test_what_goes_is_not_claimed_from_the_first_slice_on_and_a_pruning_cut_short_is_gone_on_with(
    store: Store,
) -> None:
    with store.write() as uow:
        uow.upsert([replace(event(n, NOW - 8 * DAY), event_id=f"{n:032x}") for n in range(100, 100 + 2 * SLICE)])
    keeping, told = Keeping.chosen([("events", "5")]), list[tuple[str, int]]()
    done = prune(
        store,
        FakeClock(NOW),
        keeping,
        NOW,
        stop=lambda: True,
        report=lambda table, rows: told.append((table, rows)),
    )
    assert (done.whole, told) == (False, [("events", SLICE)])
    assert rows(store, "events") == 10 + SLICE
    assert covered(store, "events") == [Interval(NOW - 5 * DAY, NOW)]
    clock = FakeClock(NOW)
    done = prune(store, clock, keeping, NOW)
    assert (done.whole, done.rows["events"]) == (True, SLICE + 4)
    assert clock.slept, "who writes meanwhile never finds the lock free"
    assert rows(store, "events") == 6


def test_surplus_bodies_of_one_issue_go_in_slices_too(store: Store) -> None:
    with store.write() as uow:
        uow.upsert([EventBody("2", f"{n:032x}", "9", NOW - n * DAY, {}, NOW) for n in range(100, 105 + SLICE)])
    told = list[int]()
    prune(store, FakeClock(NOW), Keeping(), NOW, 3, report=lambda _, count: told.append(count))
    assert told == [SLICE, SLICE + 2 + 7]
    assert rows(store, "event_bodies") == 6


def test_a_part_whose_time_was_given_up_while_it_was_written_is_not_listed(store: Store) -> None:
    part = Part("events", 0, to_micros(NOW - 6 * DAY), None, 4, None, None, 0, None, 1, 0)
    with store.write() as uow:
        uow.lake.watch("events", (part.start, part.end))
    pruned(store, events="5")
    with store.write() as uow:
        uow.lake.publish(part)
    assert rows(store, "lake_parts") == 0


def test_an_erasure_that_was_begun_and_the_newest_webhook_stay_however_old(store: Store) -> None:
    deliveries = [Delivery(f"{n:032}", str(n), "installation", "deleted", NOW - n * DAY) for n in (200, 100)]
    with store.write() as uow:
        uow.persons.remember([("id", "7")], NOW - 100 * DAY)
        uow.deliveries.take(deliveries)
    done = pruned(store, changes="30", webhooks="30")
    assert (done["webhook_deliveries"], rows(store, "webhook_deliveries")) == (1, 1)
    assert (done["audit_log"], rows(store, "audit_log")) == (0, 1)


@pytest.mark.parametrize("chosen", [("events", "0"), ("events", "x"), ("event", "5"), ("events", "4000")])
def test_a_kind_or_a_time_that_there_is_not_is_refused(chosen: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match=r"none of|takes days"):
        Keeping.chosen([chosen])


def test_forever_is_a_time_too() -> None:
    assert Keeping.chosen([("passes", "forever")]).since("passes", NOW) is None
    assert Keeping().since("passes", NOW) == NOW - 7 * DAY
    assert set(Keeping().days) == set(KINDS)

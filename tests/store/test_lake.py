"""Publishing: what becomes of files, and what a process leaves that ends in the middle of it."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from sentry_sync.errors import StoreUnwritable
from sentry_sync.records.event import Event
from sentry_sync.records.issue import IssueGone
from sentry_sync.store.lake import GRACE_SECONDS, Lake
from sentry_sync.store.reading import reading
from sentry_sync.store.store import Store
from sentry_sync.store.unit_of_work import UnitOfWork
from sentry_sync.trends.session import run_sql
from tests.support.clock import FakeClock
from tests.support.rows import NOW, issue


def event(number: int, at: datetime, issue_id: str = "1") -> Event:
    return Event("1", f"{number:032x}", issue_id, at, None, None, "error", f"title {number}", None, None, None, {})


def days(count: int) -> list[Event]:
    return [event(number, NOW - timedelta(days=number, hours=1), str(number % 2)) for number in range(count)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "store", FakeClock(NOW))
    made.prepare()
    with made.write() as uow:
        uow.upsert([issue(id="0"), issue(id="1"), *days(50)])
    yield made
    made.close()


def files(store: Store) -> set[str]:
    return {path.name for path in store.paths.lake.glob("events/*")}


def listed(store: Store) -> set[str]:
    with reading(store.paths) as connection:
        found = connection.execute("SELECT file FROM lake_parts WHERE resource = 'events' AND file IS NOT NULL")
        return {Path(row[0]).name for row in found}


def held(store: Store) -> list[tuple[str, str]]:
    return run_sql(store.paths, "SELECT event_id, issue_id FROM events ORDER BY 1", 1_000).rows


def test_months_that_are_over_and_settled_days_become_parts(store: Store) -> None:
    done = Lake(store, FakeClock(NOW)).publish()

    assert sorted(name[:-21] for name in files(store)) == ["2026-10-02--2026-10-31", "2026-11-01--2026-11-19"]
    assert files(store) == listed(store)
    assert (done.parts, done.rows) == (2, 49)
    assert len(held(store)) == 50


def test_told_to_stop_it_ends_at_a_part_and_goes_on_there_the_next_time(store: Store) -> None:
    lake, asked = Lake(store, FakeClock(NOW)), iter([False, True, True, True, True, True, True])

    assert lake.publish(lambda: next(asked)).parts == 1
    assert len(held(store)) == 50
    assert lake.publish().parts == 1
    assert len(held(store)) == 50


def test_what_was_published_is_not_written_again(store: Store) -> None:
    lake = Lake(store, FakeClock(NOW))
    lake.publish()
    before = files(store)

    assert lake.publish().parts == 0
    assert files(store) == before


def test_a_deleted_issue_is_in_no_file_of_the_next_lake_and_the_old_files_go(store: Store) -> None:
    lake = Lake(store, FakeClock(NOW))
    lake.publish()
    before = files(store)
    with store.write() as uow:
        uow.upsert([IssueGone("1", NOW + timedelta(minutes=1), "deleted")])

    lake = Lake(store, FakeClock(NOW + timedelta(hours=1)))
    lake.publish()

    assert not before & listed(store)
    assert before < files(store), "a statement may still be reading the old files"
    for name in listed(store):
        assert set(pq.read_table(store.paths.lake / "events" / name)["issue_id"].to_pylist()) == {"0"}
    old = time.time() - GRACE_SECONDS - 1
    for name in files(store):
        os.utime(store.paths.lake / "events" / name, (old, old))
    lake.publish()
    assert files(store) == listed(store) != set()


def test_a_user_that_was_taken_out_of_an_event_is_in_no_file_of_the_next_lake(store: Store) -> None:
    with store.write() as uow:
        uow.upsert([replace(event(77, NOW - timedelta(days=5)), user_key="email:x@example.com")])
    lake = Lake(store, FakeClock(NOW))
    lake.publish()
    with store.write() as uow:
        uow._connection.exec_driver_sql("UPDATE events SET user_key = NULL")

    Lake(store, FakeClock(NOW + timedelta(hours=1))).publish()

    for name in listed(store):
        users = pq.read_table(store.paths.lake / "events" / name)["user_key"].to_pylist()
        assert set(users) == {None}


class Racing(FakeClock):
    """Has somebody write when it is asked the time: once a part's snapshot is taken."""

    def __init__(self, store: Store) -> None:
        super().__init__(NOW)
        self._store = store
        self._asked = 0

    def now(self) -> datetime:
        self._asked += 1
        if self._asked == 2:
            with self._store.write() as uow:
                uow.upsert([event(999, NOW - timedelta(days=33)), IssueGone("0", NOW, "merged", "1")])
        return super().now()


def test_what_is_written_while_a_part_is_written_is_not_lost(store: Store) -> None:
    Lake(store, Racing(store)).publish()

    assert held(store) == sorted([*((row.event_id, "1") for row in days(50)), (f"{999:032x}", "1")])


class Dying(Store):
    """Its process ends at the so-manieth transaction."""

    dies_at = 0

    @contextmanager
    def write(self) -> Iterator[UnitOfWork]:
        self.dies_at -= 1
        if self.dies_at == 0:
            raise KeyboardInterrupt
        with super().write() as uow:
            yield uow


@pytest.mark.parametrize("step", range(1, 5))
def test_a_process_that_ends_between_two_steps_leaves_every_row(store: Store, step: int) -> None:
    dying = Dying(store.paths.directory, FakeClock(NOW))
    dying.dies_at = step
    with pytest.raises(KeyboardInterrupt):
        Lake(dying, FakeClock(NOW)).publish()
    dying.close()
    with store.write() as uow:
        uow.upsert([IssueGone("0", NOW + timedelta(minutes=1), "merged", "1")])
    everything = [(row.event_id, "1") for row in days(50)]

    assert held(store) == everything
    Lake(store, FakeClock(NOW)).publish()
    assert held(store) == everything


def test_a_lake_that_cannot_be_written_costs_no_row(store: Store) -> None:
    store.paths.lake.rmdir()
    store.paths.lake.write_text("in the way")

    with pytest.raises(StoreUnwritable):
        Lake(store, FakeClock(NOW)).publish()

    assert len(held(store)) == 50


class Filling(FakeClock):
    """No file grows beyond so many bytes once it is asked the time again: once a part's snapshot is taken."""

    def __init__(self, now: datetime, size: int) -> None:
        super().__init__(now)
        self._size = size
        self._asked = 0

    def now(self) -> datetime:
        self._asked += 1
        if self._asked == 2:
            resource.setrlimit(resource.RLIMIT_FSIZE, (self._size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
        return super().now()


@contextmanager
def unlimited_again() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (0, "the lake at .* could not be written .*: free space on its disk"),
        (1_000, "the lake at .* could not be written .*: free space on its disk"),
        # The file fits, and that it is there can't be written down.
        (3_000, "cannot write the store in .*: check its permissions and disk"),
    ],
)
def test_a_disk_that_is_full_in_the_middle_of_a_part_leaves_the_lake_as_it_was(
    store: Store, size: int, said: str
) -> None:
    Lake(store, FakeClock(NOW)).publish()
    manifest, before, there = store.paths.lake / "manifest.json", listed(store), files(store)
    told = manifest.read_bytes()
    late = [event(100 + number, NOW - timedelta(days=number, minutes=5)) for number in range(50)]
    with store.write() as uow:
        uow.upsert(late)
    everything = sorted((row.event_id, row.issue_id) for row in [*days(50), *late])

    with unlimited_again(), pytest.raises(StoreUnwritable, match=f"^{said}"):
        Lake(store, Filling(NOW + timedelta(days=3), size)).publish()

    assert (manifest.read_bytes(), listed(store)) == (told, before)
    assert not [name for name in files(store) - there if size < 3_000 or not name.endswith(".parquet")]
    assert held(store) == everything
    assert Lake(store, FakeClock(NOW + timedelta(days=3))).publish().parts > 0
    assert held(store) == everything


def test_a_damaged_file_is_passed_over_and_made_good_by_a_rebuild(store: Store) -> None:
    lake = Lake(store, FakeClock(NOW))
    lake.publish()
    for name in files(store):
        path = store.paths.lake / "events" / name
        path.chmod(0o600)
        path.write_bytes(b"PAR1" + os.urandom(path.stat().st_size - 8) + b"PAR1")

    found = run_sql(store.paths, "SELECT count(*) FROM events")
    assert found.rows == [(50,)]
    assert "lake rebuild" in found.notes[-1]

    lake.rebuild()
    assert "lake rebuild" not in run_sql(store.paths, "SELECT count(title) FROM events").notes[-1]


def test_a_new_part_made_of_a_damaged_one_is_made_of_sqlite_instead(store: Store) -> None:
    lake = Lake(store, FakeClock(NOW))
    lake.publish()
    for name in files(store):
        path = store.paths.lake / "events" / name
        path.chmod(0o600)
        path.write_bytes(b"PAR1" + os.urandom(path.stat().st_size - 8) + b"PAR1")
    with store.write() as uow:
        uow.upsert([IssueGone("0", NOW + timedelta(minutes=1), "deleted")])

    assert Lake(store, FakeClock(NOW + timedelta(hours=1))).publish().parts == 2

    assert held(store) == [(row.event_id, "1") for row in days(50) if row.issue_id == "1"]


def test_the_lake_can_be_read_by_whoever_reads_parquet(store: Store) -> None:
    Lake(store, FakeClock(NOW)).publish()

    manifest = json.loads((store.paths.lake / "manifest.json").read_bytes())
    parts = manifest["resources"]["events"]["parts"]
    rows = [row for part in parts for row in pq.read_table(store.paths.lake / part["file"]).to_pylist()]

    assert sorted(
        (row["event_id"].hex(), row["timestamp"].replace(tzinfo=UTC), row["title"]) for row in rows
    ) == sorted((row.event_id, row.timestamp, row.title) for row in days(50)[1:])
    for part in parts:
        read = (store.paths.lake / part["file"]).read_bytes()
        assert (part["size"], part["sha256"]) == (len(read), hashlib.sha256(read).hexdigest())
        times = pq.read_table(store.paths.lake / part["file"])["timestamp"].to_pylist()
        assert part["rows"] == len(times)
        assert datetime.fromisoformat(part["first"]).replace(tzinfo=None) == min(times)
        assert times != sorted(times), "sorted by project and issue before time"


def test_nobody_else_can_read_or_change_a_file(store: Store) -> None:
    Lake(store, FakeClock(NOW)).publish()

    assert {path.stat().st_mode & 0o777 for path in store.paths.lake.glob("events/*")} == {0o400}
    assert (store.paths.lake / "events").stat().st_mode & 0o777 == 0o700

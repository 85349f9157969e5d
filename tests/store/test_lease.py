"""One process syncs; a dead or silent one is followed; whoever was followed writes nothing more."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from sentry_sync.errors import LeaseLost, StoreBusy, StoreUnwritable
from sentry_sync.records.schedule import TOKEN_REFUSED, Rest
from sentry_sync.store import lease, locks, tables
from sentry_sync.store.lease import Lease, Pacemaker, is_free
from sentry_sync.store.presence import this_process
from sentry_sync.store.store import Store
from tests.support.clock import FakeClock
from tests.support.neighbour import Neighbour
from tests.support.rows import NOW, issue

OTHER = Lease("elsewhere:17", 3, NOW, NOW)


class Pair:
    """Two processes' views of one store, on one clock."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock(NOW)
        self.first = Store(folder / "store", self.clock)
        self.second = Store(folder / "store", self.clock)
        self.first.prepare()

    def lease(self) -> Lease:
        with closing(self.first.read()) as connection:
            found = lease.read(connection)
        assert found
        return found

    def held_by(self, process: str) -> None:
        """Let ``process`` be the holder from now on."""
        with self.first.syncing():
            pass
        self.first.close()
        engine = self.second._writing()
        with engine.begin():
            engine.execute(update(tables.leases).values(holder=process, beat_at=self.clock.now()))

    def issues(self) -> int:
        with closing(self.first.read()) as connection:
            return int(connection.execute(select(func.count(tables.issues.c.id))).scalar_one())

    def close(self) -> None:
        self.first.close()
        self.second.close()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    pair = Pair(tmp_path)
    yield pair
    pair.close()


def a_dead_process() -> str:
    """``host:pid`` of a process of this machine that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return f"{this_process().rpartition(':')[0]}:{ended.pid}"


@given(seconds=st.integers(-100_000, 100_000))
def test_a_lease_is_free_once_its_holder_is_silent_for_a_minute_or_speaks_from_the_future(seconds: int) -> None:
    assert is_free(OTHER, NOW + timedelta(seconds=seconds), dead=False) == (abs(seconds) > 60)


def test_a_lease_that_nobody_holds_is_free() -> None:
    assert is_free(None, NOW, dead=False)
    assert is_free(Lease(lease.NOBODY, 3, NOW, NOW), NOW, dead=False)
    assert is_free(OTHER, NOW, dead=True)


def test_a_second_process_that_wants_to_sync_is_told_who_does(pair: Pair) -> None:
    with (
        pair.first.syncing(),
        pytest.raises(StoreBusy, match=f"{this_process()}, last heard of at 2026-11-20 12:00:00 UTC"),
        pair.second.syncing(),
    ):
        pass


def test_the_next_process_starts_as_soon_as_the_lease_is_given_back(pair: Pair) -> None:
    with pair.first.syncing():
        assert pair.lease().generation == 1
    assert pair.lease().holder == lease.NOBODY
    with pair.second.syncing():
        assert pair.lease() == Lease(pair.lease().holder, 2, NOW, NOW)
        assert pair.lease().process == this_process()


def test_the_lease_is_held_over_the_runs_inside_it(pair: Pair) -> None:
    with pair.first.syncing():
        for _ in range(2):
            with pair.first.syncing():
                assert pair.lease().generation == 1
        assert pair.lease().process == this_process()


def test_a_dead_process_is_followed_at_once(pair: Pair) -> None:
    pair.held_by(a_dead_process())
    with pair.second.syncing():
        assert pair.lease().process == this_process()
    assert pair.clock.slept == []


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="/proc tells of processes that ended")
def test_a_dead_process_that_nobody_has_buried_is_followed_at_once(pair: Pair) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        pair.held_by(f"{this_process().rpartition(':')[0]}:{ended.pid}")
        with pair.second.syncing():
            assert pair.lease().process == this_process()


def test_a_container_started_again_follows_its_killed_self_at_once_and_no_neighbour_of_its_name(
    pair: Pair,
) -> None:
    with Neighbour(pair.first.paths.presence) as neighbour:
        pair.held_by(neighbour.name)
        with pytest.raises(StoreBusy), pair.second.syncing():
            pass
        neighbour.kill()
        with pair.second.syncing():
            assert pair.lease().process == this_process()
    assert pair.clock.slept == []


REST = Rest(NOW + timedelta(minutes=10), TOKEN_REFUSED)


def test_a_rest_is_told_while_it_lasts_and_ends_with_its_holder(pair: Pair) -> None:
    with pair.first.syncing():
        with pair.first.write() as uow:
            uow.rest(REST)
        told = pair.lease()
        assert (told.resting(NOW), told.resting(REST.until)) == (REST, None)
        with pair.first.write() as uow:
            uow.rest(None)
        assert pair.lease().rest is None
        with pair.first.write() as uow:
            uow.rest(REST)
    assert pair.lease().rest is None


def test_who_follows_a_dead_process_does_not_rest_for_it(pair: Pair) -> None:
    pair.held_by(a_dead_process())
    with pair.first.write() as uow:
        uow.rest(REST)
    assert lease.held(pair.lease(), NOW, pair.first.paths) is None
    with pair.second.syncing():
        assert pair.lease().rest is None


def test_whoever_waits_takes_over_within_a_minute_of_the_last_beat(pair: Pair) -> None:
    pair.held_by("elsewhere:17")
    seen: list[Lease | None] = []

    def waiting(holder: Lease | None) -> bool:
        seen.append(holder)
        return True

    with pair.second.syncing(waiting):
        assert pair.lease().process == this_process()
    assert timedelta(seconds=60) < pair.clock.now() - NOW < timedelta(seconds=63)
    assert {holder.holder for holder in seen if holder} == {"elsewhere:17"}


def test_whoever_waits_may_give_up(pair: Pair) -> None:
    pair.held_by("elsewhere:17")
    with pytest.raises(StoreBusy, match="elsewhere:17"), pair.second.syncing(lambda holder: False):
        pass
    assert pair.clock.slept == []


def test_whoever_waits_outlasts_a_process_that_writes_for_long(pair: Pair) -> None:
    with locks.held(pair.first.paths.write_lock, pair.clock, patience=0, busy="") as handle:
        assert handle

        def waiting(holder: Lease | None) -> bool:
            assert holder is None
            return False

        with pytest.raises(StoreBusy, match="writing to this store for too long"), pair.second.syncing(waiting):
            pass


def test_each_page_says_that_its_writer_is_there(pair: Pair) -> None:
    with pair.first.syncing():
        pair.clock.advance(50)
        with pair.first.write():
            pass
        pair.clock.advance(50)
        assert pair.lease().beat_at == NOW + timedelta(seconds=50)
        with pytest.raises(StoreBusy), pair.second.syncing():
            pass


def test_who_was_followed_writes_nothing_more_and_is_told(pair: Pair) -> None:
    with pytest.raises(LeaseLost, match=f"process {this_process()}.*took over") as lost, pair.first.syncing():
        pair.clock.advance(61)
        with pair.second.syncing(), pair.first.write() as uow:
            uow.upsert([issue()])
    assert "\n" not in str(lost.value)
    assert lost.value.exit_code == 14
    assert pair.issues() == 0


def test_who_was_followed_does_not_give_back_what_is_anothers(pair: Pair) -> None:
    with pair.first.syncing():
        pair.clock.advance(61)
        second = pair.second.syncing()
        second.__enter__()
    assert pair.lease().process == this_process()
    second.__exit__(None, None, None)
    assert pair.lease().holder == lease.NOBODY


@pytest.mark.parametrize("jump", [3_600, -86_400], ids=["an hour on", "a day back"])
def test_a_jump_of_the_clock_may_change_the_holder_but_lets_one_alone_write(pair: Pair, jump: int) -> None:
    with pytest.raises(LeaseLost), pair.first.syncing():
        pair.clock.advance(jump)
        with pair.second.syncing():
            with pair.second.write() as uow:
                uow.upsert([issue()])
            with pair.first.write() as uow:
                uow.upsert([issue(id="18")])
    assert pair.issues() == 1


@pytest.mark.parametrize("jump", [3_600, -86_400], ids=["an hour on", "a day back"])
def test_a_process_alone_goes_on_after_a_jump_of_the_clock(pair: Pair, jump: int) -> None:
    with pair.first.syncing():
        pair.clock.advance(jump)
        with pair.first.write() as uow:
            uow.upsert([issue()])
    assert pair.issues() == 1


def test_an_answer_writes_back_while_another_process_syncs(pair: Pair) -> None:
    with pair.first.syncing(), pair.second.write() as uow:
        uow.upsert([issue()])
    assert pair.issues() == 1


def test_a_reader_does_not_wait_for_a_writer(pair: Pair) -> None:
    with pair.first.write() as uow:
        uow.upsert([issue()])
        assert pair.issues() == 0
    assert pair.issues() == 1
    assert pair.clock.slept == []


def test_a_holder_that_writes_nothing_is_heard_of() -> None:
    beats, enough = [0], threading.Event()

    def beat() -> None:
        beats[0] += 1
        if beats[0] == 3:
            enough.set()

    with Pacemaker(beat, every=0):
        assert enough.wait(30)
    after = beats[0]
    assert not any(thread.name == "lease" for thread in threading.enumerate())
    assert beats[0] == after


def test_a_lease_that_cannot_be_renewed_ends_the_sync() -> None:
    failed = threading.Event()

    def beat() -> None:
        failed.set()
        raise StoreUnwritable("the disk is full")

    with pytest.raises(StoreUnwritable, match="the disk is full"), Pacemaker(beat, every=0):
        assert failed.wait(30)


def test_the_error_of_a_sync_is_not_hidden_by_that_of_its_beat() -> None:
    failed = threading.Event()

    def beat() -> None:
        failed.set()
        raise StoreUnwritable("the disk is full")

    with pytest.raises(KeyError), Pacemaker(beat, every=0):
        assert failed.wait(30)
        raise KeyError


def test_a_store_that_was_replaced_gets_the_next_write(pair: Pair) -> None:
    with pair.first.write() as uow:
        uow.upsert([issue()])
    pair.first.paths.database.rename(pair.first.paths.directory / "aside.db")
    for name in ("store.db-wal", "store.db-shm"):
        (pair.first.paths.directory / name).unlink(missing_ok=True)
    pair.second.prepare()
    with pair.first.write() as uow:
        uow.upsert([issue(id="18"), issue(id="19")])
    assert pair.issues() == 2

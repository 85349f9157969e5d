"""The daemon's worker against a simulated Sentry, on a clock that waiting moves on."""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from sentry_sync.answers import holdings
from sentry_sync.daemon import (
    ASLEEP,
    REFUSED,
    TIDY,
    TIDY_ON,
    Daemon,
    Said,
    Worker,
)
from sentry_sync.errors import LeaseLost, StoreBusy, StoreUnwritable
from sentry_sync.records.delivery import Delivery
from sentry_sync.records.event import EventBody
from sentry_sync.records.intervals import Interval, gaps
from sentry_sync.records.schedule import AWAY, TOKEN_REFUSED
from sentry_sync.records.stoppable import Nudged, StoppableClock, Stopped
from sentry_sync.simulator import WorldSize
from sentry_sync.store import tables
from sentry_sync.store.lake import Lake, Published
from sentry_sync.store.pruning import SLICE
from sentry_sync.store.reads import knowledge
from sentry_sync.store.reads.knowledge import Failing
from sentry_sync.store.reads.snapshot import Reader
from sentry_sync.store.store import Store
from sentry_sync.sync.stream import Policy
from tests.support.clock import FakeClock
from tests.support.rig import START, TOKEN, Killed, Rig

TOWN = WorldSize(projects=2, issues=150, events_per_day=300, releases=2, days=4)
POLICY = Policy(history_days=3, performance_hours=3, bodies_per_run=3)


class Running:
    """A rig with a worker; ``latency`` is what a request takes."""

    publishes = False

    def __init__(
        self,
        folder: Path,
        *,
        per_minute: int = 100,
        latency: float = 0.3,
        since: timedelta = timedelta(),
        **options: Any,
    ) -> None:
        self.rig = Rig(folder, policy=POLICY, one_time=True, **{"size": TOWN, **options})
        self.clock = self.rig.clock
        self.clock.advance(since.total_seconds())
        self.rig.before = lambda request: self.clock.advance(latency)
        self.per_minute = per_minute
        self.said: list[Said] = []
        self.nudgeable: Callable[[], AbstractContextManager[None]] = nullcontext
        self.restart()

    def restart(self, lake: Lake | None = None) -> None:
        """What a new process has: the store and nothing else."""
        self.rig.restart()
        self.worker = self.made(lake)
        with self.rig.store.syncing():
            self.worker.start()

    def nudged(self) -> AbstractContextManager[None]:
        return self.nudgeable()

    def made(self, lake: Lake | None = None) -> Worker:
        return Worker(
            self.rig.store,
            self.rig.client(),
            self.clock,
            policy=POLICY,
            per_minute=self.per_minute,
            tell=self.said.append,
            nudgeable=self.nudged,
            lake=lake or (Lake(self.rig.store, self.clock) if self.publishes else None),
        )

    def run(self, length: timedelta, stop: Callable[[], bool] = lambda: False) -> None:
        """Let it work for so long."""
        until = self.clock.now() + length
        with self.rig.store.syncing():
            while self.clock.now() < until and not stop():
                seconds = self.worker.turn(stop)
                if seconds > 0:
                    self.clock.advance(min(seconds, ASLEEP))

    def asked(self, path: str, **query: str) -> list[datetime]:
        """When requests of this path and these parameters were made."""
        return [
            request.at
            for request in self.rig.sim.requests
            if path in request.path and query.items() <= request.query.items()
        ]

    def polls(self) -> list[datetime]:
        """When the hot poll read its first page."""
        return [
            request.at
            for request in self.rig.sim.requests
            if request.query.get("sort") == "date"
            and request.query.get("query") == ""
            and "cursor" not in request.query
        ]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    found = Running(tmp_path)
    yield found
    found.rig.close()


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, timedelta]:
    """The store of a daemon that has made its first copy, and how long that took."""
    first = Running(tmp_path_factory.mktemp("begun"))
    first.run(timedelta(minutes=6))
    first.rig.close()
    return first.rig.directory, first.clock.now() - START


@pytest.fixture
def settled(tmp_path: Path, begun: tuple[Path, timedelta]) -> Iterator[Running]:
    """A daemon that goes on where that one ended."""
    store, since = begun
    shutil.copytree(store, tmp_path / "store")
    found = Running(tmp_path, since=since)
    yield found
    found.rig.close()


def states(said: list[Said]) -> Counter[str]:
    return Counter(each.result.state for each in said if each.result)


def test_an_empty_store_becomes_a_whole_copy_and_stays_one(running: Running) -> None:
    running.run(timedelta(minutes=10))
    new = running.rig.sim.mutate.new_issues(5)
    running.run(timedelta(minutes=20))
    assert {row.id for row in running.rig.rows(tables.issues)} == set(running.rig.sim.world.issues)
    assert set(new) <= {row.id for row in running.rig.rows(tables.issues)}
    for resource, days in (("issues", 90), ("events", 3), ("error_counts", 3)):
        wanted = Interval(START - timedelta(days=days, minutes=-1), START + timedelta(minutes=15))
        assert gaps(wanted, running.rig.coverage(resource)) == []
    assert states(running.said)["failed"] == 0


def test_an_idle_organization_costs_four_requests_a_minute_at_most(settled: Running) -> None:
    settled.rig.sim.requests.clear()
    settled.run(timedelta(hours=1))
    assert 60 <= len(settled.rig.sim.requests) <= 4 * 60


def test_a_first_copy_holds_no_poll_back(tmp_path: Path) -> None:
    slow = Running(tmp_path, per_minute=30, latency=2.0, size=WorldSize(2, 150, 2_500, 2, 4))
    slow.run(timedelta(minutes=9))
    assert gaps(Interval(START - timedelta(days=3), START), slow.rig.coverage("events")), "the backfill goes on"
    waits = [(later - at).total_seconds() for at, later in pairwise(slow.polls())]
    assert len(waits) >= 7
    assert max(waits) <= 75
    slow.rig.close()


def test_a_killed_daemon_goes_on_where_it_was_and_reads_nothing_twice(running: Running) -> None:
    seen = 0

    def before(request: httpx.Request) -> None:
        nonlocal seen
        running.clock.advance(0.3)
        seen += "dataset=errors" in str(request.url)
        if seen == 12:
            raise Killed

    running.rig.before = before
    with pytest.raises(Killed):
        running.run(timedelta(minutes=5))
    running.rig.before = lambda request: running.clock.advance(0.3)
    asked = running.rig.asked()
    running.restart()
    running.run(timedelta(minutes=1))
    assert running.rig.asked() > asked
    kept = Counter(f"{request.path}?{request.query}" for request in running.rig.sim.requests)
    assert [key for key, times in kept.items() if times > 1 and "cursor" in key] == []


def test_a_new_process_takes_up_the_schedule_where_it_was_left(running: Running) -> None:
    running.run(timedelta(minutes=6))
    entries = running.worker.entries
    running.restart()
    again = running.worker.entries
    assert {name: entry.due_at for name, entry in again.items()} == {
        name: entry.due_at for name, entry in entries.items()
    }
    assert {entry.every for entry in again.values()} == {entry.every for entry in entries.values()}
    asked = running.rig.asked()
    running.run(timedelta(seconds=1))
    assert running.rig.asked() - asked <= 2


def test_a_turn_that_was_stopped_is_due_in_the_next_process(running: Running) -> None:
    running.run(timedelta(minutes=5), stop=lambda: len(running.asked("/events/", dataset="errors")) >= 3)
    running.restart()
    entry = running.worker.entries["error_counts"]
    assert entry.due_at <= running.clock.now()
    running.run(timedelta(minutes=2))
    assert gaps(Interval(START - timedelta(days=3), START), running.rig.coverage("error_counts")) == []


def test_a_stream_that_fails_stops_no_other_and_is_tried_ever_more_seldom(running: Running) -> None:
    running.rig.sim.faults.add(path_contains="/sessions/", kind="status", status=403, times=1000)
    running.run(timedelta(minutes=12))
    failed = [each for each in running.said if each.result and each.result.state == "failed"]
    assert {each.result.stream for each in failed if each.result} == {"release_health", "project_stats"}
    waits = [int(each.text.split()[-2]) for each in failed if each.text.startswith("release_health")]
    assert waits[:4] == [30, 60, 120, 240]
    assert running.worker.entries["release_health"].failures == len(waits)
    assert len(running.polls()) >= 10


def test_a_defect_in_one_stream_stops_no_other(running: Running) -> None:
    def after(body: bytes) -> bytes:
        if b"bucket" in body or b'"groups"' in body:
            raise ZeroDivisionError
        return body

    running.rig.after = after
    running.run(timedelta(minutes=5))
    failed = {each.result.stream for each in running.said if each.result and each.result.state == "failed"}
    assert "release_health" in failed
    assert "issues.hot" not in failed
    assert any("a defect of sentry-sync: ZeroDivisionError" in each.text for each in running.said)
    assert running.rig.rows(tables.issues)


def test_a_refused_token_is_one_line_and_seldom_tried_again(settled: Running) -> None:
    settled.rig.sim.tokens.revoke(TOKEN)
    settled.said.clear()
    asked = settled.rig.asked()
    settled.run(timedelta(minutes=25))
    assert len(settled.said) == 3
    assert all("token" in each.text and "next try in" in each.text for each in settled.said)
    assert settled.rig.asked() - asked == 3
    settled.rig.sim.tokens.add(TOKEN)
    settled.run(REFUSED + timedelta(minutes=2))
    assert states(settled.said)["done"] > 5


def told(running: Running) -> dict[str, Any]:
    """What whoever asks for the status is told, with the worker's process heard of just now."""
    with running.rig.store.write():
        pass
    return holdings.document(running.rig.store, running.clock, None, counted=False)


def noted(running: Running, stream: str) -> Failing:
    """What an answer's note says of a stream that failed."""
    with Reader(running.rig.store).snapshot() as snapshot:
        return knowledge.read(snapshot, (stream,), ()).failing[0]


def next_looks(running: Running) -> set[datetime]:
    return {each["next_sync_at"] for each in told(running)["resources"]}


def test_while_all_rests_nobody_is_told_of_an_earlier_try_and_everybody_why(settled: Running) -> None:
    settled.rig.sim.tokens.revoke(TOKEN)
    settled.said.clear()
    with settled.rig.store.syncing():
        settled.run(timedelta(minutes=5), stop=lambda: bool(settled.said))
        over = settled.clock.now() + REFUSED
        settled.run(timedelta(minutes=2))
        (failed,) = [each.result.stream for each in settled.said if each.result]
        assert settled.worker.entries[failed].due_at < over
        assert (told(settled)["resting_until"], told(settled)["resting_because"]) == (over, TOKEN_REFUSED)
        assert min(next_looks(settled)) == over
        streams = [stream for each in told(settled)["resources"] for stream in each["streams"]]
        assert [stream["next_try_at"] for stream in streams if stream["failures"]] == [over]
        assert noted(settled, failed).due_at == over
        settled.rig.sim.tokens.add(TOKEN)
        settled.run(over - settled.clock.now() + timedelta(seconds=1))
        assert told(settled)["resting_until"] is None
        assert min(next_looks(settled)) < over + timedelta(minutes=1)


def test_a_wish_ends_a_rest_for_whoever_reads_too(settled: Running) -> None:
    settled.rig.sim.tokens.revoke(TOKEN)
    with settled.rig.store.syncing():
        settled.run(timedelta(minutes=2))
        asleep_until = told(settled)["resting_until"]
        seen: list[datetime | None] = []
        settled.rig.before = lambda request: seen.append(settled.rig.rows(tables.leases)[0].rests_until)
        for mended in (False, True):
            if mended:
                settled.rig.sim.tokens.add(TOKEN)
            with settled.rig.store.write() as uow:
                uow.wish(("issues.hot",), settled.clock.now())
            settled.run(timedelta(seconds=20))
            again = told(settled)["resting_until"]
            assert again is None if mended else again > asleep_until
        assert set(seen) == {None}, "it is over before the first request"
        assert min(next_looks(settled)) < asleep_until


def test_a_worker_that_succeeds_one_at_rest_does_not_rest_for_it(settled: Running) -> None:
    settled.rig.sim.faults.add(path_contains="/", kind="drop", times=10_000)
    with settled.rig.store.syncing():
        settled.run(timedelta(minutes=5), stop=lambda: told(settled)["resting_until"] is not None)
        assert told(settled)["resting_because"] == AWAY
        settled.made().start()
        assert told(settled)["resting_until"] is None


def test_a_rest_that_a_lost_lease_took_away_is_told_again(settled: Running) -> None:
    settled.rig.sim.tokens.revoke(TOKEN)
    with settled.rig.store.syncing():
        settled.run(timedelta(minutes=2))
        rest = told(settled)["resting_until"]
    with settled.rig.store.syncing():
        assert told(settled)["resting_until"] is None
        settled.worker.start()
        assert told(settled)["resting_until"] == rest


def test_a_server_that_is_away_is_not_asked_by_every_stream(settled: Running) -> None:
    settled.rig.sim.faults.add(path_contains="/", kind="drop", times=10_000)
    asked = settled.rig.asked()
    settled.run(timedelta(minutes=30))
    assert settled.rig.asked() - asked < 80
    assert any(entry.due_at <= settled.clock.now() for entry in settled.worker.entries.values())
    # One that is overdue would ring at once, and keep a processor busy for as long as the server is away.
    assert all(at > settled.clock.now() - timedelta(seconds=ASLEEP) for at in settled.worker.alarms().values())
    settled.rig.sim.faults.clear()
    settled.said.clear()
    settled.run(timedelta(minutes=8))
    assert states(settled.said)["done"] > 5


def hint(running: Running, *issues: str, event: bool = False) -> None:
    now = running.clock.now()
    found = [
        Delivery(f"{issue}-{now.timestamp()}", f"{issue}{now}", "issue", "resolved", now, issue, event)
        for issue in issues
    ]
    with running.rig.store.write() as uow:
        uow.deliveries.take(found)


def looks(running: Running) -> list[datetime]:
    return [request.at for request in running.rig.sim.requests if "group" in request.query]


def pending(running: Running) -> int:
    deliveries = tables.webhook_deliveries
    return len(running.rig.rows(select(deliveries.c.request_id).where(deliveries.c.handled_at.is_(None))))


def unresolved(running: Running, count: int) -> list[str]:
    return [issue.id for issue in running.rig.sim.world.issues.values() if issue.status == "unresolved"][:count]


def test_a_hint_is_acted_on_within_seconds_and_by_the_next_process_too(settled: Running) -> None:
    one, other = unresolved(settled, 2)
    settled.rig.sim.requests.clear()
    hint(settled, one)
    hinted = settled.clock.now()
    settled.run(timedelta(seconds=5))
    assert [at - hinted for at in looks(settled)] <= [timedelta(seconds=3)]
    assert pending(settled) == 0
    hint(settled, other)
    settled.restart()
    settled.run(timedelta(seconds=5))
    assert (len(looks(settled)), pending(settled)) == (2, 0)


def test_a_hint_goes_before_a_backfill_of_hours(tmp_path: Path) -> None:
    slow = Running(tmp_path, latency=1.0, size=WorldSize(2, 150, 2_500, 2, 4))
    slow.run(timedelta(minutes=4))
    assert gaps(Interval(START - timedelta(days=3), START), slow.rig.coverage("events")), "the backfill goes on"
    hint(slow, *unresolved(slow, 1))
    slow.run(timedelta(seconds=5))
    assert pending(slow) == 0
    slow.rig.close()


def test_a_storm_of_hints_gets_a_part_of_the_budget_and_is_acted_on_nonetheless(settled: Running) -> None:
    issues = unresolved(settled, 60)
    settled.rig.sim.requests.clear()
    began = settled.clock.now()
    for number in range(60):
        hint(settled, issues[number % len(issues)])
        settled.run(timedelta(seconds=1))
    fair = (settled.clock.now() - began) / (timedelta(minutes=1) / 16)
    assert fair * 0.8 <= len(looks(settled)) <= fair + 7
    settled.run(timedelta(seconds=10))
    assert pending(settled) == 0
    assert len(settled.polls()) >= 2


def test_a_hint_does_not_make_a_refused_token_be_tried_again(settled: Running) -> None:
    settled.rig.sim.tokens.revoke(TOKEN)
    settled.run(timedelta(minutes=2))
    asked = settled.rig.asked()
    hint(settled, *unresolved(settled, 1))
    settled.run(timedelta(minutes=2))
    assert settled.rig.asked() == asked
    settled.rig.sim.tokens.add(TOKEN)
    settled.run(REFUSED)
    assert pending(settled) == 0


def test_a_hint_that_cannot_be_acted_on_is_tried_ever_more_seldom(settled: Running) -> None:
    settled.rig.sim.faults.add(path_contains="group=", kind="status", status=403, times=1000)
    settled.rig.sim.requests.clear()
    hint(settled, *unresolved(settled, 1))
    settled.run(timedelta(minutes=5))
    assert 3 <= len([said for said in settled.said if said.text.startswith("issues.hinted failed")]) <= 5
    settled.rig.sim.faults.clear()
    settled.run(timedelta(minutes=6))
    assert pending(settled) == 0


def test_a_worker_that_succeeds_another_goes_on_with_its_schedule(running: Running) -> None:
    running.run(timedelta(minutes=6))
    before, stopping = running.worker, threading.Event()
    daemon = Daemon(running.rig.store, before, stopping, running.said.append)

    def make() -> Worker:
        daemon.stop()
        running.worker = running.made()
        return running.worker

    daemon.hand_over(make)
    daemon.run()
    assert {name: entry.due_at for name, entry in running.worker.entries.items()} == {
        name: entry.due_at for name, entry in before.entries.items()
    }


def test_a_successor_that_cannot_be_had_at_once_is_made_later(running: Running) -> None:
    tries = [StoreBusy("somebody writes"), None]

    def make() -> Worker:
        refused = tries.pop(0)
        if refused:
            raise refused
        return running.made()

    daemon = Daemon(running.rig.store, running.worker, threading.Event(), running.said.append)
    daemon.hand_over(make)
    with running.rig.store.syncing():
        with pytest.raises(StoreBusy):
            daemon._succeed()
        daemon._succeed()
        daemon._succeed()
    assert daemon._worker is not running.worker


def test_a_chore_that_fails_is_told_and_ends_nothing(running: Running) -> None:
    class Broken(Lake):
        def publish(self, stop: Callable[[], bool] = lambda: False) -> Published:
            raise ZeroDivisionError

    running.restart(Broken(running.rig.store, running.clock))
    running.run(timedelta(minutes=6))
    assert "the lake: a defect of sentry-sync: ZeroDivisionError; please report it" in [
        said.text for said in running.said
    ]
    assert states(running.said)["done"] > 5


def test_a_first_pruning_of_many_rows_gives_way_and_is_gone_on_with(running: Running) -> None:
    kept, at = POLICY.max_events, START - timedelta(days=1)
    with running.rig.store.write() as uow:
        uow.upsert([EventBody("2", f"{n:032x}", "17", at, {}, at) for n in range(kept + 2 * SLICE)])
    left = []
    with running.rig.store.syncing():
        for wait, stop in ((TIDY, True), (TIDY_ON / 2, True), (TIDY_ON / 2, False)):
            running.clock.advance(wait.total_seconds())
            running.worker.turn(partial(bool, stop))
            left.append(len(running.rig.rows(tables.event_bodies)))
    assert left == [kept + SLICE, kept + SLICE, kept]


def test_a_clock_set_back_starves_nothing(settled: Running) -> None:
    ahead = settled.clock.current
    settled.clock.current -= timedelta(hours=3)
    polls = len(settled.polls())
    settled.run(timedelta(minutes=5))
    assert settled.clock.current < ahead
    assert len(settled.polls()) - polls >= 4


def test_a_suspended_machine_makes_up_for_hours_in_one_turn_each(settled: Running) -> None:
    settled.clock.advance(6 * 3600)
    settled.rig.sim.requests.clear()
    settled.run(timedelta(minutes=2))
    assert 1 <= len(settled.polls()) <= 4
    assert gaps(Interval(START, START + timedelta(hours=6)), settled.rig.coverage("events")) == []


def test_a_sweep_that_found_what_people_did_is_repeated_sooner(settled: Running) -> None:
    quiet = settled.worker.entries["issues.sweep"].every
    assert quiet > timedelta(minutes=15)
    settled.clock.advance(1800)
    for issue in [i.id for i in settled.rig.sim.world.issues.values() if i.status == "unresolved"][:5]:
        settled.rig.sim.mutate.resolve(issue)
    settled.run(timedelta(minutes=4))
    assert settled.worker.entries["issues.sweep"].every == timedelta(minutes=12)
    held = {row.id: row.status for row in settled.rig.rows(tables.issues)}
    assert held == {issue.id: issue.status for issue in settled.rig.sim.world.issues.values()}


def test_the_lake_is_written_every_few_minutes_and_costs_no_sync_where_it_cannot_be(running: Running) -> None:
    running.publishes = True
    running.restart()
    running.run(timedelta(minutes=12))

    lake = [said.text for said in running.said if said.text.startswith("lake: ")]
    assert len(lake) in (1, 2), "what was written once is not written again"
    assert " rows in " in lake[0]
    shutil.rmtree(running.rig.store.paths.lake)
    running.rig.store.paths.lake.mkdir()
    (running.rig.store.paths.lake / "events").write_text("in the way")
    running.said.clear()
    running.run(timedelta(minutes=7))
    assert [said.text for said in running.said if "cannot write" in said.text]
    assert any("issues.hot" in said.text for said in running.said)


def test_a_wait_ends_at_a_nudge_where_it_may() -> None:
    clock = StoppableClock(FakeClock(START), threading.Event())
    with pytest.raises(Nudged), clock.nudgeable():
        clock.nudge()
        clock.sleep(60)
    clock.nudge()
    clock.sleep(0)
    with clock.nudgeable():
        clock.sleep(0)


def test_a_slice_that_waits_for_the_budget_gives_way_to_a_hint_and_goes_on_afterwards(running: Running) -> None:
    @contextmanager
    def nudged() -> Iterator[None]:
        running.nudgeable = nullcontext
        running.clock.advance(1.5)
        hint(running, *unresolved(running, 1))
        raise Nudged
        yield

    running.run(timedelta(seconds=3))
    running.nudgeable = nudged
    running.restart()
    running.said.clear()
    running.run(timedelta(seconds=4))
    assert running.said[0].text.startswith("issues.hinted: ")
    running.run(timedelta(minutes=20))
    assert gaps(Interval(START - timedelta(days=3, minutes=-1), START), running.rig.coverage("events")) == []


def test_a_wait_ends_when_it_is_told_to_stop() -> None:
    stopping = threading.Event()
    clock = StoppableClock(FakeClock(), stopping)
    clock.sleep(0)
    stopping.set()
    with pytest.raises(Stopped):
        clock.sleep(3600)


class Scripted(Worker):
    """A worker that does as it is told."""

    def __init__(self, turns: list[Callable[[], float]]) -> None:
        self.entries = {}
        self.turns = turns
        self.starts = 0

    def start(self) -> None:
        self.starts += 1

    def alarms(self) -> dict[str, datetime]:
        return {}

    def turn(self, stop: Callable[[], bool]) -> float:
        return self.turns.pop(0)()


def made(store: Store, turns: list[Callable[[], float]]) -> tuple[Daemon, Scripted, list[Said]]:
    said: list[Said] = []
    worker = Scripted(turns)
    return Daemon(store, worker, threading.Event(), said.append), worker, said


def test_a_daemon_works_until_it_is_stopped(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", FakeClock())

    def stop() -> float:
        daemon.stop()
        return 3600.0

    daemon, worker, _ = made(store, [lambda: 0.0, lambda: 0.0, stop])
    daemon.run()
    assert worker.turns == []


def test_a_daemon_that_lost_the_lease_waits_for_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentry_sync.daemon.RETRY_STORE", 0.0)
    store = Store(tmp_path / "store", FakeClock())

    def lose() -> float:
        raise LeaseLost("another sentry-sync took over")

    def fill() -> float:
        raise StoreUnwritable("the disk is full")

    def stop() -> float:
        daemon.stop()
        return 0.0

    daemon, worker, said = made(store, [lose, fill, stop])
    daemon.run()
    assert worker.starts == 3
    assert [each.text for each in said] == [
        "another sentry-sync took over; next try in 0 s",
        "the disk is full; next try in 0 s",
    ]


def test_a_second_daemon_waits_and_says_so_once(tmp_path: Path) -> None:
    clock = FakeClock()
    with Store(tmp_path / "store", clock).syncing():
        waited: list[float] = []

        class Patient(FakeClock):
            def sleep(self, seconds: float) -> None:
                waited.append(seconds)
                if len(waited) == 5:
                    daemon.stop()

        daemon, worker, said = made(Store(tmp_path / "store", Patient()), [])
        daemon.run()
    assert worker.starts == 0
    assert len(waited) == 5
    assert [each.text.startswith("waiting for another sentry-sync (process") for each in said] == [True]

"""The budget seen from the server: never more than it allows in any 60 seconds, whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from sentry_sync.errors import BudgetExhausted
from sentry_sync.records.budget import Lane
from sentry_sync.sentry.client import SentryClient
from sentry_sync.sentry.connection import Connection
from sentry_sync.simulator import Simulator, WorldSize
from sentry_sync.store import tables
from sentry_sync.store.ledger import RequestLedger
from tests.support.clock import FakeClock
from tests.support.rig import SMALL, START, TOKEN, Rig

MANY = WorldSize(projects=2, issues=20_000, events_per_day=300, releases=2, days=6)


class SharedTime(FakeClock):
    """A clock that the simulator lives by: waiting takes its time there as well."""

    def __init__(self, sim: Simulator, now: datetime) -> None:
        super().__init__(now)
        self._sim = sim

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        self._sim.advance(seconds)


def limited(folder: Path, size: WorldSize) -> Iterator[Rig]:
    rig = Rig(folder, size=size, rate_limit=(100, 60))
    rig.clock = SharedTime(rig.sim, START)
    rig.store = type(rig.store)(rig.directory, rig.clock)
    yield rig
    rig.close()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """Where a sync needs twice as many requests as a minute has."""
    yield from limited(tmp_path, MANY)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Rig]:
    yield from limited(tmp_path, SMALL)


def busiest_minute(rig: Rig) -> int:
    """The most requests that any 60 seconds held."""
    times = [request.at for request in rig.sim.requests]
    return max(sum(0 <= (later - first).total_seconds() < 60 for later in times) for first in times)


def refused(rig: Rig) -> int:
    return sum(request.status == 429 for request in rig.sim.requests)


def second_process(rig: Rig) -> SentryClient:
    """Another process's client: its own ledger object on the same file."""
    ledger = RequestLedger(rig.store.paths.ledger, rig.clock, per_minute=None)
    connection = Connection("http://127.0.0.1", TOKEN, "acme")
    return SentryClient(connection, ledger, rig.clock, transport=httpx.MockTransport(rig._answer))


def test_a_limit_that_only_the_servers_headers_announce_is_kept_from_the_start(rig: Rig) -> None:
    rig.before = lambda request: rig.clock.advance(0.05)
    assert rig.sync("issues").ok
    assert len(rig.rows(tables.issues)) == 20_000
    assert refused(rig) <= 1
    assert busiest_minute(rig) <= 100
    elapsed = rig.clock.now() - START
    assert timedelta(minutes=1) < elapsed < timedelta(minutes=4)


def test_it_is_kept_while_two_processes_sync_and_answer_at_once(rig: Rig) -> None:
    rig.store.paths.create()
    other = second_process(rig)
    live = other.lane(Lane.LIVE, 5.0)
    asked = answered = 0
    nested = False

    def before(request: httpx.Request) -> None:
        nonlocal asked, answered, nested
        rig.clock.advance(0.05)
        if nested or rig.asked() % 7:
            return
        nested = True
        asked += 1
        try:
            live.organization()
            answered += 1
        except BudgetExhausted:
            pass
        finally:
            nested = False

    rig.before = before
    assert rig.sync("issues").ok
    other.close()
    assert len(rig.rows(tables.issues)) == 20_000
    assert refused(rig) <= 1
    assert busiest_minute(rig) <= 100
    assert answered >= asked / 2


def test_background_work_leaves_the_live_lane_its_reserve(small: Rig) -> None:
    small.before = lambda request: small.clock.advance(0.05)
    ledger = RequestLedger(_created(small), small.clock, per_minute=100)
    connection = Connection("http://127.0.0.1", TOKEN, "acme")
    client = SentryClient(connection, ledger, small.clock, transport=httpx.MockTransport(small._answer))
    for _ in range(80):
        client.lane(Lane.HOT).organization()
    waited = sum(small.clock.slept)
    for _ in range(20):
        client.lane(Lane.LIVE, 1.0).organization()
    assert sum(small.clock.slept) == waited
    with pytest.raises(BudgetExhausted):
        client.lane(Lane.LIVE, 1.0).organization()
    client.close()


def _created(rig: Rig) -> Path:
    rig.store.paths.create()
    return rig.store.paths.ledger

"""A sync that somebody waits for: made here, left to the process that syncs, or taken over from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from sentry_sync.daemon import Said, Worker
from sentry_sync.errors import BudgetExhausted
from sentry_sync.records.budget import Lane
from sentry_sync.store import tables
from sentry_sync.store.store import Store
from sentry_sync.sync.engine import Progress
from sentry_sync.sync.now import Brought, Wait, bring, streams_of
from sentry_sync.sync.run import Syncer
from sentry_sync.sync.streams.hints import ISSUES_NAME
from tests.support.rig import POLICY, Rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path, one_time=True)
    yield made
    made.close()


class Asker:
    """A process of its own on the same store."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.store = Store(rig.directory, rig.clock)
        self.progress: list[Progress] = []

    def bring(self, resource: str, seconds: float = 60, given_up: Callable[[], bool] = lambda: False) -> Brought:
        client = self.rig.client().lane(Lane.HOT, 20.0)
        syncer = Syncer(self.store, client, self.rig.clock, POLICY, self.progress.append)
        wait = Wait(self.rig.clock, self.rig.clock.now() + timedelta(seconds=seconds), given_up)
        try:
            return bring(self.store, syncer, resource, wait, self.progress.append)
        finally:
            self.store.close()


class Other:
    """Another process that holds the lease, and whenever the asker waits takes a turn, or ends."""

    def __init__(self, rig: Rig, *, turns: bool = False, ends: bool = False) -> None:
        self.rig = rig
        self.said: list[Said] = []
        self.worker = Worker(
            rig.store, rig.client(), rig.clock, policy=POLICY, per_minute=1000, tell=self.said.append
        )
        self.holds = ExitStack()
        self.holds.enter_context(rig.store.syncing())
        self.worker.start()
        self.acting = False
        if turns or ends:
            rig.clock.follow(lambda _: self._act(self.turn if turns else self.holds.close))

    def _act(self, acts: Callable[[], object]) -> None:
        if not self.acting:  # what it does takes time as well
            self.acting = True
            acts()
            self.acting = False

    def turn(self) -> None:
        self.worker.turn(lambda: False)

    def rest(self) -> None:
        """Until nothing is due."""
        while self.worker.turn(lambda: False) == 0.0:
            pass


def wishes(rig: Rig) -> set[str]:
    return {row.stream for row in rig.rows(tables.wishes)}


def test_with_nobody_else_it_is_made_here_and_told_page_by_page(rig: Rig) -> None:
    asker = Asker(rig)
    found = asker.bring("issues")
    assert found.whole
    assert found.holder is None
    assert [result.stream for result in found.results] == streams_of("issues")
    assert len(rig.rows(tables.issues)) == len(rig.sim.world.issues)
    assert [step.rows for step in asker.progress if step.stream == "issues.hot"] == [100, 120, 120]


def test_a_process_that_syncs_is_asked_and_does_it_next(rig: Rig) -> None:
    daemon = Other(rig, turns=True)
    daemon.rest()
    (new,) = rig.sim.mutate.new_issues(1)
    rig.advance(120)
    asked = rig.asked()
    found = Asker(rig).bring("issues")
    assert found.whole
    assert found.holder is not None
    assert new in {row.id for row in rig.rows(tables.issues)}
    assert {result.stream for result in found.results} >= {"issues.hot"}
    assert 1 <= sum(result.pages for result in found.results) <= rig.asked() - asked
    assert wishes(rig) == set()
    daemon.holds.close()


def test_what_is_wished_for_goes_before_what_is_worth_more(rig: Rig) -> None:
    daemon = Other(rig)
    daemon.rest()
    rig.advance(3 * 3600)
    with Store(rig.directory, rig.clock).write() as uow:
        uow.wish(["environments"], rig.clock.now())
    daemon.said.clear()
    daemon.turn()
    assert [said.result.stream for said in daemon.said if said.result] == ["environments"]
    daemon.holds.close()


def test_a_process_that_does_not_listen_is_waited_for_only_so_long(rig: Rig) -> None:
    rig.sync("projects", "issues")
    began = rig.clock.now()
    with rig.store.syncing():
        found = Asker(rig).bring("issues", seconds=20)
    assert not found.whole
    assert found.pending == tuple(streams_of("issues"))
    assert found.holder is not None
    assert timedelta(seconds=20) <= rig.clock.now() - began <= timedelta(seconds=22)
    assert wishes(rig) == set(streams_of("issues")), "a daemon that starts later finds them"


def test_when_the_other_process_ends_the_sync_is_made_here(rig: Rig) -> None:
    rig.sync("projects", "issues")
    (new,) = rig.sim.mutate.new_issues(1)
    rig.advance(120)
    Other(rig, ends=True)
    found = Asker(rig).bring("issues")
    assert found.whole
    assert found.holder is None
    assert new in {row.id for row in rig.rows(tables.issues)}
    assert wishes(rig) == set()


def test_a_failure_of_the_other_process_is_told(rig: Rig) -> None:
    daemon = Other(rig, turns=True)
    daemon.rest()
    rig.advance(120)
    rig.sim.faults.add("/issues/", "status", times=1000, status=403)
    found = Asker(rig).bring("issues")
    assert not found.whole
    assert "403" in next(result.error or "" for result in found.results if result.stream == "issues.hot")
    daemon.holds.close()


def test_a_new_wish_ends_a_daemons_rest(rig: Rig) -> None:
    daemon = Other(rig, turns=True)
    daemon.rest()
    rig.advance(120)
    rig.sim.faults.add("", "status", times=1, status=401)
    daemon.turn()
    assert daemon.worker.turn(lambda: False) > 500, "it leaves a server alone that refused the token"
    assert Asker(rig).bring("issues").whole
    daemon.holds.close()


def test_it_stops_at_a_page_when_the_wait_is_over(rig: Rig) -> None:
    rig.before = lambda request: rig.clock.advance(15)
    found = Asker(rig).bring("issues", seconds=20)
    assert not found.whole
    # Of hints there are none to act on, and that takes no page.
    states = [result.state for result in found.results if result.stream != ISSUES_NAME]
    assert states == ["done", *["partial"] * (len(states) - 1)]
    assert sum(result.pages for result in found.results) == len(rig.sim.requests) == 2
    rig.before = lambda request: None
    assert Asker(rig).bring("issues").whole


def test_who_gave_up_is_not_worked_for(rig: Rig) -> None:
    found = Asker(rig).bring("issues", given_up=lambda: len(rig.sim.requests) > 0)
    assert not found.whole
    assert len(rig.sim.requests) == 1


def test_without_room_in_the_budget_nothing_is_done_and_nobody_waits_for_a_minute(rig: Rig) -> None:
    asker = Asker(rig)

    def refuse(request: httpx.Request) -> None:
        raise BudgetExhausted("no request may be sent for 50 s (100 of 100 spent); try again then")

    rig.before = refuse
    with pytest.raises(BudgetExhausted, match="for 50 s"):
        asker.bring("issues")

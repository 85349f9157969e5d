"""Hints acted on: the issues are looked at by their ids, the newest events of those that had one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from sentry_sync.records.delivery import Delivery
from sentry_sync.records.intervals import Interval
from sentry_sync.store import tables
from sentry_sync.store.reads.state import State
from sentry_sync.store.types import EPOCH
from sentry_sync.sync.run import Slice, Terms
from sentry_sync.sync.stream import Part
from sentry_sync.sync.streams import hints
from sentry_sync.sync.streams.batches import Place
from tests.support.rig import Rig

ALL = Terms(Part.DUE, timedelta(), lambda: False)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    found = Rig(tmp_path)
    found.sync("projects", "issues")
    found.sim.requests.clear()
    yield found
    found.close()


def hint(rig: Rig, *issues: str, event: bool = False) -> None:
    rig.clock.advance(1)
    now = rig.clock.now()
    found = [
        Delivery(f"{issue}-{now.timestamp()}", f"{issue}{now}", "issue", "resolved", now, issue, event)
        for issue in issues
    ]
    with rig.store.write() as uow:
        uow.deliveries.take(found)


def act(rig: Rig) -> list[Slice]:
    with rig.store.syncing():
        syncer = rig.syncer()
        return [syncer.slice(ladder, ALL) for ladder in (hints.ISSUES, (hints.EVENTS,))]


def pending(rig: Rig) -> int:
    deliveries = tables.webhook_deliveries
    return len(rig.rows(select(deliveries.c.request_id).where(deliveries.c.handled_at.is_(None))))


def status(rig: Rig, issue: str) -> str:
    (found,) = rig.rows(select(tables.issues.c.status).where(tables.issues.c.id == issue))
    return str(found.status)


def some(rig: Rig, count: int) -> list[str]:
    return [issue.id for issue in rig.sim.world.issues.values() if issue.status == "unresolved"][:count]


def test_what_was_hinted_at_is_looked_at_in_one_request_and_believed_of_sentry_alone(rig: Rig) -> None:
    one, other, third = some(rig, 3)
    rig.sim.mutate.resolve(one)
    hint(rig, one, other)
    found = act(rig)
    assert [each.result.state for each in found] == ["done", "fresh"]
    assert (status(rig, one), status(rig, other), status(rig, third)) == ("resolved", "unresolved", "unresolved")
    assert (rig.asked(), pending(rig)) == (1, 0)
    assert rig.rows(tables.issue_history)[-1].seen_by == hints.ISSUES_NAME


def test_without_hints_nothing_is_asked(rig: Rig) -> None:
    assert [each.result.state for each in act(rig)] == ["fresh", "fresh"]
    assert rig.asked() == 0


def test_an_issue_that_nobody_knew_is_taken_in(rig: Rig) -> None:
    (new,) = rig.sim.mutate.new_issues(1)
    hint(rig, new)
    act(rig)
    assert status(rig, new) == "unresolved"


def test_an_issue_that_is_not_there_costs_a_second_look_and_is_no_row(rig: Rig) -> None:
    hint(rig, "999999")
    assert act(rig)[0].result.state == "done"
    assert rig.rows(select(tables.issues).where(tables.issues.c.id == "999999")) == []
    assert pending(rig) == 0


def test_a_hint_stays_until_its_issue_was_looked_at_by_itself(rig: Rig) -> None:
    (one,) = some(rig, 1)
    hint(rig, one, "999999")

    def fails(_request: object) -> None:
        rig.before = lambda request: None
        rig.sim.faults.add("/issues/999999/", "status", status=500, times=100)

    rig.before = fails
    assert act(rig)[0].result.state == "failed"
    assert pending(rig) == 1
    rig.sim.faults.clear()
    rig.restart()
    assert act(rig)[0].result.state == "done"
    assert pending(rig) == 0


def test_what_is_gone_beside_a_merge_that_goes_on_is_not_taken_for_deleted_at_the_second_look(rig: Rig) -> None:
    last, parent, child = some(rig, 3)
    rig.advance(900)
    rig.sim.mutate.merge(parent, child)
    rig.sim.mutate.merge(last, parent, pending_seconds=3600)
    removed = select(tables.issues.c.removed_as, tables.issues.c.merged_into).where(tables.issues.c.id == child)
    for expected in (("unknown", None), ("unknown", None), ("merged", last)):
        hint(rig, child, parent)
        act(rig)
        hint(rig, child)
        act(rig)
        assert rig.rows(removed) == [expected]
        rig.advance(1900)


def test_a_hint_that_comes_during_the_look_stays(rig: Rig) -> None:
    (one,) = some(rig, 1)
    hint(rig, one)

    def meanwhile(_request: object) -> None:
        rig.before = lambda request: None
        hint(rig, one)

    rig.before = meanwhile
    act(rig)
    assert pending(rig) == 1
    act(rig)
    assert pending(rig) == 0


def test_a_server_that_fails_loses_no_hint(rig: Rig) -> None:
    (one,) = some(rig, 1)
    hint(rig, one)
    rig.sim.faults.add("/issues/", "status", status=500, times=100)
    assert act(rig)[0].result.state == "failed"
    rig.restart()
    assert pending(rig) == 1
    rig.sim.faults.clear()
    assert act(rig)[0].result.state == "done"
    assert pending(rig) == 0


def test_more_hints_than_a_batch_holds_are_all_acted_on(rig: Rig) -> None:
    hint(rig, *some(rig, 30), *(str(n) for n in range(10**9, 10**9 + 90)))
    act(rig)
    assert pending(rig) == 0


def test_the_newest_event_is_read_of_what_had_one(rig: Rig) -> None:
    one, other = some(rig, 2)
    hint(rig, one, event=True)
    hint(rig, other)
    assert [each.result.state for each in act(rig)] == ["done", "done"]
    assert [row.issue_id for row in rig.rows(tables.event_bodies)] == [one]
    rig.sim.requests.clear()
    act(rig)
    assert rig.asked() == 0


def test_an_event_that_is_gone_is_not_asked_for_again(rig: Rig) -> None:
    hint(rig, "999999", event=True)
    assert act(rig)[1].result.state == "done"
    rig.sim.requests.clear()
    act(rig)
    assert rig.asked() == 0


def test_of_many_events_the_newest_few_are_read(rig: Rig) -> None:
    hint(rig, *some(rig, 20), event=True)
    assert act(rig)[1].result.pages == hints.EVENTS_PER_RUN


def test_a_look_at_a_few_makes_nothing_as_a_whole_younger(rig: Rig) -> None:
    hint(rig, *some(rig, 2), event=True)
    act(rig)
    with closing(rig.store.read()) as reading:
        state = State(reading)
        assert state.mark(hints.ISSUES_NAME) is None
        assert state.mark(hints.EVENTS_NAME, some(rig, 1)[0]) is None


def test_glitchtip_is_asked_as_it_wants_to_be(tmp_path: Path) -> None:
    rig = Rig(tmp_path, profile="glitchtip")
    rig.sync("projects", "issues")
    one, *_ = some(rig, 1)
    rig.sim.mutate.resolve(one)
    hint(rig, one)
    act(rig)
    assert (status(rig, one), pending(rig)) == ("resolved", 0)
    rig.close()


@pytest.mark.parametrize("able", [True, False], ids=["in batches", "one by one"])
def test_a_pass_that_goes_on_in_a_store_without_any_issue_ends_without_a_request(
    tmp_path: Path, able: bool
) -> None:
    """It was killed at its second batch, and what that was about is no longer waiting."""
    rig = Rig(tmp_path)
    rig.sync("projects")
    now = rig.clock.now()
    with rig.store.write() as uow:
        for name in ("issues.group", "issues.id", "issues.sentry"):
            uow.learn(name, now, available=able)
        run = uow.begin_pass(hints.ISSUES_NAME, "", Interval(now - timedelta(hours=1), now), now)
        uow.turn_page(run, Place((EPOCH, "5")).cursor, 0, [], now)
    rig.sim.requests.clear()
    assert [each.result.state for each in act(rig)] == ["done", "fresh"]
    assert (rig.asked(), [run.state for run in rig.passes(hints.ISSUES_NAME)]) == (0, ["done"])
    rig.close()

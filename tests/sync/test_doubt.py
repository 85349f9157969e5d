"""A clock that was wrong once: what the store claims to know of the future is taken back, and said so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from sentry_sync.cli import status
from sentry_sync.cli.settings import load
from sentry_sync.simulator import WorldSize
from sentry_sync.store import tables
from sentry_sync.store.reads.state import State
from sentry_sync.sync.doubt import Doubt, is_future
from sentry_sync.sync.server_clock import ServerClock
from sentry_sync.sync.stream import Policy
from tests.support.rig import START, Rig

DAY = timedelta(days=1)
SOME = ("projects", "issues", "events")
TINY = WorldSize(projects=2, issues=110, events_per_day=20, releases=2, days=2)
"""Two pages of issues, and little of anything else: a sync is run twice in most tests."""
TRUTH_IS_OUT = "a clock was wrong once"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path, size=TINY, policy=Policy(history_days=1, performance_hours=1, bodies_per_run=1))
    yield rig
    rig.close()


def tomorrow(rig: Rig, ahead: timedelta = DAY) -> None:
    """Let the server's answers be dated so far ahead from now on."""

    def dated(request: httpx.Request, headers: dict[str, str]) -> dict[str, str]:
        return {**headers, "Date": format_datetime(rig.sim.now() + ahead, usegmt=True)}

    rig.headers = dated


def today(rig: Rig) -> None:
    """Let the server's answers be dated as they were sent."""
    rig.headers = lambda request, headers: headers


def latest(rig: Rig) -> list[datetime | None]:
    """The latest of what the store says to know, and to have looked at."""
    columns = (tables.marks.c.as_of, tables.marks.c.mark, tables.coverage.c.end, tables.passes.c.updated_at)
    looks = (tables.issues.c.verified_at, tables.projects.c.known_since, tables.event_bodies.c.fetched_at)
    return [rig.rows(select(func.max(column)))[0][0] for column in (*columns, *looks)]


def a_day_ahead_once(rig: Rig) -> None:
    """A sync while the clock was right, half an hour later one while it was not, and then an hour goes by."""
    rig.sync(*SOME)
    rig.advance(1_800)
    tomorrow(rig)
    rig.sync(*SOME)
    today(rig)
    rig.advance(3_600)
    rig.restart()


@given(seconds=st.integers(-100_000, 100_000))
def test_a_claim_is_of_the_future_when_it_is_more_than_a_minute_ahead(seconds: int) -> None:
    assert is_future(START + timedelta(seconds=seconds), START) == (seconds > 60)
    assert not is_future(None, START)


def test_nothing_is_claimed_of_the_future_after_the_next_sync(rig: Rig) -> None:
    a_day_ahead_once(rig)
    assert max(at for at in latest(rig) if at) > rig.sim.now()
    rig.sync(*SOME)
    assert max(at for at in latest(rig) if at) <= rig.sim.now()


def test_what_happened_meanwhile_is_read_all_the_same(rig: Rig) -> None:
    a_day_ahead_once(rig)
    new = set(rig.sim.mutate.new_issues(3))
    events = set(rig.sim.mutate.new_events(count=5))
    rig.advance(120)
    rig.sync(*SOME)
    assert new <= {row.id for row in rig.rows(tables.issues)}
    assert events <= {row.event_id for row in rig.rows(tables.events)}
    assert rig.coverage("issues")[-1].end == rig.sim.now()


def test_coverage_goes_back_to_the_last_pass_before_the_clock_went_wrong(rig: Rig) -> None:
    a_day_ahead_once(rig)
    with rig.store.write() as uow:
        assert uow.take_back(rig.sim.now())
    for resource in ("issues", "events", "error_counts"):
        assert rig.coverage(resource)[-1].end <= START, resource


def test_no_day_or_week_is_taken_for_read_that_has_no_rows(rig: Rig) -> None:
    """The mark of one says which it was: moved back to another time, it would stand for an empty one."""
    rig.sync("projects")
    with rig.store.write() as uow:
        for stream, ahead in (("transaction_windows.24h", DAY), ("transaction_windows.7d", -DAY)):
            uow.mark(stream, "", START + ahead, START + ahead)
        assert uow.take_back(rig.sim.now())
    held = {row.stream: row.mark for row in rig.rows(tables.marks) if row.stream.startswith("transaction")}
    assert held == {"transaction_windows.7d": START - DAY}


def test_a_store_that_never_saw_the_right_time_claims_nothing(rig: Rig) -> None:
    tomorrow(rig)
    rig.clock.advance(DAY.total_seconds())
    rig.sync("issues")
    with rig.store.write() as uow:
        assert uow.take_back(rig.sim.now())
    assert rig.coverage("issues") == []
    assert rig.rows(tables.marks) == []
    assert max(row.verified_at for row in rig.rows(tables.issues)) < rig.sim.now()


def test_an_issue_looked_at_tomorrow_is_updated_today(rig: Rig) -> None:
    a_day_ahead_once(rig)
    resolved = next(issue.id for issue in rig.sim.world.issues.values() if issue.status == "unresolved")
    rig.sim.mutate.resolve(resolved)
    rig.sim.mutate.new_events(resolved)
    rig.advance(120)
    rig.syncer().run(["issues"], full=True)
    held = {row.id: row.status for row in rig.rows(tables.issues)}
    assert held[resolved] == rig.sim.world.issues[resolved].status


def test_a_pass_begun_tomorrow_is_not_gone_on_with(rig: Rig) -> None:
    rig.sync("projects")
    tomorrow(rig)
    rig.sim.faults.add(path_contains="/issues/", kind="status", status=503, times=50, after=2)
    rig.sync("issues")
    rig.sim.faults.clear()
    today(rig)
    rig.advance(600)
    rig.restart()
    assert rig.sync("issues").ok
    began = rig.passes("issues.hot")[0]
    assert (began.state, began.error) == ("abandoned", "the clock was wrong when it began")


def test_the_run_and_the_status_say_that_a_clock_was_wrong(rig: Rig) -> None:
    a_day_ahead_once(rig)
    [note] = rig.sync("projects").notes
    assert TRUTH_IS_OUT in note
    assert "\n" not in note
    found = status.document(load({"store": rig.directory}, None), rig.clock)
    assert found["clock"] == {"at": rig.sim.now().replace(microsecond=0), "note": note}
    assert rig.sync("projects").notes == ()


def test_the_server_is_asked_the_time_before_anything_is_planned(rig: Rig) -> None:
    a_day_ahead_once(rig)
    before, clock = rig.asked(), ServerClock(rig.clock)
    with closing(rig.store.read()) as reading:
        doubt = Doubt(rig.store, clock, State(reading))
        doubt.settle(rig.client())
    assert rig.asked() == before + 1
    assert clock.now() - rig.sim.now() < timedelta(minutes=1)
    assert len(doubt.notes) == 1
    assert rig.coverage("issues")[-1].end <= START


def test_until_the_server_has_told_the_time_a_claim_of_the_future_is_stale(rig: Rig) -> None:
    a_day_ahead_once(rig)
    found = status.document(load({"store": rig.directory}, None), rig.clock)
    assert all(entry["stale"] for entry in found["resources"] if entry["as_of"])


def test_a_clock_of_ours_that_is_slow_takes_nothing_back(rig: Rig) -> None:
    rig.sync(*SOME)
    rig.advance(600)
    rig.sync(*SOME)
    before = rig.rows(tables.coverage)
    rig.clock.advance(-7_200)
    rig.restart()
    summary = rig.sync("projects")
    assert summary.notes == ()
    assert rig.rows(tables.coverage) == before


def test_a_clock_of_ours_as_fast_as_the_servers_was_is_found_out_by_the_first_answer(rig: Rig) -> None:
    rig.sync(*SOME)
    rig.advance(1_800)
    tomorrow(rig)
    rig.clock.advance(DAY.total_seconds())
    rig.sync(*SOME)
    today(rig)
    rig.advance(3_600)
    rig.restart()
    assert TRUTH_IS_OUT in rig.sync(*SOME).notes[0]
    assert max(at for at in latest(rig) if at) <= rig.sim.now()
    assert rig.coverage("issues")[-1].end == rig.sim.now()


def test_a_server_that_cannot_be_asked_the_time_leaves_the_store_as_it_is(rig: Rig) -> None:
    a_day_ahead_once(rig)
    before = rig.rows(tables.coverage)
    rig.sim.faults.add(path_contains="/", kind="status", status=503, times=500)
    summary = rig.sync("projects")
    assert not summary.ok
    assert summary.notes == ()
    assert rig.rows(tables.coverage) == before

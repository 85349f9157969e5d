"""A pass that is killed, refused or told to stop goes on where it was; nothing is lost, nothing read twice."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from sentry_sync.errors import AuthFailed, LeaseLost
from sentry_sync.records.intervals import Interval, gaps
from sentry_sync.simulator import WorldSize
from sentry_sync.store import tables
from sentry_sync.store.store import Store
from sentry_sync.sync.stream import Stream
from sentry_sync.sync.streams import counts, events
from sentry_sync.sync.streams.hints import ISSUES_NAME
from tests.support.rig import START, Killed, Rig

MANY = WorldSize(projects=2, issues=900, events_per_day=60, releases=2, days=6)


def kill_at(rig: Rig, count: int) -> None:
    seen = 0

    def before(request: httpx.Request) -> None:
        nonlocal seen
        seen += 1
        if seen == count:
            raise Killed

    rig.before = before


@pytest.mark.parametrize("page", [1, 2, 5, 9])
def test_a_sync_killed_at_any_page_goes_on_at_that_page(tmp_path: Path, page: int) -> None:
    rig = Rig(tmp_path, size=MANY)
    kill_at(rig, page)
    with pytest.raises(Killed):
        rig.sync("issues")
    rig.restart()
    rig.before = lambda request: None
    assert rig.asked() == page - 1
    assert rig.sync("issues").ok
    assert rig.asked() == 9
    assert len(rig.rows(tables.issues)) == 900
    assert [row.state for row in rig.passes("issues.hot")] == ["done"]
    rig.close()


def test_a_sync_that_another_process_took_over_writes_nothing_more_and_the_other_goes_on_at_its_page(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path, size=MANY)
    other = Store(rig.directory, rig.clock)
    took_over = ExitStack()

    def before(request: httpx.Request) -> None:
        if rig.asked() == 4:
            rig.clock.advance(61)
            took_over.enter_context(other.syncing())

    rig.before = before
    with pytest.raises(LeaseLost, match="took over"):
        rig.sync("issues")
    [left] = rig.passes("issues.hot")
    assert (left.state, left.pages) == ("running", 4)
    rig.before = lambda request: None
    mine, rig.store = rig.store, other
    assert rig.sync("issues").ok
    took_over.close()
    mine.close()
    assert rig.asked() == 5 + 5  # the page that was answered when it was taken over is asked for once more
    assert len(rig.rows(tables.issues)) == 900
    rig.close()


def test_what_a_killed_first_sync_brought_is_covered_and_no_more(tmp_path: Path) -> None:
    rig = Rig(tmp_path, size=MANY)
    kill_at(rig, 4)
    with pytest.raises(Killed):
        rig.sync("issues")
    [known] = rig.coverage("issues")
    assert known.end == START
    held = {row.id for row in rig.rows(tables.issues)}
    inside = {i.id for i in rig.sim.world.issues.values() if known.start <= i.last_seen < known.end}
    assert inside
    assert inside <= held
    assert known.start > START - timedelta(days=90)
    rig.close()


def test_a_server_error_leaves_the_cursor_where_it_was_and_the_reason_in_the_pass(tmp_path: Path) -> None:
    rig = Rig(tmp_path, size=MANY)
    rig.sim.faults.add(path_contains="/issues/", kind="status", status=503, times=50, after=3)
    summary = rig.sync("issues")
    assert not summary.ok
    [failed] = rig.passes("issues.hot")
    assert (failed.state, failed.pages) == ("failed", 3)
    assert failed.cursor
    assert failed.error
    rig.sim.faults.clear()
    before = rig.asked()
    assert rig.sync("issues").ok
    assert rig.asked() - before == 6
    assert len(rig.rows(tables.issues)) == 900
    rig.close()


def test_a_token_revoked_on_the_way_ends_the_run_and_keeps_the_cursor(tmp_path: Path) -> None:
    rig = Rig(tmp_path, size=MANY)
    rig.sim.faults.add(path_contains="/issues/", kind="status", status=401, times=50, after=2)
    with pytest.raises(AuthFailed):
        rig.sync("issues")
    [failed] = rig.passes("issues.hot")
    assert (failed.state, failed.pages) == ("failed", 2)
    rig.close()


def test_a_run_told_to_stop_ends_at_its_page(tmp_path: Path) -> None:
    rig = Rig(tmp_path, size=MANY)
    summary = rig.syncer().run(["issues"], stop=lambda: rig.asked() >= 3)
    # Of hints there were none to act on.
    assert {result.state for result in summary.results if result.stream != ISSUES_NAME} == {"partial"}
    assert rig.asked() == 3
    assert rig.sync("issues").ok
    assert rig.asked() == 9
    rig.close()


def test_a_forbidden_resource_is_reported_and_the_others_go_on(rig: Rig) -> None:
    rig.sim.faults.add(path_contains="/releases/", kind="status", status=403, times=9)
    summary = rig.sync("issues", "releases")
    states = {result.stream: result.state for result in summary.results}
    assert states["releases"] == "failed"
    assert states["issues.hot"] == "done"
    assert not summary.ok


def test_a_row_of_the_wrong_type_is_set_aside_with_its_reason_and_the_pass_goes_on(rig: Rig) -> None:
    rig.after = lambda body: body.replace(b'"status":"resolved"', b'"status":["resolved"]')
    resolved = {issue.id for issue in rig.sim.world.issues.values() if issue.status == "resolved"}
    assert resolved
    assert rig.sync("issues").ok
    [done] = rig.passes("issues.hot")
    assert done.rejected == len(resolved)
    assert done.rows + done.rejected == len(rig.sim.world.issues)
    assert done.reject_reason == "status is not text"
    assert {row.id for row in rig.rows(tables.issues)} == set(rig.sim.world.issues) - resolved


def test_a_query_that_takes_too_long_is_asked_in_halves(rig: Rig) -> None:
    rig.sync("projects")
    rig.sim.faults.add(path_contains="/events/", kind="status", status=504, times=2)
    assert rig.sync("events").ok
    assert gaps(Interval(START - timedelta(days=3), START), rig.coverage("error_counts")) == []


def test_a_cursor_the_server_no_longer_takes_costs_the_rest_of_the_pass_and_no_rows(tmp_path: Path) -> None:
    rig = Rig(tmp_path, size=MANY)
    kill_at(rig, 4)
    with pytest.raises(Killed):
        rig.sync("issues")
    rig.restart()
    rig.before = lambda request: None
    rig.sim.faults.add(path_contains="/issues/", kind="status", status=400, times=1)
    assert rig.sync("issues").ok
    assert {row.id for row in rig.rows(tables.issues)} == set(rig.sim.world.issues)
    assert gaps(Interval(START - timedelta(days=90), START), rig.coverage("issues")) == []
    rig.close()


@pytest.mark.parametrize(
    ("stream", "resource", "table"),
    [(events.EXPLORE, "events", tables.events), (counts.ERROR_COUNTS, "error_counts", tables.error_counts)],
)
def test_more_rows_than_offsets_reach_are_read_in_shorter_windows(
    tmp_path: Path, stream: Stream, resource: str, table: object
) -> None:
    from sentry_sync.store.reads.state import State
    from sentry_sync.sync.engine import Engine, Tally
    from sentry_sync.sync.server_clock import ServerClock
    from sentry_sync.sync.stream import Look

    rig = Rig(tmp_path, size=WorldSize(projects=2, issues=60, events_per_day=900, releases=2, days=4))
    rig.sync("projects")
    client = rig.client()
    with rig.store.read() as connection:
        state = State(connection)
        look = Look(state, rig.policy, START, state.projects())
        engine = Engine(rig.store, client, ServerClock(rig.clock), rig.progress.append, lambda: False)
        assert engine.run(replace(stream, page_limit=3), look, Tally())
    assert gaps(Interval(START - timedelta(days=3), START), rig.coverage(resource)) == []
    capped = len(rig.passes(stream.name))
    assert capped > 4
    assert isinstance(table, type(tables.events))
    key = list(table.primary_key)
    shorter = sorted(map(tuple, rig.rows(select(*key))))

    whole = Rig(tmp_path / "whole", size=WorldSize(projects=2, issues=60, events_per_day=900, releases=2, days=4))
    whole.sync("projects", "events")
    assert len(whole.passes(stream.name)) < capped
    assert sorted(map(tuple, whole.rows(select(*key)))) == shorter
    rig.close()
    whole.close()


def test_no_row_is_counted_twice_when_hours_are_read_again(rig: Rig) -> None:
    rig.sync("events")
    before = rig.rows(select(func.sum(tables.error_counts.c.count)))[0][0]
    rig.sync("events")
    assert rig.rows(select(func.sum(tables.error_counts.c.count)))[0][0] == before


def test_a_server_that_gives_the_same_page_again_and_again_is_not_asked_for_ever(tmp_path: Path) -> None:
    rig = Rig(tmp_path, size=MANY)
    rig.sim.faults.add(path_contains="/issues/", kind="repeat_cursor", times=1, after=2)
    summary = rig.sync("issues")
    assert not summary.ok
    [failed] = rig.passes("issues.hot")
    assert failed.pages == 3
    assert rig.sync("issues").ok
    assert len(rig.rows(tables.issues)) == 900
    rig.close()


def test_a_list_that_lost_rows_over_night_is_not_gone_on_with_by_counting_rows(tmp_path: Path) -> None:
    rig = Rig(tmp_path, page_rows=5)
    rig.sim.faults.add("field=transaction", "status", status=500, times=99, after=1)
    rig.sync("events")
    [begun] = [run for run in rig.passes("events") if run.cursor]
    read = {row.issue_id for row in rig.rows(tables.events)}
    rig.sim.mutate.delete([issue.id for issue in rig.sim.world.issues.values() if issue.id in read])
    rig.sim.faults.clear()
    rig.advance(10 * 3600)
    rig.sync("events")
    world = rig.sim.world
    there = {world.event_id(event): world.index.timestamp[event] for event in world.index.order}
    within = {key for key, at in there.items() if begun.start.timestamp() <= at < begun.end.timestamp()}
    assert len(within) > 10
    assert within <= {row.event_id for row in rig.rows(tables.events)}
    rig.close()


def test_hours_that_are_read_anew_are_not_called_known_while_half_of_them_is_back(tmp_path: Path) -> None:
    rig = Rig(tmp_path, size=WorldSize(projects=2, issues=200, events_per_day=9000, releases=2, days=1))
    assert rig.sync("projects", "events").ok
    rig.advance(1200)
    pages = 0

    def before(request: httpx.Request) -> None:
        nonlocal pages
        pages += "to_hour" in str(request.url)
        if pages == 2:
            raise Killed

    rig.before = before
    with pytest.raises(Killed):
        rig.sync("events")
    rig.restart()
    hours = tables.error_counts.c
    held = {row.hour: row[1] for row in rig.rows(select(hours.hour, func.sum(hours.count)).group_by(hours.hour))}
    times = rig.sim.world.index.timestamp
    known = rig.coverage("error_counts")
    assert known
    for part in known:
        hour = part.start.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        while hour + timedelta(hours=1) <= part.end:
            since = hour.timestamp()
            assert held.get(hour, 0) == sum(since <= time < since + 3600 for time in times), hour
            hour += timedelta(hours=1)
    assert rig.passes("error_counts")[-1].pages == 1
    rig.close()

"""What people do to issues without an event is found, and nothing is taken for gone that is not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import orjson
import pytest
from sqlalchemy import func, select

from sentry_sync.simulator import WorldSize
from sentry_sync.store import tables
from sentry_sync.sync.run import Summary
from tests.support.rig import Killed, Rig
from tests.support.upheaval import held, removed, truth, upheave

TOWN = WorldSize(projects=3, issues=1200, events_per_day=300, releases=2, days=12)


def full(rig: Rig, *resources: str) -> Summary:
    return rig.syncer().run(resources or ("issues",), full=True)


def states(summary: Summary) -> dict[str, str]:
    return {result.stream: result.state for result in summary.results}


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a first sync of the town's issues: each test goes on with a copy of it."""
    rig = Rig(tmp_path_factory.mktemp("town"), size=TOWN)
    rig.sync("issues")
    rig.close()
    return rig.directory


@pytest.fixture
def town(tmp_path: Path, synced: Path) -> Rig:
    shutil.copytree(synced, tmp_path / "store")
    rig = Rig(tmp_path, size=TOWN)
    rig.advance(900)
    return rig


def test_one_turn_finds_everything_that_was_done_in_silence(town: Rig) -> None:
    done = upheave(town)
    town.sim.mutate.bump(200)
    town.sim.mutate.new_issues(50)
    town.advance(1)
    assert held(town) != truth(town)
    assert full(town).ok
    assert held(town) == truth(town)
    assert removed(town) == done.gone
    town.close()


def test_a_turn_finds_it_by_the_servers_clock_when_ours_is_behind(town: Rig) -> None:
    upheave(town)
    town.sim.advance(1800)
    full(town)
    town.advance(60)
    done = upheave(town, deleted=0, merged=0)
    assert done.silent
    full(town)
    assert held(town) == truth(town)
    town.close()


def test_without_a_turn_half_an_hour_and_six_hours_bring_the_same(town: Rig) -> None:
    done = upheave(town)
    town.advance(900)
    town.sync("issues")
    unresolved = {issue for issue, row in truth(town).items() if row[0] == "unresolved"}
    now = held(town)
    assert {issue for issue, row in now.items() if row[0] == "unresolved"} == unresolved
    assert now != truth(town)
    town.advance(6 * 3600)
    town.sync("issues")
    assert held(town) == truth(town)
    assert removed(town) == done.gone
    town.close()


def test_a_merged_issues_events_bodies_and_counts_are_the_parents(tmp_path: Path) -> None:
    rig = Rig(tmp_path, size=WorldSize(projects=2, issues=60, events_per_day=200, releases=2, days=4))
    rig.sync()
    counts = select(func.sum(tables.error_counts.c.count))
    before = rig.rows(counts)[0][0]
    busy = sorted(rig.sim.world.issues.values(), key=lambda issue: -issue.count)
    child = busy[0]
    parent = next(issue for issue in busy[1:] if issue.project is child.project)
    both = [
        {row.environment for row in rig.rows(tables.issue_environments) if row.issue_id == issue.id}
        for issue in (child, parent)
    ]
    rig.advance(900)
    rig.sim.mutate.merge(parent.id, child.id)
    rig.advance(1)
    assert full(rig).ok
    for table in (tables.events, tables.event_bodies, tables.issue_environments, tables.error_counts):
        assert child.id not in {row.issue_id for row in rig.rows(table)}, table.name
    events = {row.event_id for row in rig.rows(tables.events) if row.issue_id == parent.id}
    window = rig.coverage("events")[0]
    known = {
        rig.sim.world.event_id(number)
        for number in parent.events
        if window.start.timestamp() <= rig.sim.world.index.timestamp[number] < window.end.timestamp()
    }
    assert known
    assert known <= events
    assert both[0]
    assert {row.environment for row in rig.rows(tables.issue_environments) if row.issue_id == parent.id} == both[
        0
    ] | both[1]
    assert rig.rows(counts)[0][0] == before
    rig.advance(60)
    rig.sync("events")
    hours = tables.error_counts.c
    ours = rig.rows(select(func.sum(hours.count)).where(hours.issue_id == parent.id))[0][0]
    start = rig.coverage("error_counts")[0].start.timestamp()
    assert ours == sum(rig.sim.world.index.timestamp[number] >= start for number in parent.events)
    rig.close()


def test_users_of_merged_hours_are_not_added_up(tmp_path: Path) -> None:
    rig = Rig(tmp_path, size=WorldSize(projects=1, issues=2, events_per_day=600, releases=1, days=2))
    rig.sync("issues", "events")
    first, second = rig.sim.world.issues
    rig.advance(900)
    rig.sim.mutate.merge(first, second)
    rig.advance(1)
    full(rig)
    users = {row.users for row in rig.rows(tables.error_counts)}
    assert None in users
    rig.close()


def test_a_sweep_that_ends_early_takes_nothing_for_gone(town: Rig) -> None:
    upheave(town)
    town.advance(1)

    def refuse(request: httpx.Request) -> None:
        if sweeps(request) and "cursor" in str(request.url):
            town.sim.faults.add(path_contains="/issues/", kind="status", status=503, times=20)

    town.before = refuse
    summary = full(town)
    assert not summary.ok
    assert states(summary)["issues.sweep"] == "failed"
    [failed] = town.passes("issues.sweep")
    assert (failed.state, failed.pages) == ("failed", 1)
    assert failed.cursor
    assert not town.passes("issues.confirm")
    assert removed(town) == {}
    town.before = lambda request: None
    town.sim.faults.clear()
    assert full(town).ok
    assert held(town) == truth(town)
    town.close()


@pytest.mark.parametrize("where", ["first", "later"])
def test_a_list_without_its_link_fails_and_keeps_its_cursor(town: Rig, where: str) -> None:
    upheave(town)
    town.advance(1)
    drop(town, lambda request: sweeps(request) and ("cursor" in str(request.url)) == (where == "later"))
    summary = full(town)
    assert states(summary)["issues.sweep"] == "failed"
    assert states(summary)["issues.confirm"] == "fresh"
    [failed] = town.passes("issues.sweep")
    assert bool(failed.cursor) == (where == "later")
    assert "Link" in failed.error
    town.close()


def test_a_hot_poll_without_its_link_fails_rather_than_claim_to_be_whole(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    drop(rig, lambda request: "/issues/" in request.url.path)
    assert not rig.sync("issues").ok
    assert rig.coverage("issues") == []
    assert rig.rows(tables.issues) == []
    rig.close()


def drop(rig: Rig, chosen: Callable[[httpx.Request], bool]) -> None:
    """Let a proxy drop the Link header of some answers."""
    rig.headers = lambda request, headers: (
        {name: value for name, value in headers.items() if name != "Link"} if chosen(request) else headers
    )


def sweeps(request: httpx.Request) -> bool:
    """Whether the request is a sweep's: its window goes far back, unlike the poll's."""
    start = request.url.params.get("start", "")
    return bool(start) and start < "2026-10"


def answer_groups(rig: Rig, body: Callable[[list[str]], list[dict[str, object]]]) -> None:
    """Let the server answer batches by id otherwise."""
    asked: list[str] = []

    def before(request: httpx.Request) -> None:
        asked[:] = request.url.params.get_list("group")

    rig.before = before
    rig.after = lambda answer: orjson.dumps(body(asked)) if asked else answer


def rows_of(rig: Rig, ids: list[str]) -> list[dict[str, object]]:
    """Rows as the server's list has them."""
    query = "&".join(f"group={issue}" for issue in ids)
    headers = {"Authorization": "Bearer sntryu_simulator"}
    found = rig.sim.handle("GET", f"/api/0/organizations/acme/issues/?project=-1&{query}", headers)
    rows: list[dict[str, object]] = orjson.loads(found[2])
    return rows


def test_a_server_that_ignores_the_ids_it_is_asked_for_makes_nothing_gone(town: Rig) -> None:
    done = upheave(town, silent=30, deleted=4, merged=2)
    town.advance(1)
    others = rows_of(town, list(town.sim.world.issues)[:100])
    answer_groups(town, lambda asked: others)
    summary = full(town)
    assert removed(town).items() <= done.gone.items()
    assert states(summary)["issues.verify"] == "unsupported"
    known = {row.name: row.available for row in town.rows(tables.capabilities)}
    assert known["issues.group"] is False
    # Detail calls found what the sweep missed all the same.
    assert {issue for issue, row in held(town).items() if row[0] == "unresolved"} == {
        issue for issue, row in truth(town).items() if row[0] == "unresolved"
    }
    town.close()


def test_an_empty_answer_to_a_batch_is_no_proof(town: Rig) -> None:
    town.advance(3600)
    town.sim.mutate.resolve(list(town.sim.world.issues))
    town.advance(1)
    answer_groups(town, lambda asked: [])
    town.sim.requests.clear()
    for _ in range(2):
        assert states(town.sync("issues"))["issues.confirm"] == "failed"
    assert "leaves out" in town.passes("issues.confirm")[-1].error
    assert town.asked() < 30 + len(town.sim.world.issues) // 100
    assert removed(town) == {}
    answer_groups(town, lambda asked: rows_of(town, asked))
    town.advance(60)
    assert full(town).ok
    assert held(town) == truth(town)
    town.close()


def test_a_row_that_cannot_be_read_is_not_gone(town: Rig) -> None:
    town.sim.mutate.resolve(odd := next(i.id for i in town.sim.world.issues.values() if i.status == "unresolved"))
    town.advance(900)

    def spoil(asked: list[str]) -> list[dict[str, object]]:
        return [row | {"status": ["?"]} if row["id"] == odd else row for row in rows_of(town, asked)]

    answer_groups(town, spoil)
    town.sync("issues")
    assert removed(town) == {}
    assert [run.rejected for run in town.passes("issues.confirm")] == [1]
    town.close()


def test_what_fell_out_of_retention_is_still_there(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.sync("issues")
    before = {row.id: row.last_seen for row in rig.rows(tables.issues)}
    rig.advance(120 * 86_400)
    assert full(rig).ok
    after = {row.id: row for row in rig.rows(tables.issues)}
    assert {row.removed_at for row in after.values()} == {None}
    assert {issue: row.last_seen for issue, row in after.items()} == before
    assert {issue: row.status for issue, row in after.items()} == {
        issue.id: issue.status for issue in rig.sim.world.issues.values()
    }
    rig.close()


def test_what_no_search_can_see_is_not_missed_by_a_sweep(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.sync("issues")
    rig.advance(60 * 86_400)
    rig.sim.mutate.new_issues(1)
    rig.sync("issues")
    rig.advance(50 * 86_400)
    rig.sync("issues")
    assert [run.state for run in rig.passes("issues.sweep")][-1:] == ["done"]
    assert rig.passes("issues.confirm") == []
    rig.close()


def test_what_is_being_deleted_says_so_until_it_is_gone(town: Rig) -> None:
    ids = [issue.id for issue in town.sim.world.issues.values() if issue.status == "unresolved"]
    town.sim.mutate.delete(ids[0], pending_seconds=600)
    town.sim.mutate.merge(ids[1], ids[2], pending_seconds=600)
    town.advance(1)
    full(town)
    status = {row.id: (row.status, row.removed_at) for row in town.rows(tables.issues)}
    assert status[ids[0]] == ("pending_deletion", None)
    assert status[ids[2]] == ("pending_merge", None)
    town.advance(1800)
    town.sync("issues")
    assert removed(town) == {ids[0]: ("deleted", None), ids[2]: ("merged", ids[1])}
    town.close()


def test_what_was_merged_into_an_issue_that_is_being_merged_keeps_its_events(tmp_path: Path) -> None:
    """Sentry answers 404 for both until the second merge is done."""
    rig = Rig(tmp_path, size=WorldSize(projects=1, issues=8, events_per_day=20, releases=1, days=3))
    rig.sync()
    last, parent, child = [issue.id for issue in rig.sim.world.issues.values() if issue.status == "unresolved"][:3]
    moved = {row.event_id for row in rig.rows(tables.events) if row.issue_id == child}
    hours = rig.rows(select(func.sum(tables.error_counts.c.count)))[0][0]
    rig.advance(900)
    rig.sim.mutate.merge(parent, child)
    rig.sim.mutate.merge(last, parent, pending_seconds=600)
    rig.advance(1)
    assert full(rig).ok
    assert removed(rig)[child] == ("merged", parent)
    assert moved
    assert moved <= {row.event_id for row in rig.rows(tables.events) if row.issue_id == parent}
    assert rig.rows(select(func.sum(tables.error_counts.c.count)))[0][0] == hours
    rig.close()


def test_without_an_event_to_ask_for_nothing_is_deleted_beside_an_issue_on_its_way_out(tmp_path: Path) -> None:
    rig = Rig(tmp_path, size=WorldSize(projects=1, issues=8, events_per_day=20, releases=1, days=3))
    rig.sync("projects", "issues")
    last, parent, child = [issue.id for issue in rig.sim.world.issues.values() if issue.status == "unresolved"][:3]
    rig.advance(900)
    rig.sim.mutate.merge(parent, child)
    rig.sim.mutate.merge(last, parent, pending_seconds=600)
    rig.advance(1)
    assert full(rig).ok
    assert removed(rig)[child] == ("unknown", None)
    rig.advance(1800)
    assert full(rig).ok
    assert removed(rig) == {child: ("merged", last), parent: ("merged", last)}
    rig.close()


def test_what_waits_for_another_that_is_gone_as_well_goes_after_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path, size=WorldSize(projects=1, issues=8, events_per_day=20, releases=1, days=3))
    rig.sync("projects", "issues")
    first, second, third = [issue.id for issue in rig.sim.world.issues.values() if issue.status == "unresolved"][
        :3
    ]
    rig.advance(900)
    rig.sim.mutate.new_events(third)
    rig.sim.mutate.delete(third, pending_seconds=600)
    rig.advance(60)
    rig.sync("issues")
    assert {row.id for row in rig.rows(tables.issues) if row.status == "pending_deletion"} == {third}
    rig.sim.mutate.delete([first, second])
    rig.advance(1800)
    assert rig.sync("issues").ok
    assert removed(rig) == dict.fromkeys((first, second, third), ("deleted", None))
    rig.close()


def test_beside_a_merge_that_lost_its_parent_it_is_not_said_how_an_issue_went_for_a_day(tmp_path: Path) -> None:
    rig = Rig(tmp_path, size=WorldSize(projects=1, issues=8, events_per_day=20, releases=1, days=3))
    rig.sync("projects", "issues")
    stuck, parent, gone = [issue.id for issue in rig.sim.world.issues.values() if issue.status == "unresolved"][:3]
    rig.advance(900)
    rig.sim.mutate.merge(parent, stuck, pending_seconds=600)
    rig.sim.mutate.delete([parent, gone])
    rig.advance(1800)
    assert full(rig).ok
    assert removed(rig) == dict.fromkeys((parent, gone), ("unknown", None))
    rig.advance(23 * 3600)
    assert full(rig).ok
    assert removed(rig) == dict.fromkeys((parent, gone), ("unknown", None))
    rig.advance(2 * 3600)
    assert full(rig).ok
    assert removed(rig) == dict.fromkeys((parent, gone), ("deleted", None))
    rig.close()


def test_of_a_deleted_issue_the_events_are_gone_too_before_it_is_believed(tmp_path: Path) -> None:
    rig = Rig(tmp_path, size=WorldSize(projects=1, issues=8, events_per_day=20, releases=1, days=3))
    rig.sync()
    gone = next(issue.id for issue in rig.sim.world.issues.values() if issue.status == "unresolved")
    asked = rig.asked("/projects/acme/")
    rig.advance(900)
    rig.sim.mutate.delete(gone)
    rig.advance(1)
    assert full(rig).ok
    assert removed(rig) == {gone: ("deleted", None)}
    assert rig.asked("/projects/acme/") == asked + 1
    assert gone not in {row.issue_id for row in rig.rows(tables.events)}
    rig.close()


def test_a_whole_project_gone_costs_no_call_for_each_of_its_issues(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.sync("projects", "issues")
    project = rig.sim.world.projects[0]
    lost = [issue.id for issue in rig.sim.world.issues.values() if issue.project is project]
    rig.advance(900)
    rig.sim.mutate.delete(lost)
    with rig.store.write() as uow:
        uow.remove_unseen_projects(rig.clock.now())
    rig.sim.requests.clear()
    rig.advance(1)
    full(rig)
    assert set(removed(rig)) == set(lost)
    assert all(request.status == 200 for request in rig.sim.requests)
    rig.close()


@pytest.mark.parametrize("every", [3, 4, 5, 8])
def test_a_turn_killed_between_any_two_pages_goes_on_where_it_was(tmp_path: Path, every: int) -> None:
    rig = Rig(tmp_path, size=WorldSize(projects=2, issues=500, events_per_day=60, releases=2, days=6))
    rig.sync("issues")
    rig.advance(900)
    done = upheave(rig, silent=30, deleted=5, merged=3)
    rig.advance(1)
    rig.sim.requests.clear()
    asked = kills = 0

    def before(request: httpx.Request) -> None:
        nonlocal asked
        asked += 1
        if asked % every == 0:
            raise Killed

    rig.before = before
    while True:
        try:
            assert full(rig).ok
            break
        except Killed:
            kills += 1
            rig.restart()
            rig.advance(1)
    assert held(rig) == truth(rig)
    assert removed(rig) == done.gone
    assert kills > 0
    # Uninterrupted: the poll, six pages of the sweep, two batches, what is gone. Each new process polls once more.
    assert rig.asked() <= 1 + 6 + 2 + len(done.gone) + kills
    rig.close()


def test_a_turn_that_came_through_is_followed_by_a_new_one(town: Rig) -> None:
    upheave(town)
    town.advance(1)
    full(town)
    town.advance(60)
    upheave(town, deleted=3)
    town.advance(1)
    full(town)
    assert held(town) == truth(town)
    town.close()


def test_nothing_is_swept_within_half_an_hour_of_the_first_sync(tmp_path: Path) -> None:
    town = Rig(tmp_path, size=TOWN)
    town.sync("issues")
    assert town.asked() == 12
    town.advance(900)
    town.sim.requests.clear()
    town.sync("issues")
    assert town.asked() == 1
    town.advance(900)
    town.sync("issues")
    assert {result.stream for result in town.progress if result.state == "page"} >= {"issues.sweep"}
    town.sim.requests.clear()
    town.advance(1740)
    town.sync("issues")
    assert town.asked() == 1
    town.close()


def test_a_turn_asks_for_each_issue_about_once(town: Rig) -> None:
    done = upheave(town)
    town.advance(1)
    town.sim.requests.clear()
    full(town)
    details = len(done.gone)
    # A page in a hundred issues, and one more where each of the five streams ends in the middle of a page.
    assert town.asked() <= 12 + 5 + details
    assert sum("/issues/60" in request.path for request in town.sim.requests) == details
    town.close()


def test_the_rolling_look_takes_no_more_than_its_share_of_a_run(tmp_path: Path) -> None:
    rig = Rig(tmp_path, size=WorldSize(projects=2, issues=9000, events_per_day=60, releases=2, days=12))
    rig.sync("issues")
    rig.advance(7 * 3600)
    rig.sync("issues")
    first = rig.passes("issues.verify")
    assert [(run.state, run.pages) for run in first] == [("done", 20)]
    oldest = min(row.verified_at for row in rig.rows(tables.issues))
    assert [row.as_of for row in rig.rows(tables.marks) if row.stream == "issues.verify"] == [oldest]
    assert rig.clock.now() - oldest > timedelta(hours=6)
    rig.advance(60)
    rig.sync("issues")
    assert min(row.verified_at for row in rig.rows(tables.issues)) > rig.clock.now() - timedelta(minutes=2)
    rig.advance(60)
    rig.sim.requests.clear()
    rig.sync("issues")
    assert rig.asked() == 1
    rig.close()


def test_glitchtip_is_reconciled_by_its_own_dialect(tmp_path: Path) -> None:
    rig = Rig(tmp_path, profile="glitchtip", size=WorldSize(projects=3, issues=300, events_per_day=60, days=6))
    rig.sync("issues")
    rig.advance(900)
    ids = sorted(rig.sim.world.issues)
    rig.sim.mutate.resolve(ids[:20])
    rig.sim.mutate.unresolve(ids[20:40])
    rig.sim.mutate.delete(ids[50:55])
    rig.sim.mutate.merge(ids[60], ids[61])
    rig.advance(1)
    summary = full(rig)
    assert summary.ok, [result for result in summary.results if result.error]
    assert set(removed(rig)) == {*ids[50:55], ids[61]}
    assert {issue: row[0] for issue, row in held(rig).items()} == {
        issue.id: issue.status for issue in rig.sim.world.issues.values()
    }
    assert all("group" not in request.query for request in rig.sim.requests)
    assert states(summary)["issues.review"] == "unsupported"
    rig.close()


def test_what_went_before_any_list_showed_it_is_looked_up_by_its_events(tmp_path: Path) -> None:
    rig = Rig(tmp_path, size=WorldSize(projects=2, issues=8, events_per_day=7, releases=2, days=3))
    assert rig.sync("events").ok
    deleted, *others = sorted(rig.sim.world.issues)
    project = rig.sim.world.issues[others[0]].project
    parent, child = [i for i in others if rig.sim.world.issues[i].project is project][:2]
    moved = {row.event_id for row in rig.rows(tables.events) if row.issue_id == child}
    rig.sim.mutate.delete(deleted)
    rig.sim.mutate.merge(parent, child)
    for _ in range(2):
        rig.advance(1800)
        assert rig.sync().ok
    for table in (tables.events, tables.issue_environments, tables.error_counts):
        assert {row.issue_id for row in rig.rows(table)} <= set(rig.sim.world.issues), table.name
    assert moved
    assert moved <= {row.event_id for row in rig.rows(tables.events) if row.issue_id == parent}
    rig.close()

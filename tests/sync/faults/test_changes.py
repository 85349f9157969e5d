"""What changes under a pass: its token, a project's name, a project, an endpoint that is being retired."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from sentry_sync.errors import AuthFailed
from sentry_sync.simulator import WorldSize
from sentry_sync.store import tables
from sentry_sync.sync.run import Summary
from tests.support.rig import Rig
from tests.sync.faults.site import BRIEF, TINY, tidy

MANY = WorldSize(projects=2, issues=420, events_per_day=20, releases=1, days=3)
PLAIN = WorldSize(projects=4, issues=40, events_per_day=120, releases=1, days=2)

NO_EXPLORE: dict[str, Any] = {
    "path_contains": "dataset=errors",
    "status": 404,
    "times": 10**6,
    "body": "<h1>Not found</h1>",
}
"""A server without Explore: events are listed project by project."""


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path, size=PLAIN, policy=BRIEF)
    yield rig
    rig.close()


def by_project(rig: Rig) -> dict[str, set[str]]:
    """The events held, by project."""
    found: dict[str, set[str]] = {}
    for row in rig.rows(tables.events):
        found.setdefault(row.project_id, set()).add(row.event_id)
    return found


def state(summary: Summary, stream: str) -> str:
    return next(result.state for result in summary.results if result.stream == stream)


def test_a_token_revoked_mid_pass_stops_the_run_and_a_new_one_goes_on_at_that_page(tmp_path: Path) -> None:
    rig = Rig(tmp_path, size=MANY, policy=BRIEF)
    rig.sim.faults.add(path_contains="sort=date", status=401, times=99, after=3)
    with pytest.raises(AuthFailed) as caught:
        rig.sync("issues")
    tidy(str(caught.value))
    assert "check that it is whole, not expired, and for this server" in str(caught.value)
    [stopped] = rig.passes("issues.hot")
    assert (stopped.state, stopped.pages, stopped.error) == ("failed", 3, str(caught.value))
    assert stopped.cursor
    rig.sim.faults.clear()
    rig.restart()
    before = rig.asked()
    assert rig.sync("issues").ok
    assert rig.asked() - before == 2
    assert {row.id for row in rig.rows(tables.issues)} == set(rig.sim.world.issues)
    assert [row.state for row in rig.passes("issues.hot")] == ["done"]
    rig.close()


def test_a_project_renamed_mid_pass_is_followed_and_its_rows_stay_its_own(rig: Rig) -> None:
    rig.sim.faults.add(**NO_EXPLORE)
    project = max(rig.sim.world.projects, key=lambda project: project.id)
    old = project.slug

    def rename(request: httpx.Request) -> None:
        if f"/{old}/events/" in request.url.path and project.slug == old:
            rig.sim.mutate.rename_project(old, "renamed")

    rig.before = rename
    assert state(rig.sync("projects", "events"), "events") == "done"
    assert by_project(rig)[project.id]
    assert rig.sync("projects").ok
    assert {row.slug for row in rig.rows(tables.projects) if row.id == project.id} == {"renamed"}
    assert set(by_project(rig)) <= {project.id for project in rig.sim.world.projects}
    rig.advance(3600)
    assert state(rig.sync("events"), "events") == "done"
    assert rig.paths()[f"/api/0/projects/acme/{old}/events/"] == 1


@pytest.mark.parametrize("status", [404, 403])
def test_a_project_that_is_gone_or_forbidden_does_not_stop_the_others(rig: Rig, status: int) -> None:
    rig.sim.faults.add(**NO_EXPLORE)
    first, *others = sorted(rig.sim.world.projects, key=lambda project: project.id)
    rig.sim.faults.add(path_contains=f"/{first.slug}/events/", status=status, times=10**6)
    summary = rig.sync("projects", "events")
    assert state(summary, "events") == ("done" if status == 404 else "failed")
    assert set(by_project(rig)) == {project.id for project in others}
    assert rig.coverage("events", f"project:{first.id}") == []
    assert all(rig.coverage("events", f"project:{project.id}") for project in others)
    [row] = (
        [row for row in rig.passes("events") if row.scope == f"project:{first.id}"] if status == 403 else [None]
    )
    if row:
        assert row.state == "failed"
        tidy(row.error)


def test_a_pass_whose_project_is_deleted_on_the_way_is_given_up_and_not_asked_again(tmp_path: Path) -> None:
    size = WorldSize(projects=2, issues=30, events_per_day=600, releases=1, days=2)
    rig = Rig(tmp_path, size=size, policy=BRIEF)
    rig.sim.faults.add(**NO_EXPLORE)
    first = min(rig.sim.world.projects, key=lambda project: project.id)
    rig.sim.faults.add(path_contains=f"/{first.slug}/events/", status=404, times=10**6, after=2)
    rig.sync("projects", "events")
    [given_up] = [row for row in rig.passes("events") if row.scope == f"project:{first.id}"]
    assert (given_up.state, given_up.pages) == ("abandoned", 2)
    tidy(given_up.error)
    [known] = rig.coverage("events", f"project:{first.id}")
    assert known.length < timedelta(days=1)
    rig.close()


@pytest.mark.parametrize(("brownouts", "expected"), [(1, "done"), (10**6, "failed")])
def test_a_brownout_is_waited_out_once_and_then_told_with_what_takes_its_place(
    tmp_path: Path, brownouts: int, expected: str
) -> None:
    rig = Rig(tmp_path, size=TINY, policy=BRIEF)
    rig.sim.faults.add(path_contains="/releases/?", status=410, times=brownouts)
    summary = rig.sync("releases")
    assert state(summary, "releases") == expected
    assert 60.0 in rig.clock.slept
    answers = [request.status for request in rig.sim.requests if request.path.endswith("/acme/releases/")]
    assert answers[:2] == [410, 200 if expected == "done" else 410]
    if expected == "failed":
        told = next(result.error for result in summary.results if result.stream == "releases") or ""
        tidy(told)
        assert "2026-12-01" in told
        assert "/issues/{issue_id}/ takes its place" in told
    rig.close()


def test_an_issue_that_had_no_event_to_show_is_asked_again_once_it_has_a_new_one(tmp_path: Path) -> None:
    rig = Rig(tmp_path, size=TINY, policy=BRIEF)
    rig.sync("issues")
    rig.sim.faults.add(path_contains="/events/latest/", status=404, times=10**6)
    for _ in range(len(rig.sim.world.issues)):
        rig.sync("events")
    assert rig.rows(tables.event_bodies) == []
    rig.sim.faults.clear()
    rig.advance(7 * 3600)
    assert state(rig.sync("events"), "event_bodies") == "fresh"
    chosen = next(issue.id for issue in rig.sim.world.issues.values() if issue.status == "unresolved")
    rig.sim.mutate.new_events(chosen)
    rig.advance(60)
    rig.sync("issues", "events")
    assert [row.issue_id for row in rig.rows(tables.event_bodies)] == [chosen]
    rig.close()


def test_an_answer_that_is_no_issue_is_not_what_another_was_merged_into(tmp_path: Path) -> None:
    rig = Rig(tmp_path, size=TINY, policy=BRIEF)
    rig.sync("issues")
    gone = next(issue.id for issue in rig.sim.world.issues.values() if issue.status == "unresolved")
    rig.sim.mutate.delete(gone)
    rig.sim.faults.add(path_contains=f"/issues/{gone}/", status=200, body={"id": "77", "detail": "hm"}, times=99)
    rig.advance(3600)
    rig.sync("issues")
    assert rig.asked(f"/issues/{gone}/") == 1
    [row] = [row for row in rig.rows(tables.issues) if row.id == gone]
    assert (row.removed_at, row.merged_into) == (None, None)
    assert rig.passes("issues.confirm")[-1].rejected == 1
    rig.sim.faults.clear()
    rig.advance(3600)
    assert rig.sync("issues").ok
    [row] = [row for row in rig.rows(tables.issues) if row.id == gone]
    assert row.removed_as == "deleted"
    rig.close()

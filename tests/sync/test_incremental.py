"""A second run asks only for what can have changed, and sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import orjson
from sqlalchemy import select

from sentry_sync.records.intervals import Interval, gaps
from sentry_sync.records.organization import Project
from sentry_sync.simulator import WorldSize
from sentry_sync.store import tables
from tests.support.rig import START, Rig


def held(rig: Rig) -> dict[str, tuple[object, ...]]:
    issues = tables.issues.c
    return {
        row.id: (row.count, row.last_seen, row.status)
        for row in rig.rows(select(issues.id, issues.count, issues.last_seen, issues.status))
    }


def truth(rig: Rig) -> dict[str, tuple[object, ...]]:
    return {i.id: (i.count, i.last_seen, i.status) for i in rig.sim.world.issues.values()}


def test_fifteen_minutes_of_change_cost_few_requests_and_all_of_it_lands(tmp_path: Path) -> None:
    rig = Rig(tmp_path, size=WorldSize(projects=3, issues=2000, events_per_day=300, releases=2, days=14))
    rig.sync("issues")
    assert rig.asked() == 20
    rig.advance(900)
    rig.sim.mutate.bump(200)
    rig.sim.mutate.new_issues(50)
    rig.advance(1)
    rig.sim.requests.clear()
    assert rig.sync("issues").ok
    assert rig.asked() <= 4
    assert held(rig) == truth(rig)
    rig.close()


def test_a_second_run_at_once_reads_one_page_of_issues(rig: Rig) -> None:
    rig.sync("issues")
    rig.advance(1)
    rig.sim.requests.clear()
    rig.sync("issues")
    assert rig.asked() == 1


def test_nothing_is_asked_again_while_the_clock_stands_still(rig: Rig) -> None:
    rig.sync("issues", "performance")
    rig.sim.requests.clear()
    summary = rig.sync("issues", "performance")
    assert {result.state for result in summary.results} == {"fresh"}
    assert rig.asked() == 0


def test_a_late_event_within_the_overlap_lands(rig: Rig) -> None:
    rig.sync("issues", "events")
    rig.advance(60)
    late = rig.sim.mutate.late_event(seconds_ago=300)
    rig.sync("events")
    assert late in {row.event_id for row in rig.rows(tables.events)}


def test_a_gap_after_downtime_is_filled(rig: Rig) -> None:
    rig.sync("events")
    rig.advance(2 * 86_400)
    made = rig.sim.mutate.new_events(count=20, at=START + timedelta(hours=7))
    rig.sync("events")
    assert set(made) <= {row.event_id for row in rig.rows(tables.events)}
    assert not gaps(rig.coverage("events")[0], rig.coverage("events"))
    assert len(rig.coverage("events")) == 1


def test_a_clock_behind_the_servers_is_noticed_at_the_first_page(rig: Rig) -> None:
    rig.sync("issues")
    rig.advance(1)
    rig.sim.advance(900)
    rig.sim.mutate.new_issues(5)
    rig.sim.advance(1)
    rig.sim.requests.clear()
    rig.sync("issues")
    assert held(rig) == truth(rig)
    assert rig.coverage("issues")[-1].end == rig.sim.now()
    assert rig.asked() <= 2


def test_a_clock_behind_what_is_already_covered_does_not_stop_the_polling(rig: Rig) -> None:
    rig.sim.advance(900)
    rig.sync("issues")
    rig.restart()
    new = rig.sim.mutate.new_issues(5)
    rig.advance(60)
    rig.sync("issues")
    assert set(new) <= set(held(rig))
    assert rig.coverage("issues")[-1].end == rig.sim.now()


def test_a_clock_ahead_of_the_servers_claims_nothing_of_the_future(rig: Rig) -> None:
    rig.clock.advance(3600)
    rig.sync("issues", "events")
    for resource in ("issues", "events", "error_counts"):
        assert rig.coverage(resource)[-1].end <= rig.sim.now(), resource
    assert all(row.mark <= rig.sim.now() for row in rig.rows(tables.marks))


def test_a_new_release_and_a_removed_project_are_seen(rig: Rig) -> None:
    rig.sync("projects", "releases")
    first = len(rig.rows(tables.releases))
    rig.sim.requests.clear()
    rig.sync("releases")
    assert rig.asked("/releases/") >= 1
    assert len(rig.rows(tables.releases)) >= first


def test_bodies_come_for_the_most_recently_active_issues_and_not_again_at_once(rig: Rig) -> None:
    rig.sync("issues", "events")
    first = {row.issue_id for row in rig.rows(tables.event_bodies)}
    assert len(first) == 3
    newest = sorted(
        (i for i in rig.sim.world.issues.values() if i.status == "unresolved"),
        key=lambda i: (i.last_seen, -int(i.id)),
        reverse=True,
    )
    assert first == {issue.id for issue in newest[:3]}
    rig.sync("events")
    assert len(rig.rows(tables.event_bodies)) == 6


def without(slug: str) -> Callable[[bytes], bytes]:
    """What a token sees that has no access to a project: neither it nor its issues."""

    def cut(body: bytes) -> bytes:
        rows = orjson.loads(body)
        if not isinstance(rows, list):
            return body
        return orjson.dumps(
            [row for row in rows if slug not in (row.get("slug"), row.get("project", {}).get("slug"))]
        )

    return cut


def test_what_is_older_than_our_sight_of_a_project_is_read_once_the_token_sees_it(rig: Rig) -> None:
    hidden = rig.sim.world.projects[1].slug
    rig.after = without(hidden)
    rig.sync("projects", "issues")
    assert len(held(rig)) < len(rig.sim.world.issues)
    rig.after = lambda body: body
    rig.advance(1800)
    rig.sync("projects", "issues")
    assert set(held(rig)) == set(rig.sim.world.issues)


def test_a_project_that_comes_back_into_sight_takes_back_what_is_covered_of_its_lifetime(rig: Rig) -> None:
    hidden = rig.sim.world.projects[1].slug
    rig.sync("projects", "issues")
    rig.after = without(hidden)
    rig.advance(3600)
    rig.sync("projects", "issues")
    away = Interval(START, rig.sim.now())
    assert gaps(away, rig.coverage("issues")) == []
    rig.after = lambda body: body
    rig.advance(3600)
    rig.sync("projects")
    assert gaps(away, rig.coverage("issues")) == [away]


def test_a_project_that_was_just_made_costs_no_second_look_at_the_past(rig: Rig) -> None:
    rig.sync("projects", "issues")
    with rig.store.write() as uow:
        new = Project("999", "new", "New", None, "active", rig.sim.now(), None, None, None, rig.sim.now())
        uow.upsert([replace(new, verified_at=START + timedelta(seconds=60), date_created=START)])
        uow.doubt_new_projects(START + timedelta(seconds=60))
    assert rig.coverage("issues") == [Interval(START - timedelta(days=90), START)]

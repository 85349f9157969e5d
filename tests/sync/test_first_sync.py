"""A first sync brings what the server has, in as few requests as the pages need."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from sentry_sync.records.intervals import Interval, gaps
from sentry_sync.store import tables
from tests.support.rig import START, Rig


def test_every_issue_arrives_with_its_lifetime_counters(rig: Rig) -> None:
    assert rig.sync("issues").ok
    held = {row.id: row for row in rig.rows(tables.issues)}
    assert set(held) == set(rig.sim.world.issues)
    for issue in rig.sim.world.issues.values():
        row = held[issue.id]
        assert (row.status, row.count, row.user_count) == (issue.status, issue.count, issue.user_count)
        assert (row.first_seen, row.last_seen, row.short_id) == (issue.first_seen, issue.last_seen, issue.short_id)
        assert row.removed_at is None


def test_the_issues_cost_a_request_a_page_and_nothing_to_look_around(rig: Rig) -> None:
    rig.sync("issues")
    assert rig.paths() == {"/api/0/organizations/acme/issues/": 2}


def test_issues_are_covered_over_the_whole_search_window_once_the_pass_is_done(rig: Rig) -> None:
    rig.sync("issues")
    assert rig.coverage("issues") == [Interval(START - timedelta(days=90), START)]
    assert [row.state for row in rig.passes("issues.hot")] == ["done"]


def test_a_first_sync_of_everything_finds_every_resource(rig: Rig) -> None:
    summary = rig.sync()
    assert summary.ok, [result for result in summary.results if result.error]
    assert {result.state for result in summary.results} <= {"done", "fresh"}
    for table in (
        tables.organizations,
        tables.projects,
        tables.project_stats,
        tables.environments,
        tables.issues,
        tables.issue_raw,
        tables.issue_environments,
        tables.error_counts,
        tables.events,
        tables.event_bodies,
        tables.releases,
        tables.release_projects,
        tables.deploys,
        tables.release_health,
        tables.transaction_stats,
        tables.transaction_windows,
        tables.query_stats,
        tables.web_vitals,
    ):
        assert rig.rows(select(func.count()).select_from(table))[0][0] > 0, table.name


def test_hourly_counts_and_event_rows_tell_the_same_and_it_is_what_the_server_holds(rig: Rig) -> None:
    rig.sync("events")
    events = rig.rows(
        select(tables.events.c.issue_id, func.count()).group_by(tables.events.c.issue_id).order_by("issue_id")
    )
    day_aligned = rig.coverage("events")[0].start
    counts = rig.rows(
        select(tables.error_counts.c.issue_id, func.sum(tables.error_counts.c.count))
        .where(tables.error_counts.c.hour >= day_aligned)
        .group_by(tables.error_counts.c.issue_id)
        .order_by("issue_id")
    )
    assert events
    in_whole_hours = {row[0]: row[1] for row in counts}
    held = {row[0]: row[1] for row in events}
    assert all(in_whole_hours.get(issue, 0) <= count for issue, count in held.items())
    assert gaps(Interval(START - timedelta(days=3), START), rig.coverage("events")) == []
    assert gaps(Interval(START - timedelta(days=3), START), rig.coverage("error_counts")) == []


def test_the_whole_history_is_covered_for_each_kind(rig: Rig) -> None:
    rig.sync()
    for resource, days in (("issue_environments", 90.0), ("release_health", 3.0), ("transactions", 3 / 24)):
        wanted = Interval(START - timedelta(days=days), START)
        assert gaps(wanted, rig.coverage(resource)) == [], resource


def test_an_older_server_without_spans_is_asked_for_transactions(tmp_path: Path) -> None:
    rig = Rig(tmp_path, profile="self-hosted")
    summary = rig.sync("performance")
    assert summary.ok
    states = {result.stream: result.state for result in summary.results}
    assert states["transactions"] == "done"
    assert states["queries"] == "unsupported"
    sources = {row.source for row in rig.rows(tables.coverage) if row.resource == "transactions"}
    assert sources == {"transactions"}
    rig.close()


def test_what_a_server_lacks_is_asked_for_only_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path, profile="self-hosted")
    rig.sync("performance")
    rig.sim.requests.clear()
    rig.sync("performance")
    assert all("spans" not in request.query.get("dataset", []) for request in rig.sim.requests)
    rig.close()


def test_glitchtip_is_synced_by_its_own_dialect(tmp_path: Path) -> None:
    rig = Rig(tmp_path, profile="glitchtip")
    summary = rig.sync()
    assert summary.ok, [result for result in summary.results if result.error]
    assert len(rig.rows(tables.issues)) == len(rig.sim.world.issues)
    assert rig.rows(tables.events)
    rig.close()


def test_a_glitchtip_project_renamed_since_it_was_listed_is_not_taken_for_empty(tmp_path: Path) -> None:
    rig = Rig(tmp_path, profile="glitchtip")
    rig.sync("projects")
    project = rig.sim.world.projects[0]
    rig.sim.mutate.rename_project(project.slug, "renamed")
    assert not rig.sync("events").ok
    assert rig.coverage("events", f"project:{project.id}") == []
    assert rig.sync().ok
    assert rig.coverage("events", f"project:{project.id}")
    rig.close()

"""One index of events is the truth: whatever endpoint tells a number, it is the same number."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from sentry_sync.simulator import Simulator, WorldSize
from tests.simulator.asking import ORG, ask, issue_ids, simulator, walk


@pytest.fixture(scope="module")
def sim() -> Simulator:
    return simulator()


def explore(sim: Simulator, *fields: str, **query: Any) -> list[dict[str, Any]]:
    asked = {
        "dataset": "errors",
        "field": list(fields),
        "project": -1,
        "statsPeriod": "30d",
        "per_page": 100,
        **query,
    }
    return [row for page in walk(sim, f"{ORG}/events/", asked) for row in page.body["data"]]


def test_equal_seeds_make_equal_worlds_and_other_seeds_make_others() -> None:
    bodies = [ask(simulator(seed=seed), f"{ORG}/issues/", {"query": ""}).body for seed in (1, 1, 2)]
    assert bodies[0] == bodies[1]
    assert bodies[0] != bodies[2]


def test_the_world_is_as_large_as_was_asked(sim: Simulator) -> None:
    world = sim.world
    assert len(world.projects) == 5
    assert len(world.issues) == 120
    assert len(world.index) == pytest.approx(120 * 10, rel=0.05)
    assert all(issue.count >= 1 for issue in world.issues.values())


def test_the_issue_list_tells_the_truth(sim: Simulator) -> None:
    rows = [row for page in walk(sim, f"{ORG}/issues/", {"query": ""}) for row in page.body]
    assert {row["id"] for row in rows} == set(sim.world.issues)
    for row in rows:
        issue = sim.world.issues[row["id"]]
        assert row["lifetime"]["count"] == str(issue.count)
        assert row["lifetime"]["firstSeen"] == issue.first_seen.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert row["lifetime"]["lastSeen"] == issue.last_seen.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert row["status"] == issue.status


def test_explore_counts_every_event_once(sim: Simulator) -> None:
    by_issue = Counter({str(row["issue.id"]): row["count()"] for row in explore(sim, "issue.id", "count()")})
    assert by_issue == Counter({issue.id: issue.count for issue in sim.world.issues.values()})
    hours = explore(sim, "project", "environment", "release", "issue.id", "timestamp.to_hour", "count()")
    assert sum(row["count()"] for row in hours) == len(sim.world.index)


def test_explore_rows_are_the_events_of_the_project_lists(sim: Simulator) -> None:
    rows = explore(sim, "id", "project", "timestamp", "issue.id", sort="-timestamp")
    for project in sim.world.projects:
        listed = [row for page in walk(sim, f"projects/acme/{project.slug}/events/") for row in page.body]
        mine = [row for row in rows if row["project"] == project.slug]
        assert {row["id"] for row in mine} == {row["id"] for row in listed}
        assert {(row["id"], str(row["issue.id"])) for row in mine} == {
            (row["id"], row["groupID"]) for row in listed
        }


def test_unique_users_and_dates_agree_between_explore_and_the_issue(sim: Simulator) -> None:
    fields = ("issue.id", "count_unique(user)", "last_seen()", "min(timestamp)")
    for row in explore(sim, *fields):
        issue = sim.world.issues[str(row["issue.id"])]
        assert row["count_unique(user)"] == issue.user_count
        assert row["last_seen()"] == issue.last_seen.isoformat()
        assert row["min(timestamp)"] == issue.first_seen.isoformat()


def test_new_groups_of_releases_are_the_issues_that_began_in_them(sim: Simulator) -> None:
    releases = [row for page in walk(sim, f"{ORG}/releases/", {"project": -1}) for row in page.body]
    began = [issue for issue in sim.world.issues.values() if issue.first_release >= 0]
    assert sum(row["newGroups"] for row in releases) == len(began)
    bad = next(row for row in releases if row["version"] == getattr(sim.world.bad_release(), "version", ""))
    found = ask(sim, f"{ORG}/issues/", {"query": f'firstRelease:"{bad["version"]}"'}).body
    everything = ask(sim, f"{ORG}/issues/", {"query": f'firstRelease:"{bad["version"]}" !is:reprocessing'}).body
    assert bad["newGroups"] == len(everything) >= len(found) > 0


def test_event_lists_of_an_issue_are_all_its_events_newest_first(sim: Simulator) -> None:
    issue = max(sim.world.issues.values(), key=lambda found: found.count)
    pages = walk(sim, f"{ORG}/issues/{issue.id}/events/", {"per_page": 7})
    rows = [row for page in pages for row in page.body]
    assert len({row["id"] for row in rows}) == issue.count
    assert [row["dateCreated"] for row in rows] == sorted((row["dateCreated"] for row in rows), reverse=True)


def test_a_body_is_the_same_event_as_its_row(sim: Simulator) -> None:
    row = ask(sim, "projects/acme/checkout-api/events/", {"per_page": 1}).body[0]
    body = ask(sim, f"projects/acme/checkout-api/events/{row['id']}/").body
    assert (body["eventID"], body["groupID"], body["tags"]) == (row["eventID"], row["groupID"], row["tags"])
    assert body["dateCreated"][:19] == row["dateCreated"][:19]
    kinds = [entry["type"] for entry in body["entries"]]
    assert kinds[1:] == ["breadcrumbs", "request"]


def test_series_totals_and_tags_agree_with_the_index(sim: Simulator) -> None:
    series = ask(
        sim, f"{ORG}/events-timeseries/", {"dataset": "errors", "statsPeriod": "14d", "interval": "1d"}
    ).body
    assert sum(point["value"] for point in series["timeSeries"][0]["values"]) == len(sim.world.index)
    issue = max(sim.world.issues.values(), key=lambda found: found.count)
    tags = {tag["key"]: tag for tag in ask(sim, f"{ORG}/issues/{issue.id}/tags/").body}
    assert tags["level"]["totalValues"] == issue.count


def test_the_project_with_a_bad_release_crashes_more(sim: Simulator) -> None:
    bad = sim.world.bad_release()
    assert bad is not None
    query = {
        "field": ["sum(session)", "crash_free_rate(session)"],
        "groupBy": ["release"],
        "project": bad.projects[0].id,
        "statsPeriod": "9d",
        "interval": "1d",
    }
    groups = ask(sim, f"{ORG}/sessions/", query).body["groups"]
    rates = {group["by"]["release"]: group["totals"]["crash_free_rate(session)"] for group in groups}
    assert rates.pop(bad.version) < 0.96
    assert min(rates.values()) > 0.98


def test_sessions_of_days_add_up_to_the_week(sim: Simulator) -> None:
    query = {"field": "sum(session)", "start": "2026-11-13T00:00:00", "end": "2026-11-20T00:00:00"}
    week = ask(sim, f"{ORG}/sessions/", {**query, "interval": "1d"}).body["groups"][0]
    hours = ask(sim, f"{ORG}/sessions/", {**query, "interval": "1h"}).body["groups"][0]
    statuses = ask(sim, f"{ORG}/sessions/", {**query, "interval": "1d", "groupBy": "session.status"}).body[
        "groups"
    ]
    total = week["totals"]["sum(session)"]
    assert total == sum(week["series"]["sum(session)"]) == sum(hours["series"]["sum(session)"]) > 0
    assert total == sum(group["totals"]["sum(session)"] for group in statuses)


def test_transactions_of_hours_add_up_to_the_day_and_percentiles_do_not_mix_up(sim: Simulator) -> None:
    fields = ["transaction", "project", "count(span.duration)", "p50(span.duration)", "p95(span.duration)"]

    def counted(start: str, end: str) -> Counter[tuple[str, str]]:
        query = {"dataset": "spans", "query": "is_transaction:true", "field": fields, "start": start, "end": end}
        rows = [row for page in walk(sim, f"{ORG}/events/", query) for row in page.body["data"]]
        assert all(0 < row["p50(span.duration)"] < row["p95(span.duration)"] for row in rows)
        return Counter({(row["project"], row["transaction"]): row["count(span.duration)"] for row in rows})

    hours: Counter[tuple[str, str]] = Counter()
    for hour in range(8, 14):
        hours += counted(f"2026-11-19T{hour:02}:00:00", f"2026-11-19T{hour + 1:02}:00:00")
    assert hours == counted("2026-11-19T08:00:00", "2026-11-19T14:00:00")


def test_hostile_texts_reach_titles_bodies_and_tags() -> None:
    sim = simulator(size=WorldSize(issues=400, events_per_day=10))
    hostile = {issue.kind.hostile for issue in sim.world.issues.values()} - {None}
    assert {"instructions", "ansi", "bidi", "html", "fence", "sql"} <= hostile
    issue = next(issue for issue in sim.world.issues.values() if issue.kind.hostile == "ansi")
    assert "\x1b[" in ask(sim, f"{ORG}/issues/{issue.id}/").body["title"]
    body = ask(sim, f"{ORG}/issues/{issue.id}/events/latest/").body
    frames = body["entries"][0]["data"]["values"][-1]["stacktrace"]["frames"]
    assert "\x1b[" in frames[-1]["vars"]["note"]
    assert issue.id in issue_ids(
        walk(sim, f"{ORG}/issues/", {"query": "all systems operational !is:reprocessing"})
    )

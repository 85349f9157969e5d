"""Releases with deploys, commits and health; sessions and what cannot be asked of them."""

from __future__ import annotations

import itertools
from typing import Any
from urllib.parse import quote

import pytest

from sentry_sync.simulator import Simulator, WorldSize
from sentry_sync.simulator.world import sessions
from tests.simulator.asking import NOW, ORG, ask, simulator, walk

RELEASES = f"{ORG}/releases/"
SESSIONS = f"{ORG}/sessions/"


@pytest.fixture(scope="module")
def sim() -> Simulator:
    return simulator()


def test_releases_come_newest_first_in_pages(sim: Simulator) -> None:
    rows = [row for page in walk(sim, RELEASES, {"per_page": 4}) for row in page.body]
    assert [row["dateCreated"] for row in rows] == sorted((row["dateCreated"] for row in rows), reverse=True)
    assert {row["version"] for row in rows} == set(sim.world.releases.by_version)
    assert ask(sim, RELEASES, {"per_page": 101}).status == 400


def test_a_version_with_a_slash_and_a_space_is_found_encoded(sim: Simulator) -> None:
    version = next(v for v in sim.world.releases.by_version if "/" in v)
    found = ask(sim, f"{RELEASES}{quote(version, safe='')}/")
    assert found.body["version"] == version
    assert ask(sim, f"{RELEASES}nothing%40here/").status == 404


def test_one_release_spans_two_projects_and_newer_groups_are_told_apart(sim: Simulator) -> None:
    rows = [row for row in ask(sim, RELEASES).body if len(row["projects"]) > 1]
    assert len(rows) == 1
    assert rows[0]["newGroups"] == sum(project["newGroups"] for project in rows[0]["projects"])
    slug = rows[0]["projects"][1]["slug"]
    narrowed = ask(sim, RELEASES, {"project": slug, "query": rows[0]["version"]}).body[0]
    assert [project["slug"] for project in narrowed["projects"]] == [slug]


def test_deploys_are_the_last_to_each_environment(sim: Simulator) -> None:
    release = max(sim.world.releases.all, key=lambda found: len(found.deploys))
    deploys = ask(sim, f"{RELEASES}{quote(release.version, safe='')}/deploys/").body
    names = [deploy["environment"] for deploy in deploys]
    assert sorted(names) == sorted({name for name, _ in release.deploys})
    row = ask(sim, f"{RELEASES}{quote(release.version, safe='')}/").body
    assert row["lastDeploy"] == deploys[0]


def test_health_is_given_for_exactly_one_and_blank_when_too_much_is_asked(sim: Simulator) -> None:
    plain = ask(sim, RELEASES, {"health": "true"}).body
    assert all("healthData" not in project for row in plain for project in row["projects"])
    rows = ask(sim, RELEASES, {"health": "1", "per_page": 25, "summaryStatsPeriod": "24h"}).body
    health = [project["healthData"] for row in rows for project in row["projects"]]
    assert sum(data["totalSessions"] for data in health) > 0
    assert all(0 <= data["crashFreeSessions"] <= 100 for data in health if data["hasHealthData"])
    blank = ask(sim, RELEASES, {"health": "1", "per_page": 100, "summaryStatsPeriod": "30d"}).body
    assert sum(project["healthData"]["totalSessions"] for row in blank for project in row["projects"]) == 0
    assert ask(sim, RELEASES, {"summaryStatsPeriod": "13d"}).status == 400


def test_health_of_a_release_is_its_sessions(sim: Simulator) -> None:
    query = {"field": "sum(session)", "groupBy": ["release", "project"], "interval": "1h"}
    start, end = int(NOW.timestamp()) - 86_400, int(NOW.timestamp())
    groups = ask(sim, SESSIONS, {**query, "start": start, "end": end}).body["groups"]
    sessions = {(g["by"]["release"], g["by"]["project"]): g["totals"]["sum(session)"] for g in groups}
    for row in ask(sim, RELEASES, {"health": "1", "summaryStatsPeriod": "24h", "per_page": 25}).body:
        for project in row["projects"]:
            assert project["healthData"]["totalSessions"] == sessions.get((row["version"], project["id"]), 0)


def test_a_back_dated_release_hides_from_a_mark_on_its_date() -> None:
    sim = simulator()
    newest = ask(sim, RELEASES).body[0]["dateCreated"]
    sim.mutate.new_release("payments", "payments@0.1.0-late", seconds_ago=8 * 86_400)
    row = next(row for row in ask(sim, RELEASES).body if row["version"] == "payments@0.1.0-late")
    assert row["dateCreated"] < newest


@pytest.mark.parametrize(
    "query",
    [
        {"field": []},
        {"field": "sum(nothing)"},
        {"field": "sum(session)", "groupBy": "device"},
        {"field": "crash_rate(session)", "groupBy": "session.status"},
        {"field": "sum(session)", "interval": "7h"},
        {"field": "sum(session)", "interval": "10m"},
        {"field": "sum(session)", "query": "level:error"},
        {"field": "sum(session)", "orderBy": "-crash_rate(user)"},
    ],
)
def test_sessions_refuse_what_sentry_refuses(sim: Simulator, query: dict[str, Any]) -> None:
    refused = ask(sim, SESSIONS, {"statsPeriod": "2d", **query})
    assert refused.status == 400
    assert isinstance(refused.body["detail"], str)


def test_ten_thousand_points_bound_the_groups(sim: Simulator) -> None:
    query = {"field": "sum(session)", "groupBy": ["project", "release", "environment"], "statsPeriod": "90d"}
    with_series = ask(sim, SESSIONS, {**query, "interval": "1h"}).body
    assert len(with_series["groups"]) == 10_000 // (len(with_series["intervals"]) + 1)
    without = ask(sim, SESSIONS, {**query, "interval": "1h", "includeSeries": 0}).body["groups"]
    assert len(without) > len(with_series["groups"])
    assert all("series" not in group for group in without)


def test_ranges_are_rounded_to_whole_intervals(sim: Simulator) -> None:
    query = {
        "field": "sum(session)",
        "interval": "1d",
        "start": "2026-11-17T05:00:00",
        "end": "2026-11-18T05:00:00",
    }
    body = ask(sim, SESSIONS, query).body
    assert (body["start"], body["end"]) == ("2026-11-17T00:00:00Z", "2026-11-19T00:00:00Z")
    assert body["intervals"] == ["2026-11-17T00:00:00Z", "2026-11-18T00:00:00Z"]


def test_parts_of_an_hour_add_up_to_the_hour(sim: Simulator) -> None:
    start = int(NOW.timestamp()) - 86_400
    for cell in sessions.cells(sim.world, sim.world.projects, start, start + 3_600):
        cuts = (cell.hour, cell.hour + 700, cell.hour + 2_000, cell.hour + 3_600)
        parts = [cell.part(low, high) for low, high in itertools.pairwise(cuts)]
        assert sum(parts, sessions.Ended()) == cell.ended
        assert all(part.of("healthy") >= 0 for part in parts)


@pytest.mark.parametrize(
    "size",
    [
        WorldSize(projects=1, issues=1, events_per_day=0, releases=1, days=1),
        WorldSize(projects=12, issues=5, events_per_day=3, releases=2, days=2),
        WorldSize(projects=25, issues=200, events_per_day=20, releases=30, days=100),
    ],
)
def test_worlds_of_odd_sizes_answer_too(size: WorldSize) -> None:
    sim = simulator(size=size, static=False)
    sim.advance(86_400)
    assert ask(sim, RELEASES, {"health": "1"}).status == 200
    assert ask(sim, f"{ORG}/issues/", {"query": ""}).status == 200
    assert len(sim.world.issues) >= size.issues

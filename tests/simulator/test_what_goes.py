"""What a server drops: events past retention, projects, and the releases that were theirs alone; and small pages."""

from __future__ import annotations

from urllib.parse import quote

from sentry_sync.simulator import Simulator
from tests.simulator.asking import NOW, ORG, ask, issue_ids, simulator, walk

ERRORS = {"dataset": "errors", "project": -1, "field": ["id", "timestamp"], "statsPeriod": "90d"}
DAY = 86_400


def listed(sim: Simulator) -> list[str]:
    return [row["id"] for page in walk(sim, f"{ORG}/events/", ERRORS) for row in page.body["data"]]


def test_events_past_retention_are_in_no_list_and_their_issues_only_to_be_had_by_id() -> None:
    sim = simulator(retention_days=4)
    border = NOW.timestamp() - 4 * DAY
    times = sim.world.index.timestamp
    kept = {sim.world.event_id(event) for event in sim.world.index.order if times[event] >= border}
    assert set(listed(sim)) == kept
    assert 0 < len(kept) < len(sim.world.index)
    old = next(issue for issue in sim.world.issues.values() if issue.last_second < border)
    assert old.id not in issue_ids(walk(sim, f"{ORG}/issues/", {"query": ""}))
    row = ask(sim, f"{ORG}/issues/", {"group": old.id, "project": -1}).body[0]
    assert (row["lifetime"]["count"], row["lifetime"]["lastSeen"]) == (str(old.count), None)


def test_a_time_wholly_past_retention_is_refused() -> None:
    sim = simulator(retention_days=4)
    query = {"dataset": "errors", "field": "count()", "start": "2026-11-01T00:00:00", "end": "2026-11-10T00:00:00"}
    answer = ask(sim, f"{ORG}/events/", query)
    assert (answer.status, "more recent date range" in answer.body["detail"]) == (400, True)


def test_no_page_is_longer_than_the_server_says() -> None:
    sim = simulator(page_rows=7)
    pages = walk(sim, f"{ORG}/issues/", {"query": "", "limit": 100})
    assert {len(page.body) for page in pages[:-1]} == {7}
    assert set(issue_ids(pages)) == set(sim.world.issues)
    assert len(set(listed(sim))) == len(sim.world.index)


def test_a_short_page_of_releases_loses_none() -> None:
    sim = simulator(page_rows=5)
    sim.faults.add("/releases/", "short_page", after=1)
    versions = [row["version"] for page in walk(sim, f"{ORG}/releases/") for row in page.body]
    assert len(versions) == len(set(versions)) == len(sim.world.releases.all)


def test_a_deploy_is_listed_beside_those_before_it() -> None:
    sim = simulator()
    release = sim.world.releases.all[0]
    before = len(release.deploys)
    sim.mutate.deploy(release.version, "production")
    path = f"{ORG}/releases/{quote(release.version, safe='')}/"
    rows = ask(sim, f"{path}deploys/").body
    assert (len(rows), rows[0]["dateFinished"]) == (before + 1, NOW.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert ask(sim, path).body["deployCount"] == before + 1


def test_a_deleted_project_takes_its_issues_and_its_own_releases() -> None:
    sim = simulator()
    project = sim.world.projects[1]
    lost = next(issue.id for issue in sim.world.issues.values() if issue.project is project)
    own = next(release.version for release in sim.world.releases.all if release.projects == [project])
    sim.mutate.delete_project(project.slug)
    assert project.slug not in {row["slug"] for row in ask(sim, f"{ORG}/projects/").body}
    assert ask(sim, f"{ORG}/issues/{lost}/").status == 404
    assert ask(sim, f"{ORG}/releases/{quote(own, safe='')}/").status == 404
    counted = ask(sim, f"{ORG}/stats_v2/?field=sum(quantity)&groupBy=project&statsPeriod=14d").body["groups"]
    assert {group["by"]["project"] for group in counted} == {int(other.id) for other in sim.world.projects}


def test_a_back_dated_release_runs_from_now_on() -> None:
    sim = simulator()
    project = sim.world.projects[0]
    sim.mutate.new_release(project.slug, "late@1", seconds_ago=5 * DAY)
    now = int(NOW.timestamp())
    found = sim.world.releases
    assert found.all[found.running(project, now - 60, 1.0)].version != "late@1"
    assert found.all[found.running(project, now, 1.0)].version == "late@1"

"""A copy that keeps to some projects: nothing of another is asked for, stored or told, whoever asks for it how."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from sentry_sync.answers.context import Answers
from sentry_sync.errors import SentrySyncError, SettingsError
from sentry_sync.serve.tools import offered
from sentry_sync.simulator import WorldSize
from sentry_sync.store import tables
from sentry_sync.store.lake import Lake
from sentry_sync.store.store import Store
from sentry_sync.trends.relations import RELATIONS
from tests.answers.desk import BASE_URL
from tests.support.rig import Rig

SIZE = WorldSize(projects=2, issues=30, events_per_day=40, releases=3, days=3)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A store of all projects."""
    rig = Rig(tmp_path_factory.mktemp("whole"), size=SIZE)
    rig.sync()
    Lake(rig.store, rig.clock).publish()
    yield rig
    rig.close()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, whole: Rig) -> Iterator[Rig]:
    """A store that was kept to one project from the beginning."""
    rig = Rig(tmp_path_factory.mktemp("kept"), size=SIZE, projects=(slugs(whole)[0],))
    rig.sync()
    yield rig
    rig.close()


def slugs(rig: Rig) -> list[str]:
    return [project.slug for project in rig.sim.world.projects]


def ids(rig: Rig) -> list[str]:
    return [project.id for project in rig.sim.world.projects]


def others(rig: Rig) -> list[Any]:
    return [issue for issue in rig.sim.world.issues.values() if issue.project.id != ids(rig)[0]]


def test_nothing_of_another_project_is_asked_for(kept: Rig) -> None:
    allowed = ids(kept)[0]
    for request in kept.sim.requests:
        assert request.query.get("project", allowed) == allowed, request
        assert not any(f"/{slug}/" in request.path for slug in slugs(kept)[1:]), request
    assert any("project" in str(request.query) for request in kept.sim.requests)


def test_nothing_of_another_project_is_stored(kept: Rig) -> None:
    seen = 0
    for table in tables.metadata.tables.values():
        if "project_id" in table.c:
            found = {row.project_id for row in kept.rows(table)}
            assert found <= {ids(kept)[0]}, table.name
            seen += bool(found)
    assert seen > 6
    assert {row.slug for row in kept.rows(tables.projects)} == {slugs(kept)[0]}


@pytest.fixture(params=["offline", "online"])
def asked(request: pytest.FixtureRequest, whole: Rig, tmp_path: Path) -> Iterator[Answers]:
    """Answers about one project, from a store that holds more, with and without a server."""
    shutil.copytree(whole.directory, tmp_path / "store")
    rig = Rig(tmp_path, size=SIZE, projects=(slugs(whole)[0],))
    client = rig.client()
    server = (lambda: client) if request.param == "online" else None
    with Answers(rig.store, rig.clock, server, base_url=BASE_URL, organization="acme") as answers:
        yield answers
    rig.close()


def tries(rig: Rig) -> list[tuple[str, dict[str, Any]]]:
    """Every tool, asked for another project's things in every way it takes them, and for all there is."""
    slug, key = slugs(rig)[1], ids(rig)[1]
    issue = next(issue for issue in others(rig) if issue.project.slug == slug)
    event = rig.sim.world.event_id(issue.events[0])
    address = f"{BASE_URL}/organizations/acme/issues/{issue.id}/events/{event}/"
    found: list[tuple[str, dict[str, Any]]] = [
        ("get-projects", {}),
        ("get-projects", {"include_stats": True}),
        ("get-issues", {"since": "-30d", "limit": 100}),
        ("get-issues", {"query": f"project:{slug}"}),
        ("get-issues", {"query": f"issue:{issue.short_id}", "status": "all"}),
        ("sync-status", {"response_format": "detailed"}),
        ("sync-now", {"resource": "issues", "scope": issue.id, "wait_seconds": 1}),
        ("describe-data", {}),
        ("get-performance", {"project": slug}),
        ("get-releases", {"project": slug}),
        ("project-health", {"project": slug}),
        ("assess-release", {"project": slug, "version": "1"}),
        ("run-query", {"name": "top_issues", "parameters": {}}),
        ("update-issue", {"issue_id": issue.id, "status": "resolved"}),
    ]
    found += [("get-issues", {"project": named}) for named in (slug, key)]
    found += [("get-issue", {"issue_id": named}) for named in (issue.id, issue.short_id, address)]
    found += [("get-events", {"issue_id": named, "full_trace": True}) for named in (issue.id, address)]
    found += [("get-events", {"project": slug})]
    return [*found, ("query-sql", {"sql": everything()})]


def everything() -> str:
    """One statement over every table that is of projects."""
    parts = [
        "SELECT slug AS v FROM projects",
        "SELECT issue_id FROM issue_raw",
        "SELECT issue_id FROM issue_history",
    ]
    parts += [
        f"SELECT DISTINCT {column} FROM {name}"
        for name, relation in RELATIONS.items()
        for column in ("project_id", "issue_id", "id")
        if column in relation.columns and "project_id" in relation.columns
    ]
    return " UNION ALL ".join(parts)


def test_no_tool_tells_anything_of_another_project(asked: Answers, whole: Rig) -> None:
    canaries = {issue.short_id for issue in others(whole)} | {f'"{issue.id}"' for issue in others(whole)}
    canaries |= {f'"{slug}"' for slug in slugs(whole)[1:]} | {f'"{key}"' for key in ids(whole)[1:]}
    tools = {tool.name: tool for tool in offered(True)}
    assert {name for name, _ in tries(whole)} == set(tools)
    for name, arguments in tries(whole):
        try:
            question, ask = tools[name].ask(arguments)
            said = orjson.dumps(asked.ask(question, ask)).decode()
        except SentrySyncError as error:
            said = str(error)
        given = orjson.dumps(arguments).decode()
        told = {canary for canary in canaries if canary in said and canary.strip('"') not in given}
        assert not told, (name, arguments, sorted(told)[:5])


def test_what_is_ours_is_told(asked: Answers, whole: Rig) -> None:
    slug = slugs(whole)[0]
    assert [project["slug"] for project in asked.get_projects()["projects"]] == [slug]
    assert asked.get_issues(slug)["issues"]
    assert asked.query_sql("SELECT count(*) FROM events")["untrusted"]["rows"][0][0] > 0


def test_a_project_that_is_nowhere_is_named_in_an_error(tmp_path: Path) -> None:
    rig = Rig(tmp_path, projects=("no-such",), size=SIZE)
    with pytest.raises(SettingsError, match="SENTRY_SYNC_PROJECTS"):
        rig.client().issues(query="", sort="date", start=None, end=None)
    rig.close()


def test_a_store_of_more_projects_is_still_whole_for_others(whole: Rig) -> None:
    with_all = Store(whole.directory, whole.clock)
    assert with_all.paths.projects == ()
    assert len(whole.rows(tables.projects)) == len(slugs(whole))

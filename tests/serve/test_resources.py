from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from mcp import Client, MCPError

from sentry_sync.answers.changes import Subject
from sentry_sync.answers.context import Answers
from sentry_sync.serve.resources import DATA_NOTE, MOST_PROJECTS, parsed
from sentry_sync.trends.library import library
from sentry_sync.trends.relations import RELATIONS
from tests.answers.desk import Asking
from tests.serve.addresses import address_of
from tests.serve.test_server import Broken, conversation


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    asking = Asking(tmp_path_factory.mktemp("resources"))
    asking.rig.sync()
    yield asking
    asking.close()


def read(asking: Asking, uri: str, **options: Any) -> Any:
    async def talk(client: Client) -> Any:
        return await client.read_resource(uri)

    (content,) = conversation(asking.offline, talk, **options).contents
    assert (content.uri, content.mime_type) == (uri, "application/json")
    found = json.loads(content.text)
    assert found["about_untrusted_text"] == DATA_NOTE
    return found


def refused(answers: Answers, uri: str) -> MCPError:
    async def talk(client: Client) -> MCPError:
        with pytest.raises(MCPError) as caught:
            await client.read_resource(uri)
        return caught.value

    error: MCPError = conversation(answers, talk)
    assert "\n" not in error.message
    return error


def test_each_is_listed_with_what_it_is(asking: Asking) -> None:
    async def talk(client: Client) -> Any:
        return await client.list_resources(), await client.list_resource_templates()

    fixed, templates = conversation(asking.offline, talk)
    assert [one.uri for one in fixed.resources] == [
        f"sentry-sync://{name}" for name in ("status", "schema", "queries")
    ]
    assert [one.uri_template for one in templates.resource_templates] == [
        "sentry-sync://issue/{id}",
        "sentry-sync://release/{version}",
    ]
    assert all(one.description and one.title for one in (*fixed.resources, *templates.resource_templates))


def test_the_schema_holds_every_table_and_column(asking: Asking) -> None:
    tables = {table["name"]: table for table in read(asking, "sentry-sync://schema")["tables"]}
    assert set(tables) == set(RELATIONS)
    assert all(table["about"] for table in tables.values())
    assert tables["issues"]["columns"]["last_seen"] == "TIMESTAMP"


def test_the_queries_are_those_of_the_library(asking: Asking) -> None:
    queries = {query["name"]: query for query in read(asking, "sentry-sync://queries")["queries"]}
    assert set(queries) == set(library())
    assert {one["name"] for one in queries["issues_at"]["parameters"]} >= {"time", "status"}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_status_is_that_of_the_copy(asking: Asking, mode: str) -> None:
    found = read(asking, "sentry-sync://status", mode=mode)
    assert {part["resource"] for part in found["resources"]} >= {"issues", "events"}
    assert found["freshness"]["as_of"]


def test_an_issue_is_found_by_its_id_and_its_short_id(asking: Asking) -> None:
    issue = asking.offline.get_issues(asking.slug)["issues"][0]
    by_id = read(asking, address_of("issue", issue["id"]))
    assert by_id["issue"]["short_id"] == issue["short_id"]
    assert by_id["issue"]["untrusted"]["title"]
    assert by_id["freshness"]["source"] == "local"
    assert read(asking, address_of("issue", issue["short_id"].lower()))["issue"]["id"] == issue["id"]


def test_a_release_is_shown_in_its_projects_with_health(asking: Asking) -> None:
    version = asking.offline.complete("release", "").values[0]
    found = read(asking, address_of("release", version))
    assert found["more"] is False
    (project,) = found["projects"]
    (release,) = project["releases"]
    assert release["untrusted"]["version"] == version
    assert project["freshness"]["as_of"]
    assert "health" in release


def test_a_release_of_many_projects_says_that_there_are_more(asking: Asking) -> None:
    version = asking.offline.complete("release", "").values[0]
    assert asking.offline.projects_of(version, MOST_PROJECTS)
    assert asking.offline.projects_of(version, 0) == []


@pytest.mark.parametrize("version", ["a b/c@1+2", "ä%20", "{version}", "..", "x?y#z"])
def test_whatever_a_name_holds_its_address_leads_back_to_it(version: str) -> None:
    assert parsed(address_of("release", version)) == Subject("release", version)


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("sentry-sync://nothing", "there is no such resource"),
        ("sentry-sync://issue/", "there is no such resource"),
        ("sentry-sync://status/", "there is no such resource"),
        ("file:///etc/passwd", "there is no such resource"),
        ("sentry-sync://issue/%3F%3F", "issue_id names no issue"),
        ("sentry-sync://release/none%401", "the copy holds no release of that version"),
    ],
)
def test_what_is_not_there_is_one_line(asking: Asking, uri: str, says: str) -> None:
    error = refused(asking.offline, uri)
    assert says in error.message
    assert (error.code, error.data) == (-32602, {"uri": uri})


def test_a_defect_is_a_line_without_the_text_it_may_quote(
    asking: Asking, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        error = refused(Broken(asking.rig.store), "sentry-sync://issue/1")
    assert error.code == -32603
    assert error.message.startswith("a defect of sentry-sync")
    assert "Ignore all" not in error.message + caplog.text

"""run-query and describe-data: what a library query is given, and what is told of tables and queries."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import pytest

from sentry_sync.answers.capping import DEFAULT_BYTES, cap
from sentry_sync.answers.context import Answers
from sentry_sync.errors import QueryError
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.store import Store
from sentry_sync.trends.library import library
from sentry_sync.trends.relations import RELATIONS
from sentry_sync.trends.running import run_query
from tests.support.clock import FakeClock
from tests.trends.library_world import AT, built


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> StorePaths:
    return built(tmp_path_factory.mktemp("library") / "store")


@pytest.fixture(scope="module")
def answers(paths: StorePaths) -> Iterator[Answers]:
    clock = FakeClock(AT)
    store = Store(paths.directory, clock)
    found = Answers(store, clock)
    yield found
    found.close()
    store.close()


def test_a_query_gives_what_it_gives_in_this_process(answers: Answers, paths: StorePaths) -> None:
    found = answers.run_query("error_trend", project="web", days="3", until="2026-11-20T12:20:00Z")

    here = run_query(paths, "error_trend", {"project": "web", "days": 3}, clock=FakeClock(AT))
    assert found["query"] == "error_trend"
    assert [column["name"] for column in found["columns"]] == list(here.columns)
    assert [row[1:] for row in found["untrusted"]["rows"]] == [list(row[1:]) for row in here.rows]
    assert found["untrusted"]["rows"][0][0] == "2026-11-18T00:00:00+00:00"
    assert found["freshness"]["as_of"] is None  # errors were never read whole here
    assert any(note.startswith("error_counts: ") for note in found["freshness"]["notes"])


def test_what_does_not_fit_is_refused_before_anything_runs(answers: Answers) -> None:
    with pytest.raises(QueryError, match="did you mean growing_issues"):
        answers.run_query("groing_issues")
    with pytest.raises(QueryError, match="days is not a whole number"):
        answers.run_query("error_trend", days="many")
    with pytest.raises(QueryError, match="the project wep is not known here"):
        answers.run_query("error_trend", project="wep")


def test_all_tables_and_queries_fit_into_one_answer(answers: Answers) -> None:
    found = answers.describe_data()

    assert [row["name"] for row in found["tables"]] == list(RELATIONS)
    assert [row["name"] for row in found["queries"]] == list(library())
    tables = {row["name"]: row["columns"] for row in found["tables"]}
    assert tables["environments"] == "project_id, name, verified_at TIMESTAMP"
    queries = {row["name"]: row["parameters"] for row in found["queries"]}
    assert queries["budget_spent"] == "hours positive = 24, until timestamp = now"
    assert queries["crash_free_trend"].startswith("project project, environment text, days positive = 14")
    assert len(orjson.dumps(found)) < DEFAULT_BYTES
    assert cap(found, None, DEFAULT_BYTES) == found
    assert found["freshness"]["complete"] is True


def test_one_table_is_told_with_how_fresh_it_is(answers: Answers) -> None:
    found = answers.describe_data("Error_Counts")

    assert {"name": "hour", "type": "TIMESTAMP"} in found["columns"]
    assert found["description"].startswith("Errors by hour")
    assert (found["freshness"]["stale"], found["freshness"]["complete"]) == (True, False)
    assert found["freshness"]["notes"][0].startswith("error_counts: ")
    books = answers.describe_data("coverage")["freshness"]
    assert (books["stale"], books["complete"], books["notes"]) == (False, True, [])


def test_one_query_is_told_in_full(answers: Answers) -> None:
    found = answers.describe_data("error_spikes")

    query = library()["error_spikes"]
    assert [row["name"] for row in found["parameters"]] == [one.name for one in query.parameters]
    assert [row["name"] for row in found["columns"]] == [one.name for one in query.returns]
    assert query.description in found["description"]
    with pytest.raises(QueryError, match="no table or query eror_counts: did you mean error_counts"):
        answers.describe_data("eror_counts")

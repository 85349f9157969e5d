"""The headers of the query library and the binding of parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import duckdb
import pytest

from sentry_sync import resources
from sentry_sync.errors import QueryError
from sentry_sync.store.paths import StorePaths
from sentry_sync.trends.library import Column, Parameter, Query, bind, find, library, parse
from sentry_sync.trends.running import run_query
from tests.support.clock import FakeClock
from tests.support.rows import NOW
from tests.trends.library_world import AT
from tests.trends.opened import open_session

TEXT = """\
-- name: example
-- title: An example
-- description: What it is for,
-- description: told in two lines.
-- param: project text  must be given
-- param: days integer = 14  how many
-- param: share number = 0.5  how much
-- param: open boolean = true  whether
-- param: period 24h|7d = 24h  which
-- param: until timestamp = now  the end
-- param: environment text = null  all when null
-- returns: errors hugeint  how many
SELECT 1 AS errors
-- a comment inside
"""

EXAMPLE = parse(TEXT)


@pytest.fixture(scope="module")
def session() -> Iterator[duckdb.DuckDBPyConnection]:
    with open_session() as opened:
        yield opened


def test_a_header_says_all_there_is_to_say() -> None:
    wanted = Query(
        name="example",
        title="An example",
        description="What it is for, told in two lines.",
        parameters=(
            Parameter("project", "text", None, "must be given"),
            Parameter("days", "integer", "14", "how many"),
            Parameter("share", "number", "0.5", "how much"),
            Parameter("open", "boolean", "true", "whether"),
            Parameter("period", "24h|7d", "24h", "which"),
            Parameter("until", "timestamp", "now", "the end"),
            Parameter("environment", "text", "null", "all when null"),
        ),
        returns=(Column("errors", "hugeint", "how many"),),
        sql="SELECT 1 AS errors\n-- a comment inside",
    )
    assert wanted == EXAMPLE
    assert EXAMPLE.parameters[4].choices == ("24h", "7d")
    assert EXAMPLE.parameters[0].choices == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("-- title: An example\n", "", "no title"),
        ("-- param: days integer = 14  how many", "-- param: days integer = 14 how many", "not as it should be"),
        ("-- param: days integer = 14  how many", "-- param: days", "not as it should be"),
        ("-- title: An example", "-- author: me", "not a header"),
    ],
)
def test_a_header_with_a_mistake_is_refused(old: str, new: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse(TEXT.replace(old, new))


def test_defaults_stand_where_nothing_is_given() -> None:
    assert bind(EXAMPLE, {"project": "web"}, NOW) == {
        "project": "web",
        "days": 14,
        "share": 0.5,
        "open": True,
        "period": "24h",
        "until": NOW.replace(tzinfo=None),
        "environment": None,
    }


def test_values_may_be_typed_or_their_text() -> None:
    typed = {"days": 3, "share": 2, "open": False, "period": "7d", "until": datetime(2026, 1, 2, 3, tzinfo=UTC)}
    texts = {"days": "3", "share": "2", "open": "false", "period": "7d", "until": "2026-01-02T04:00:00+01:00"}

    assert bind(EXAMPLE, {"project": "p", **typed}, NOW) == bind(EXAMPLE, {"project": "p", **texts}, NOW)
    assert bind(EXAMPLE, {"project": "p", **texts}, NOW)["until"] == datetime(2026, 1, 2, 3)  # noqa: DTZ001 (DuckDB's TIMESTAMP has none)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "needs a value for project"),
        ({"project": None}, "needs a value for project"),
        ({"project": "p", "day": 1}, "no parameter day: did you mean days"),
        ({"project": "p", "zzzz": 1}, "it has project, days"),
        ({"project": 7}, "project is not text"),
        ({"project": "p", "days": "many"}, "days is not a whole number"),
        ({"project": "p", "days": True}, "days is not a whole number"),
        ({"project": "p", "days": 1.5}, "days is not a whole number"),
        ({"project": "p", "days": 2**63}, "days is not a whole number"),
        ({"project": "p", "share": "much"}, "share is not a number"),
        ({"project": "p", "share": False}, "share is not a number"),
        ({"project": "p", "open": 1}, "open is not true or false"),
        ({"project": "p", "open": "yes"}, "open is not true or false"),
        ({"project": "p", "period": "1h"}, "period must be one of 24h, 7d"),
        ({"project": "p", "until": "yesterday"}, "until is not a time"),
        ({"project": "p", "until": 5}, "until is not a time"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(QueryError, match=re.escape(said)) as refused:
        bind(EXAMPLE, given, NOW)

    assert "many" not in str(refused.value).replace("how many", "")


@pytest.mark.parametrize("value", [0, -1, "0"])
def test_a_count_starts_at_one(value: object) -> None:
    with pytest.raises(QueryError, match="days is not a whole number from 1"):
        bind(find("error_trend"), {"days": value}, NOW)


def test_an_unknown_query_is_answered_with_the_nearest() -> None:
    with pytest.raises(QueryError, match="did you mean error_trend"):
        find("eror_trend")
    with pytest.raises(QueryError, match="there are apdex_and_failures, budget_spent, coverage_gaps"):
        find("zzzz")


def test_a_project_that_is_not_there_is_no_empty_answer(paths: StorePaths) -> None:
    with pytest.raises(QueryError, match="the project wep is not known here: did you mean web"):
        run_query(paths, "error_trend", {"project": "wep"}, clock=FakeClock(NOW))
    with pytest.raises(QueryError, match="the project gone was removed from Sentry"):
        run_query(paths, "error_trend", {"project": "gone"}, clock=FakeClock(NOW))


def test_every_file_is_named_for_its_query() -> None:
    assert sorted(library()) == sorted(path.stem for path in resources.folder("queries").iterdir())
    assert list(library()) == [query.name for query in library().values()]


@pytest.mark.parametrize("name", library())
def test_a_query_gives_what_its_header_says_from_exactly_its_parameters(
    world: StorePaths, session: duckdb.DuckDBPyConnection, name: str
) -> None:
    query = library()[name]

    found = run_query(world, name, clock=FakeClock(AT))

    assert found.rows
    columns = zip(found.columns, found.types, strict=True)
    assert [(column.name, column.type) for column in query.returns] == [
        (key, kind.lower()) for key, kind in columns
    ]
    (parsed,) = session.extract_statements(query.sql)
    assert parsed.named_parameters == {parameter.name for parameter in query.parameters}
    assert len(query.description) > 40
    assert query.chart in (None, *found.columns)


@pytest.mark.parametrize("name", ["error_trend", "errors_by_tag", "slow_queries"])
def test_a_parameter_is_a_value_and_nothing_else(paths: StorePaths, name: str) -> None:
    evil = "production' OR 1=1; DROP TABLE issues; --"

    found = run_query(paths, name, {"environment": evil}, clock=FakeClock(NOW))

    assert found.rows == run_query(paths, name, {"environment": "nowhere"}, clock=FakeClock(NOW)).rows

"""An answer's shape: found once, the same for parameters of the same types, and for those alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import duckdb
import pytest

from sentry_sync.errors import QueryError
from sentry_sync.trends import shapes
from sentry_sync.trends.shapes import Shape, learn, remembered
from tests.trends.opened import open_session


@pytest.fixture
def session() -> Iterator[duckdb.DuckDBPyConnection]:
    with open_session() as opened:
        yield opened


def test_a_shape_is_remembered_for_parameters_of_the_same_types(session: duckdb.DuckDBPyConnection) -> None:
    statement = "SELECT $a AS it, 'remembered' AS what"
    assert remembered(statement, {"a": 1}) is None

    found = learn(session, statement, {"a": 1})

    assert found == Shape(("it", "what"), ("INTEGER", "VARCHAR"))
    assert remembered(statement, {"a": 2}) == found
    for other in (True, 1.0, "1", None, 2**40, 2**90, date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)):
        assert remembered(statement, {"a": other}) is None, other
    assert remembered(statement + " ", {"a": 2}) is None


@pytest.mark.parametrize(
    "value",
    [0, -1, 127, 128, -129, 2**15, 2**31 - 1, 2**31, -(2**31), 2**63 - 1, 2**63, True, 1.5, "x", None],
)
def test_what_is_remembered_is_what_would_be_found(session: duckdb.DuckDBPyConnection, value: object) -> None:
    statement = "SELECT $a AS it, 'found' AS what"
    for near in (value, *((value + 1, value - 1) if type(value) is int else ())):
        held = remembered(statement, {"a": near})
        found = learn(session, statement, {"a": near})
        assert held in (None, found)


def test_values_that_hold_others_are_looked_at_each_time(session: duckdb.DuckDBPyConnection) -> None:
    statement = "SELECT $a AS it, 'list' AS what"

    assert learn(session, statement, {"a": [1]}).types[0] == "INTEGER[]"
    assert remembered(statement, {"a": [1]}) is None


def test_a_zone_of_its_own_is_refused_each_time(session: duckdb.DuckDBPyConnection) -> None:
    statement = "SELECT [now()] AS moments"
    for _ in range(2):
        with pytest.raises(QueryError, match="time with a time zone"):
            learn(session, statement, {})
        assert remembered(statement, {}) is None


def test_no_more_shapes_are_kept_than_are_worth_it(session: duckdb.DuckDBPyConnection) -> None:
    for number in range(shapes._REMEMBERED + 1):
        learn(session, f"SELECT {number} AS many", {})

    assert len(shapes._learned) <= shapes._REMEMBERED
    assert remembered(f"SELECT {shapes._REMEMBERED} AS many", {}) is not None

"""Every escape is refused in one clear line or stopped within its limits, and the next statement is unharmed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sentry_sync.errors import QueryError
from sentry_sync.store.paths import StorePaths
from sentry_sync.trends.apart import Apart, Limits
from sentry_sync.trends.session import run_sql
from tests.trends.escapes import ESCAPES, HARMLESS, REFUSED, STOPPED
from tests.trends.seed import PRESENT

SMALL = Limits(rows=10, seconds=0.5, memory=200_000_000)


def of(outcome: str) -> list[object]:
    return [pytest.param(statement, id=name) for name, statement, wanted in ESCAPES if wanted == outcome]


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    made = Apart(ahead=True)
    yield made
    made.close()


def test_there_are_as_many_attempts_as_promised() -> None:
    assert len({statement for _, statement, _ in ESCAPES}) == len(ESCAPES) >= 90


@pytest.mark.parametrize("statement", of(REFUSED))
def test_an_escape_is_refused_in_one_clear_line(paths: StorePaths, statement: str) -> None:
    with pytest.raises(QueryError) as refused:
        run_sql(paths, statement)

    assert "\n" not in str(refused.value)
    assert "Error" not in str(refused.value)
    assert 10 < len(str(refused.value)) <= 600


@pytest.mark.parametrize("statement", of(STOPPED))
def test_a_bomb_is_stopped_within_its_limits(apart: Apart, paths: StorePaths, statement: str) -> None:
    with pytest.raises(
        QueryError, match=r"was stopped after 0\.5 seconds|needs? (?:ed )?more memory|cannot work on a value"
    ):
        apart.ask(paths, statement, SMALL)


@pytest.mark.parametrize("statement", of(HARMLESS))
def test_what_only_looks_like_one_is_answered(paths: StorePaths, statement: str) -> None:
    assert len(run_sql(paths, statement).rows) == 1


def test_the_next_statement_is_unharmed(apart: Apart, paths: StorePaths) -> None:
    for name, statement, _ in ESCAPES[:: len(ESCAPES) // 4]:
        with pytest.raises(QueryError):
            apart.ask(paths, statement, SMALL)
        assert apart.ask(paths, "SELECT count(*) FROM issues", SMALL).rows == [[len(PRESENT)]], name

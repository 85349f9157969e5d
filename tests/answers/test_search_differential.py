"""Searches, generated: the store gives what a simulated Sentry gives, in its order, or says that it cannot.

Thrifty here; ``SEARCH_CASES=20000`` tries more, and so does ``python -m tests.answers.search_run N``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.answers.search_queries import Queries
from tests.answers.search_run import ONLINE_EVERY
from tests.answers.search_world import WORLDS, Case, Lived, judge

CASES = int(os.environ.get("SEARCH_CASES", "320")) // len(WORLDS)
SEED = int(os.environ.get("SEARCH_SEED", "20"))

MOSTLY = 0.4
"""Of the cases at least so many are answered from the store: a store that declares all would differ in none."""


@pytest.fixture(scope="module", params=sorted(WORLDS))
def lived(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    found = Lived(tmp_path_factory.mktemp("search"), request.param)
    yield found
    found.close()


def test_the_store_finds_what_sentry_finds_in_its_order_or_says_why_not(lived: Lived) -> None:
    queries = Queries(lived, SEED)
    outcomes = [judge(lived, queries.case(), online=number % ONLINE_EVERY == 0) for number in range(CASES)]
    assert [(outcome.case, outcome.wrong) for outcome in outcomes if outcome.wrong] == []
    assert sum(outcome.how == "local" for outcome in outcomes) > MOSTLY * len(outcomes)


@pytest.mark.parametrize(
    "case",
    [
        Case("is:unresolved"),
        Case("is:unresolved", environment="production"),
        Case("is:resolved assigned:none", sort="priority"),
        Case("level:[error,fatal] age:-3d", sort="frequency"),
        Case("timesSeen:>2", since="-24h"),
        Case("", since="-24h", sort="frequency"),
    ],
    ids=str,
)
def test_what_triagers_ask_most_is_answered_from_the_store(lived: Lived, case: Case) -> None:
    one = Case(**{**vars(case), "project": lived.asking.slug})
    # What of an issue's events lies in a window is known by single events, and so of one project.
    for asked in [one] if case.since or "times" in case.query else [one, case]:
        outcome = judge(lived, asked)
        snoozed = lived.name == "young" and "is:unresolved" in case.query
        assert (outcome.how, outcome.wrong) == ("outside_coverage" if snoozed else "local", None), asked

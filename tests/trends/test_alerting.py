"""What alert rules make of a query's answer, and what becomes of it from look to look."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sentry_sync.trends.alerting import (
    FEWEST,
    MOST,
    Anomaly,
    Change,
    Finding,
    Rule,
    State,
    Threshold,
    findings,
    followed,
    told,
)
from sentry_sync.trends.session import Result

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
WEB, API = (("project", "web"),), (("project", "api"),)


def result(columns: dict[str, str], *rows: tuple[Any, ...]) -> Result:
    return Result(tuple(columns), tuple(columns.values()), list(rows), False, 1.0, (), ())


def rule(test: Any, column: str = "errors", to: tuple[str, ...] = ("team",)) -> Rule:
    return Rule("noisy", "noisiest_issues", column, test, to)


COUNTED = {"project": "VARCHAR", "errors": "HUGEINT", "previous": "HUGEINT"}


@pytest.mark.parametrize(
    ("test", "wanted"),
    [
        (Threshold(100), [True, False, False]),
        (Threshold(100, above=False), [False, False, True]),
        (Change("previous", 2), [True, False, None]),
        (Change("previous", 2, at_least=300), [False, False, None]),
        (Change("previous", 0.5), [True, True, None]),
    ],
)
def test_a_row_fires_by_its_number_or_by_what_became_of_it(test: Any, wanted: list[bool | None]) -> None:
    rows = [("web", 201, 100), ("api", 100, 50), ("app", 99, None)]
    assert [one.firing for one in findings(rule(test), result(COUNTED, *rows))] == wanted


def test_what_is_not_known_is_not_judged() -> None:
    assert findings(rule(Threshold(1)), result(COUNTED, ("web", None, 3))) == [Finding(WEB, None, None)]


def test_no_number_and_a_point_of_unknown_cover_are_not_known() -> None:
    assert findings(rule(Threshold(1)), result(COUNTED, ("web", float("nan"), 3))) == [Finding(WEB, None, None)]
    *usual, newest = days("web", *[10.0] * 8, 900.0)
    unknown = (*newest[:-1], None)
    assert [one.firing for one in odd(*usual, newest)] == [True]
    assert [one.firing for one in odd(*usual, unknown)] == [False]


def test_a_subject_is_what_a_row_is_about_and_not_what_it_counts() -> None:
    columns = {"issue_id": "VARCHAR", "title": "VARCHAR", "errors": "BIGINT", "status": "VARCHAR"}
    (found,) = findings(rule(Threshold(1)), result(columns, ("7", "KeyError", 3, "unresolved")))
    assert found.subject == (("issue_id", "7"),)
    columns = {"hour": "TIMESTAMP", "project": "VARCHAR", "errors": "BIGINT", "seen": "TIMESTAMP"}
    (found,) = findings(rule(Threshold(1)), result(columns, (NOW, "web", 3, NOW)))
    assert found.subject == (("hour", "2026-11-20T12:00:00+00:00"), ("project", "web"))
    assert findings(rule(Threshold(1)), result({"errors": "BIGINT"}, (3,))) == [Finding((), 3, True)]


def test_no_more_rows_are_looked_at_than_anybody_wants_to_hear_of() -> None:
    rows = [(f"p{at}", 5, 1) for at in range(MOST + 5)]
    assert len(findings(rule(Threshold(1)), result(COUNTED, *rows))) == MOST


SERIES = {"day": "TIMESTAMP", "project": "VARCHAR", "errors": "HUGEINT", "covered": "DOUBLE"}


def days(project: str, *values: float | None, covered: float = 1.0) -> list[tuple[Any, ...]]:
    """The newest last."""
    return [
        (NOW - (len(values) - at) * DAY, project, value, covered if at == len(values) - 1 else 1.0)
        for at, value in enumerate(values)
    ]


def odd(*rows: tuple[Any, ...], **changes: Any) -> list[Finding]:
    return findings(rule(Anomaly(4, **changes)), result(SERIES, *rows))


def test_the_newest_point_of_a_series_is_held_against_those_before_it() -> None:
    steady = (100, 104, 96, 101, 99, 103, 97)
    assert odd(*days("web", *steady, 139)) == [Finding(WEB, 139, firing=False)]  # 4 roots of 100
    assert odd(*days("web", *steady, 141)) == [Finding(WEB, 141, firing=True)]
    assert odd(*days("web", *steady, 141), at_least=200) == [Finding(WEB, 141, firing=False)]
    wild = (10, 190, 40, 160, 100, 70, 130)
    assert odd(*days("web", *wild, 300))[0].firing is False  # 4 times 1.4826 times the median distance of 60
    assert odd(*days("web", *wild, 500))[0].firing is True
    both = odd(*days("web", *steady, 100), *days("api", *steady, 400))
    assert {one.subject: one.firing for one in both} == {WEB: False, API: True}


def test_the_order_of_a_series_is_its_times() -> None:
    rows = days("web", 100, 100, 100, 100, 100, 100, 100, 900)
    assert odd(*reversed(rows)) == odd(*rows) == [Finding(WEB, 900, firing=True)]


def test_a_point_that_is_not_over_or_not_known_is_none() -> None:
    steady = (100,) * FEWEST
    assert odd(*days("web", *steady, 100, 900, covered=0.5)) == [Finding(WEB, 100, firing=False)]
    assert odd(*days("web", *steady, 100, None)) == [Finding(WEB, 100, firing=False)]
    assert odd(*days("web", *steady[1:], 900)) == [Finding(WEB, 900, None)]  # too few to say what is usual


def fires(subject: Any = WEB, value: float = 5.0) -> Finding:
    return Finding(subject, value, firing=True)


def calm(subject: Any = WEB) -> Finding:
    return Finding(subject, 1.0, firing=False)


UNKNOWN = Finding(WEB, None, None)


def after(*looks: list[Finding], one: Rule | None = None, hears: bool = True, whole: bool = True) -> list[State]:
    """The states after these looks, a day apart; the target hears of each at once."""
    states: list[State] = []
    for number, found in enumerate(looks):
        at = NOW + number * DAY
        states = followed(one or rule(Threshold(1)), states, found, at, whole=whole)
        if hears and number < len(looks) - 1:
            states = [told(state, at) for state in states]
    return states


def test_a_subject_that_begins_to_fire_is_to_be_told_and_then_not_again() -> None:
    (state,) = after([fires()])
    assert (state.firing, state.since, state.value, state.pending) == (True, NOW, 5.0, True)
    (state,) = after([fires()], [fires(value=9)])
    assert (state.since, state.value, state.pending, state.told_at) == (NOW, 9.0, False, NOW)
    assert after([calm()]) == []


def test_a_subject_that_recovers_is_to_be_told_once() -> None:
    (state,) = after([fires()], [calm()])
    assert (state.firing, state.since, state.pending) == (False, NOW + DAY, True)
    assert after([fires()], [calm()], [calm()]) == []
    (state,) = after([fires()], [calm()], [fires()])
    assert (state.since, state.pending) == (NOW + 2 * DAY, True)


def test_what_was_never_told_needs_no_recovery() -> None:
    (state,) = after([fires()], [calm()], hears=False)
    assert (state.firing, state.pending) == (False, False)


def test_what_is_not_known_leaves_a_subject_as_it_was() -> None:
    assert after([fires()], [UNKNOWN]) == [told(one, NOW) for one in after([fires()])]
    assert after([UNKNOWN]) == []


def test_a_subject_that_is_gone_is_calm_unless_the_rows_are_not_all() -> None:
    (state,) = after([fires()], [])
    assert (state.firing, state.pending) == (False, True)
    (state,) = after([fires()], [], whole=False)
    assert (state.firing, state.pending) == (True, False)


def test_each_target_is_told_for_itself_and_one_that_is_gone_is_forgotten() -> None:
    both = rule(Threshold(1), to=("team", "pager"))
    states = followed(both, [], [fires()], NOW, whole=True)
    assert {state.target: state.pending for state in states} == {"team": True, "pager": True}
    states = [told(state, NOW) if state.target == "team" else state for state in states]
    again = followed(both, states, [fires()], NOW, whole=True)
    assert {state.target: state.pending for state in again} == {"team": False, "pager": True}
    assert {s.target for s in followed(replace(both, to=("pager",)), again, [fires()], NOW, whole=True)} == {
        "pager"
    }


def test_a_rule_says_in_words_what_it_looks_for() -> None:
    assert [
        rule(test).words for test in (Threshold(5), Threshold(0.5, above=False), Change("previous", 2), Anomaly(4))
    ] == [
        "errors of noisiest_issues is above 5",
        "errors of noisiest_issues is below 0.5",
        "errors of noisiest_issues is more than 2 times previous",
        "errors of noisiest_issues is more than 4 deviations above the usual",
    ]

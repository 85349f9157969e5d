"""From evidence to a verdict."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentry_sync.trends.verdicts.proportions import Share
from sentry_sync.trends.verdicts.rates import Counted
from sentry_sync.trends.verdicts.release import Cell, Evidence, Level, Slower, Verdict, assess
from sentry_sync.trends.verdicts.shifts import Shift

DAY = timedelta(days=1)
START = datetime(2026, 11, 2, tzinfo=UTC)


def days(count: int, errors: float, sessions: float = 10_000, crashed: float = 0.004) -> tuple[Cell, ...]:
    return tuple(
        Cell(START + at * DAY, Counted(errors, sessions), Share(crashed * sessions, sessions))
        for at in range(count)
    )


def slower(ratio: float, p: float = 1e-6, count: int = 1000) -> Slower:
    return Slower("t", "p95", count, Shift(ratio, ratio * 0.95, ratio * 1.05, p, 20))


SAME = Evidence("session", days(3, 100), days(7, 100))


def test_as_many_errors_as_before_are_healthy() -> None:
    found = assess(SAME)
    assert (found.verdict, found.errors.level, found.crashes.level) == (Verdict.HEALTHY, Level.SAME, Level.SAME)
    assert found.errors.effect == pytest.approx(1)
    assert found.errors.enough


def test_without_anything_it_is_too_early() -> None:
    for evidence in (Evidence("session", (), ()), replace(SAME, candidate=()), replace(SAME, baseline=())):
        found = assess(evidence)
        assert found.verdict is Verdict.TOO_EARLY
        assert found.errors.level is Level.UNKNOWN


def test_so_little_that_a_doubling_would_not_show_is_too_early() -> None:
    found = assess(replace(SAME, candidate=days(1, 1, 100)))
    assert (found.verdict, found.errors.enough) == (Verdict.TOO_EARLY, False)
    assert found.errors.needed is not None
    assert found.errors.needed > 100


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [(50, Verdict.HEALTHY), (110, Verdict.HEALTHY), (180, Verdict.REGRESSED), (400, Verdict.ROLL_BACK)],
)
def test_what_more_errors_mean(errors: int, verdict: Verdict) -> None:
    assert assess(replace(SAME, candidate=days(3, errors))).verdict is verdict


def test_a_difference_that_is_certain_but_small_changes_nothing() -> None:
    many = Evidence("session", days(7, 11_000, 1_000_000), days(7, 10_000, 1_000_000))
    found = assess(many)
    assert found.errors.p < 1e-6
    assert found.verdict is Verdict.HEALTHY


@pytest.mark.parametrize(
    ("crashed", "verdict"),
    [(0.004, Verdict.HEALTHY), (0.0075, Verdict.WATCH), (0.014, Verdict.REGRESSED), (0.03, Verdict.ROLL_BACK)],
)
def test_what_crashed_sessions_mean(crashed: float, verdict: Verdict) -> None:
    assert assess(replace(SAME, candidate=days(3, 100, crashed=crashed))).verdict is verdict


def test_latency_is_worse_where_many_requests_are_slower_and_watched_where_few_are() -> None:
    most = assess(replace(SAME, latency=(slower(1.5), slower(1.0, 0.9))))
    assert (most.verdict, most.latency.effect) == (Verdict.REGRESSED, 0.5)
    few = assess(replace(SAME, latency=(slower(1.5, count=100), slower(1.0, 0.9))))
    assert few.verdict is Verdict.WATCH
    assert assess(replace(SAME, latency=(slower(1.1), slower(1.12)))).verdict is Verdict.HEALTHY
    assert [one.shift.ratio for one, _ in most.slower] == [1.5, 1.0]


def test_one_slow_transaction_by_chance_among_many_is_none() -> None:
    many = (slower(1.5, 0.04), *[slower(1.0, 0.5)] * 19)
    found = assess(replace(SAME, latency=many))
    assert found.verdict is Verdict.HEALTHY
    assert found.slower[0][1] > 0.3


def test_two_signals_together_are_a_reason_to_roll_back_unless_it_was_replaced() -> None:
    both = replace(SAME, candidate=days(3, 180), latency=(slower(1.5),))
    assert assess(both).verdict is Verdict.ROLL_BACK
    assert assess(replace(both, current=False)).verdict is Verdict.REGRESSED


def test_by_the_hour_more_errors_are_blamed_on_the_release_only_if_new_issues_make_them() -> None:
    more = Evidence("hour", days(3, 400, 24), days(7, 100, 24))
    assert assess(more).verdict is Verdict.WATCH
    found = assess(replace(more, new_errors=900))
    assert (found.verdict, found.from_new_issues) == (Verdict.ROLL_BACK, 1.0)


def test_what_is_over_without_its_odd_hours_is_watched() -> None:
    bad = replace(SAME, candidate=days(3, 400))
    assert assess(replace(bad, steady=SAME)).verdict is Verdict.WATCH
    assert assess(replace(bad, steady=SAME)).passing
    still = assess(replace(bad, steady=bad))
    assert (still.verdict, still.passing) == (Verdict.ROLL_BACK, False)
    # What was not alarming needs no excuse.
    assert assess(replace(SAME, steady=bad)).verdict is Verdict.HEALTHY


def test_what_would_matter_but_may_be_chance_is_not_called_healthy() -> None:
    wild = tuple(
        replace(cell, errors=Counted(20 if at % 2 else 180, 10_000)) for at, cell in enumerate(days(8, 100))
    )
    found = assess(Evidence("session", days(6, 190), wild))
    assert (found.verdict, found.errors.level) == (Verdict.WATCH, Level.SAME)
    few = days(1, 5, 500, crashed=0.0105)
    assert assess(replace(SAME, candidate=few)).crashes.level is Level.SAME
    assert assess(replace(SAME, candidate=few)).verdict is Verdict.WATCH


def test_issues_that_came_back_are_watched() -> None:
    assert assess(replace(SAME, regressed_issues=1)).verdict is Verdict.WATCH


def test_days_that_vary_wildly_make_the_same_rise_uncertain() -> None:
    wild = tuple(
        replace(cell, errors=Counted(20 if at % 2 else 180, 10_000)) for at, cell in enumerate(days(8, 100))
    )
    assert assess(Evidence("session", days(3, 200), wild)).verdict not in (Verdict.REGRESSED, Verdict.ROLL_BACK)
    # So do other releases' days, though theirs is another rate.
    others = tuple(replace(cell, errors=cell.errors + cell.errors) for cell in wild)
    assert assess(Evidence("session", days(3, 200), days(8, 100), (others,))).dispersion > 20


@settings(max_examples=40)
@given(st.integers(1, 500), st.integers(500, 20_000), st.integers(1, 9), st.integers(1, 9))
def test_more_of_the_same_is_never_worse(errors: int, sessions: int, ours: int, theirs: int) -> None:
    found = assess(Evidence("session", days(ours, errors, sessions), days(theirs, errors, sessions)))
    assert found.verdict in (Verdict.HEALTHY, Verdict.TOO_EARLY)


@settings(max_examples=40)
@given(st.integers(0, 3000), st.integers(0, 3000), st.floats(0, 0.1), st.floats(0, 0.1))
def test_what_is_worse_one_way_is_not_worse_the_other(a: int, b: int, one: float, other: float) -> None:
    bad = (Level.WORSE, Level.SEVERE)
    there = assess(Evidence("session", days(3, a, crashed=one), days(3, b, crashed=other)))
    back = assess(Evidence("session", days(3, b, crashed=other), days(3, a, crashed=one)))
    assert not (there.errors.level in bad and back.errors.level in bad)
    assert not (there.crashes.level in bad and back.crashes.level in bad)
    if there.crashes.level in bad:
        assert back.crashes.level is Level.BETTER

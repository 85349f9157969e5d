"""What an organization costs, and what the schedule makes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from sentry_sync.sync import costs
from sentry_sync.sync.costs import Shape
from sentry_sync.sync.forecast import Forecast, Line, forecast
from sentry_sync.sync.schedule import RHYTHMS
from sentry_sync.sync.stream import Policy

MINUTE = timedelta(minutes=1)

TOWN = Shape(
    projects=200,
    unresolved=5_000,
    issues=7_500,
    events_per_day=288_000,
    issues_per_hour=1_000,
    count_rows_per_hour=2_400,
    releases_per_day=200,
    releases=1_600,
    transactions=3_000,
    queries=1_000,
    vitals=600,
    silent_per_hour=20,
)


def planned(shape: Shape, per_minute: int = 100, past: bool = True) -> Forecast:
    owed = costs.backfill(shape, Policy()) if past else {}
    return forecast(partial(costs.turn, shape), owed, per_minute)


def line(found: Forecast, stream: str) -> Line:
    return next(each for each in found.lines if each.stream == stream)


def test_every_ladder_has_a_cost() -> None:
    assert all(costs.turn(TOWN, name, rhythm.every) >= 0 for name, rhythm in RHYTHMS.items())
    assert set(costs.backfill(TOWN, Policy())) <= set(RHYTHMS)


def test_a_list_costs_a_request_for_each_hundred_rows_and_one_to_learn_that_there_are_none() -> None:
    assert [costs.pages(rows) for rows in (0, 1, 100, 101, 5_000)] == [1, 1, 1, 2, 50]
    assert costs.turn(TOWN, "issues.sweep", 12 * MINUTE) == 50
    assert costs.turn(TOWN, "projects", 30 * MINUTE) == 2


def test_event_rows_cost_those_of_the_interval_and_of_the_overlap_before_it() -> None:
    # 200 a minute: ten minutes and the fifteen before them are 5,000.
    assert costs.turn(TOWN, "events", 10 * MINUTE) == 50


def test_hourly_figures_cost_the_running_hour_and_the_one_before_the_last_turn() -> None:
    # A run at two minutes past the hour, the last one at three quarters: two full hours and the beginning of one.
    assert costs.hours_between(99.78, 100.5) == [1.0, 1.0, 0.5]
    assert costs.hours_between(100.0, 101.0) == [1.0, 1.0]
    assert costs.clocked(TOWN, "transactions", [1.0, 1.0]) == 60
    assert costs.clocked(TOWN, "error_counts", [1.0, 1.0]) == 48


def test_no_window_of_performance_costs_more_than_offsets_reach() -> None:
    huge = replace(TOWN, transactions=1_000_000)
    assert costs.clocked(huge, "transactions", [1.0, 1.0]) == 200


def test_the_past_costs_its_rows() -> None:
    past = costs.backfill(TOWN, Policy(history_days=10))
    assert past["events"] == 28_800
    assert past["error_counts"] == 240 * 24
    assert past["event_bodies"] == 5_000


def test_an_ordinary_organization_fits_and_is_as_fresh_as_promised() -> None:
    found = planned(TOWN)
    assert found.fits
    assert found.spent < 40
    assert line(found, "issues.sweep").age < 10 * MINUTE
    assert line(found, "issues.hot").age < timedelta(seconds=90)
    assert all(each.backfill_takes is not None for each in found.lines)


def test_an_idle_organization_costs_four_requests_a_minute_at_most() -> None:
    nothing = dict.fromkeys(
        ("events_per_day", "issues_per_hour", "count_rows_per_hour", "releases_per_day"), 0
    ) | dict.fromkeys(("transactions", "queries", "vitals", "silent_per_hour"), 0)
    idle = forecast(partial(costs.turn, replace(TOWN, **nothing)), {}, 100, idle=True)
    assert idle.spent <= 4


def test_what_does_not_fit_is_shared_and_never_more_than_the_budget() -> None:
    huge = replace(TOWN, unresolved=200_000, issues=300_000, events_per_day=5e7, issues_per_hour=40_000)
    found = planned(huge)
    assert not found.fits
    assert found.spent == pytest.approx(80, rel=0.01)
    assert 0 < line(found, "events").share < 0.02
    assert line(found, "projects").share == pytest.approx(1)
    assert all(each.spent > 0 for each in found.lines if each.requests)
    assert line(found, "events").backfill_takes is None


def test_a_larger_budget_holds_more() -> None:
    huge = replace(TOWN, events_per_day=5e7, issues_per_hour=40_000)
    shares = [line(planned(huge, budget), "events").share for budget in (100, 400, 1_600)]
    assert shares == sorted(shares)
    assert shares[0] < shares[2]


def test_the_past_takes_what_is_left_over_and_the_shorter_ends_first() -> None:
    found = planned(TOWN)
    left = found.capacity - found.spent
    takes = {each.stream: each.backfill_takes for each in found.lines if each.backfill}
    longest = max(takes.values(), key=lambda length: length or timedelta())
    total = sum(each.backfill for each in found.lines)
    assert longest == pytest.approx(MINUTE * (total / left), rel=0.01)
    assert takes["events"] == longest
    assert (takes["queries"] or timedelta()) < (takes["error_counts"] or timedelta())

"""What is laid beside what: days of releases, hours of a project, hours of a transaction."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sentry_sync.records.intervals import Interval
from sentry_sync.trends.verdicts.arms import (
    Hour,
    Known,
    Sessions,
    days_of,
    hours_compared,
    hours_like,
    passing,
    slower,
    whole_hours,
)
from sentry_sync.trends.verdicts.proportions import Share
from sentry_sync.trends.verdicts.rates import Counted
from sentry_sync.trends.verdicts.seasonal import Episode

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
NOW = MONDAY + 2 * DAY + timedelta(hours=12, minutes=34)


def sessions(count: int) -> Sessions:
    return Sessions(count, Share(count / 100, count))


KNOWN = Known(
    errors={
        "a": {MONDAY: 5, MONDAY + 23 * HOUR: 7, MONDAY + DAY: 11, MONDAY + 2 * DAY + 12 * HOUR: 2},
        "b": {MONDAY: 1},
    },
    sessions={"a": {MONDAY + at * DAY: sessions(1000) for at in range(3)}},
    hours=(Interval(MONDAY, NOW),),
    days=(Interval(MONDAY, NOW),),
)


def test_a_day_has_its_releases_errors_and_sessions_the_running_one_as_far_as_both_are_known() -> None:
    cells = days_of(KNOWN, "a")
    assert [(cell.day, cell.errors) for cell in cells] == [
        (MONDAY, Counted(12, 1000)),
        (MONDAY + DAY, Counted(11, 1000)),
        (MONDAY + 2 * DAY, Counted(2, 1000)),
    ]
    assert cells[0].crashed == Share(10, 1000)
    assert days_of(KNOWN, "b") == []


@pytest.mark.parametrize(
    ("hours", "days", "left"),
    [
        (Interval(MONDAY + HOUR, NOW), Interval(MONDAY, NOW), [1, 2]),  # Monday's first hour is not known
        (Interval(MONDAY, NOW), Interval(MONDAY + DAY, NOW), [1, 2]),  # nor are Monday's sessions
        (Interval(MONDAY, NOW - 3 * HOUR), Interval(MONDAY, NOW), [0, 1]),  # errors end before sessions
        (Interval(MONDAY, NOW), Interval(MONDAY, NOW - 3 * HOUR), [0, 1, 2]),  # the hours after are left out
    ],
)
def test_only_days_of_which_both_are_known_are_compared(hours: Interval, days: Interval, left: list[int]) -> None:
    cells = days_of(replace(KNOWN, hours=(hours,), days=(days,)), "a")
    assert [(cell.day - MONDAY) // DAY for cell in cells] == left


def test_errors_after_the_last_known_session_are_not_counted() -> None:
    early = replace(KNOWN, days=(Interval(MONDAY, NOW - 3 * HOUR),))
    assert days_of(early, "a")[-1].errors == Counted(0, 1000)


def test_an_episodes_hours_go_with_their_share_of_the_exposure_and_nobody_knows_who_crashed() -> None:
    odd = Episode(MONDAY + 22 * HOUR, MONDAY + DAY, 9, 1, 6)
    first, second, _ = days_of(KNOWN, "a", [odd])
    assert first.errors.events == 5
    assert first.errors.exposure == pytest.approx(1000 * 22 / 24)
    assert first.crashed is None
    assert second.crashed is not None


def test_all_errors_by_hour_with_nothing_where_nothing_happened() -> None:
    counts = KNOWN.by_hour()
    assert (counts[MONDAY], counts[MONDAY + HOUR], len(counts)) == (6, 0, 60)
    assert whole_hours(Interval(MONDAY + timedelta(minutes=1), MONDAY + 2 * HOUR)) == [MONDAY + HOUR]


def episode(start: float, end: float) -> Episode:
    return Episode(MONDAY + start * HOUR, MONDAY + end * HOUR, 100, 10, 8)


def test_an_episode_is_short_and_over_or_nothing_to_do_with_the_release() -> None:
    def own(share: float, *episodes: Episode, until: float = 40) -> list[Episode]:
        return passing(episodes, MONDAY, MONDAY + until * HOUR, lambda one: share * one.events)

    assert own(1, episode(10, 12)) == [episode(10, 12)]
    assert own(0, episode(10, 17)) == []
    assert own(0, episode(1, 5), until=7) == []
    # One that is not over: only if the release ran well before it, and its own issues are no part of it.
    assert own(0, episode(38, 40)) == [episode(38, 40)]
    assert own(1, episode(38, 40)) == []
    assert own(0, episode(1, 3), until=3) == []


def test_hours_are_like_those_of_the_week_before_else_of_days_of_the_same_kind() -> None:
    noon = MONDAY + 12 * HOUR
    two_weeks = Interval(noon - 15 * DAY, noon - HOUR)
    hours = whole_hours(Interval(noon - 15 * DAY, noon))
    assert hours_like([noon], two_weeks, hours)[noon] == [noon - 7 * DAY, noon - 14 * DAY]
    week = Interval(noon - 7 * DAY, noon - HOUR)
    assert hours_like([noon], week, hours)[noon] == [noon - back * DAY for back in (3, 4, 5, 6, 7)]


def test_a_projects_hours_since_are_held_against_hours_like_them() -> None:
    began = MONDAY + 8 * DAY
    hours = whole_hours(Interval(MONDAY, began + 2 * HOUR))
    counts = {hour: 9 if hour >= began else 3 for hour in hours}
    known = Known({"x": counts}, {}, (Interval(MONDAY, began + 2 * HOUR),), ())
    exposure = dict.fromkeys(hours, 10.0) | {began + HOUR: 0.0}
    ours, theirs = hours_compared(known, exposure, [began, began + HOUR], Interval(MONDAY, began))
    assert [cell.errors for cell in ours] == [Counted(9, 10)]
    assert {cell.errors for cell in theirs} == {Counted(3, 10)}
    assert all(cell.day.weekday() < 5 for cell in theirs)


def test_a_transactions_hours_are_each_laid_beside_their_like_and_none_is_added_up() -> None:
    began = MONDAY + 8 * DAY
    hours = [
        Hour(hour, 100, 50.0, (300.0 if hour >= began else 200.0) + 10 * hour.hour)
        for hour in whole_hours(Interval(MONDAY, began + 8 * HOUR))
    ]
    after = whole_hours(Interval(began, began + 8 * HOUR))
    found = slower("t", hours, after, Interval(MONDAY, began), 0.01)
    assert found is not None
    assert (found.count, found.percentile, found.shift.hours) == (800, "p95", 8)
    assert found.shift.low == pytest.approx(370 / 270)
    assert found.shift.high == pytest.approx(300 / 200)
    quiet = slower("t", [replace(hour, count=19) for hour in hours], after, Interval(MONDAY, began), 0.05)
    assert quiet is not None
    assert (quiet.percentile, quiet.shift.ratio) == ("p50", 1.0)
    still = [replace(hour, count=4) for hour in hours]
    assert slower("t", still, after, Interval(MONDAY, began), 0.05) is None
    assert slower("t", hours, after[:5], Interval(MONDAY, began), 0.05) is None
    assert math.isclose(found.shift.p, 2 / 2**8)

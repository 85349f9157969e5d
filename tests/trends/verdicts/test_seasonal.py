"""Odd hours, and what is usual."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from sentry_sync.trends.verdicts.seasonal import episodes, like, usual, usual_day

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)


def weeks(count: int, level: float = 20.0) -> dict[datetime, float]:
    """Poisson-like noise about a level that is ten times higher at noon of working days."""
    draw = random.Random(3)
    counts = {}
    for at in range(count * 168):
        hour = MONDAY + at * HOUR
        mean = level * (10 if hour.hour == 12 and hour.weekday() < 5 else 1)
        counts[hour] = max(0.0, round(draw.gauss(mean, mean**0.5)))
    return counts


def test_noon_is_no_episode_and_the_same_at_night_is() -> None:
    counts = weeks(5)
    since = MONDAY + 28 * DAY
    assert episodes(counts, since) == []
    night = since + 3 * HOUR
    counts |= {night: 200.0, night + HOUR: 210.0}
    (found,) = episodes(counts, since)
    assert (found.start, found.end, found.events) == (night, night + 2 * HOUR, 410)
    assert found.usual == pytest.approx(40, rel=0.2)
    assert found.distance > 10


def test_an_incident_last_week_hides_none_this_week() -> None:
    counts = weeks(5)
    hour = MONDAY + 29 * DAY + 3 * HOUR
    counts |= {hour - 7 * DAY: 900.0, hour: 200.0}
    assert [one.start for one in episodes(counts, MONDAY + 28 * DAY)] == [hour]


def test_with_two_weeks_an_hour_is_one_of_a_working_day_or_a_weekend() -> None:
    counts = weeks(2)
    noon = MONDAY + 11 * DAY + 12 * HOUR
    assert all(at.weekday() < 5 and at.hour == 12 for at in (noon - back * DAY for back in (1, 2, 3, 4, 7)))
    assert len(like(noon, counts, 1)) == 9
    assert episodes(counts, MONDAY + 7 * DAY) == []
    saturday = MONDAY + 19 * DAY + 12 * HOUR
    assert [one.start for one in episodes(weeks(3) | {saturday: 200.0}, MONDAY + 14 * DAY)] == [saturday]


def test_what_was_seen_less_than_three_times_is_not_usual() -> None:
    assert usual([5, 5]) is None
    assert episodes({MONDAY: 5.0, MONDAY + HOUR: 900.0}, MONDAY) == []
    assert episodes({}, MONDAY) == []


def test_a_few_errors_in_a_quiet_hour_are_chance() -> None:
    quiet = usual([0, 0, 0, 0, 1])
    assert quiet is not None
    assert quiet.count == pytest.approx(0)
    assert quiet.distance(3) < 5 < quiet.distance(15)


def test_a_usual_day_is_the_median_of_days_of_its_kind() -> None:
    end = MONDAY + 8 * DAY  # the day that ends is a Monday
    ends = [end - back * DAY for back in range(1, 9)]
    counts: list[float | None] = [1.0, 1.0, 50.0, 60.0, 900.0, None, 40.0, 70.0]
    assert usual_day(counts, ends, end) == 55.0
    assert usual_day([1.0, 1.0, 50.0, 60.0], ends[:4], end) is None

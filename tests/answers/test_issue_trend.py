"""Counts by hour and day: a zero is a count, what nobody counted is null."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from sentry_sync.answers.issue_trend import Counted, series, trend
from sentry_sync.records.intervals import Interval, floor, union

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
AS_OF = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def counted(*known: tuple[datetime, datetime], as_of: datetime = AS_OF, **hours: int) -> Counted:
    by_hour = {NOON - int(name[1:]) * HOUR: events for name, events in hours.items()}
    by_day: Counter[datetime] = Counter()
    for hour, events in by_hour.items():
        by_day[floor(hour, DAY)] += events
    return Counted(by_hour, by_day, [Interval(*part) for part in known], as_of)


def last(of: Counted, step: timedelta, length: int) -> dict[str, Any]:
    return series(of.by_hour if step == HOUR else of.by_day, union(of.known), of.as_of, step, length)


def test_hours_without_events_are_zero_and_hours_nobody_counted_are_null() -> None:
    found = last(counted((NOON - 3 * HOUR, AS_OF), h0=2, h2=5, h4=7), HOUR, 6)
    assert found == {"from": "2026-11-20T07:00:00Z", "events": [None, None, 0, 5, 0, 2]}


def test_an_hour_that_was_counted_in_part_is_null() -> None:
    late = NOON - 2 * HOUR + timedelta(minutes=1)
    assert last(counted((late, AS_OF), h2=5), HOUR, 3)["events"] == [None, 0, 0]


def test_a_gap_makes_null_only_what_it_touches() -> None:
    gap = counted((NOON - 9 * HOUR, NOON - 2 * HOUR), (NOON - HOUR, AS_OF))
    assert last(gap, HOUR, 4)["events"] == [0, None, 0, 0]


def test_a_day_is_the_sum_of_its_hours_in_utc() -> None:
    found = last(counted((NOON - 10 * DAY, AS_OF), h0=1, h12=2, h13=4, h36=8), DAY, 3)
    assert found == {"from": "2026-11-18T00:00:00Z", "events": [0, 12, 3]}


def test_an_hour_that_has_only_just_begun_is_known_if_the_time_before_it_is() -> None:
    sharp = counted((NOON - 3 * HOUR, NOON), as_of=NOON)
    assert last(sharp, HOUR, 2)["events"] == [0, 0]
    assert last(counted(as_of=NOON), HOUR, 2)["events"] == [None, None]


def test_a_total_with_an_unknown_part_is_unknown() -> None:
    found = trend(counted((NOON - 2 * DAY, AS_OF), h1=3))
    assert (found["last_24h"], found["last_14d"], found["complete"]) == (3, None, False)
    whole = trend(counted((NOON - 20 * DAY, AS_OF), h1=3, h100=4))
    assert (whole["last_24h"], whole["last_14d"], whole["complete"]) == (3, 7, True)

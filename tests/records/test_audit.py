"""Which hours are read again: decided from counts alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sentry_sync.records.audit import BELIEVE_AGAIN, HOUR, Books, Days, Doubt, Retention, days_counted, doubts
from sentry_sync.records.intervals import Interval

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOW = NOON + timedelta(minutes=5)
JUDGED = Interval(NOON - 24 * HOUR, NOON)
BOOKS = Books("events", {}, [JUDGED], {})


def ago(hours: int) -> datetime:
    return NOON - hours * HOUR


def hours(
    books: Books, served: dict[datetime, int], *, now: datetime = NOW, judged: Interval = JUDGED
) -> list[int]:
    return [(NOON - doubt.hour) // HOUR for doubt in doubts(books, judged, served, now)]


def test_hours_that_hold_more_or_less_than_served_are_doubted_newest_first() -> None:
    books = replace(BOOKS, held={ago(9): 4, ago(5): 3, ago(3): 2})
    assert hours(books, {ago(9): 3, ago(5): 3, ago(4): 1, ago(3): 2}) == [4, 9]


def test_an_hour_that_is_not_known_whole_is_not_judged() -> None:
    books = replace(BOOKS, known=[Interval(ago(5), ago(3)), Interval(ago(3) + timedelta(minutes=1), NOON)])
    assert hours(books, {ago(6): 1, ago(4): 1, ago(3): 1}) == [4]


def test_an_hour_is_judged_an_hour_after_its_end_and_not_before() -> None:
    assert hours(BOOKS, {ago(1): 1}, now=NOON + HOUR - timedelta(seconds=1)) == []
    assert hours(BOOKS, {ago(1): 1}, now=NOON + HOUR) == [1]


def test_an_hour_outside_what_the_answer_tells_of_is_not_judged() -> None:
    books = replace(BOOKS, held={ago(20): 1})
    assert hours(books, {}, judged=Interval(ago(19), NOON)) == []
    assert hours(books, {}) == [20]


def test_what_reading_again_did_not_settle_is_left_alone_for_a_day_unless_it_changes() -> None:
    before = Doubt("events", ago(5), 3, 2, NOW - HOUR)
    books = replace(BOOKS, held={ago(5): 2}, doubts={ago(5): before})
    assert hours(books, {ago(5): 3}) == []
    assert hours(books, {ago(5): 4}) == [5]
    old = replace(before, doubted_at=NOW - BELIEVE_AGAIN)
    assert hours(replace(books, doubts={ago(5): old}), {ago(5): 3}) == [5]


def test_what_is_surely_served_moves_on_with_the_clock() -> None:
    retention = Retention("events", ago(24), NOW)
    assert retention.surely_since(NOW + HOUR) == ago(23)
    assert retention.surely_since(NOW - HOUR) == ago(24)


def test_what_was_served_three_hours_ago_says_nothing_of_now() -> None:
    assert Retention("events", ago(24), NOW).surely_since(NOW + 3 * HOUR) is None


def test_days_that_changed_since_they_were_counted_are_told_the_newest_first_and_no_more_than_asked_for() -> None:
    days = [NOON - timedelta(days=number) for number in range(1, 5)]
    before = {day: Doubt("pairs", day, 1, 1, NOW) for day in days[:3]}
    found = days_counted(Days("pairs", before, []), dict.fromkeys(days, 2), NOW, 2)
    assert [(doubt.hour, changed) for doubt, changed in found] == [
        (days[0], True),
        (days[1], True),
        (days[3], False),
    ]
    assert found[0][0].span == Interval(days[0], days[0] + timedelta(days=1))


def test_a_day_that_was_read_before_its_first_count_is_read_again_unless_its_hours_are_watched() -> None:
    first, second, third = (NOON - timedelta(days=number) for number in (3, 2, 1))
    unwatched = [Interval(first - HOUR, first), Interval(second + HOUR, second + 2 * HOUR)]
    served = {first: 2, second: 2, third: 2}
    found = days_counted(Days("pairs", {}, unwatched), served, NOW, 9)
    assert [(doubt.hour, again) for doubt, again in found] == [(third, False), (second, True), (first, False)]


def test_a_day_without_any_event_is_not_read_again_after_its_first_count() -> None:
    day = NOON - timedelta(days=3)
    days = Days("pairs", {}, [Interval(day, NOON)])
    assert [again for _, again in days_counted(days, {day: 0}, NOW, 9)] == [False]


def test_days_read_before_their_first_count_beyond_the_most_are_left_uncounted_for_the_next_time() -> None:
    days = [NOON - timedelta(days=number) for number in range(1, 5)]
    found = days_counted(Days("pairs", {}, [Interval(days[-1], NOON)]), dict.fromkeys(days, 2), NOW, 2)
    assert [doubt.hour for doubt, _ in found] == days[:2]

"""Which parts are written next, from what is held and what waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sentry_sync.store.lake_parts import Part, Span
from sentry_sync.store.lake_plan import (
    CHANGED_FEW,
    DAY,
    DAY_MAY_WAIT,
    HOUR,
    LARGEST_MONTH,
    SMALL,
    State,
    due,
    named,
)
from sentry_sync.store.moments import to_micros

NOW = datetime(2026, 11, 20, 12, 34, tzinfo=UTC)
TODAY = to_micros(NOW.replace(hour=0, minute=0))
MONTH = to_micros(datetime(2026, 11, 1, tzinfo=UTC))
OCTOBER = to_micros(datetime(2026, 10, 1, tzinfo=UTC))


def ago(days: int) -> int:
    return TODAY - days * DAY


def part(start: int, end: int, rows: int = 10, published: int = 1) -> Part:
    return Part("events", start, end, "events/x.parquet", rows, start, start, 1, "0", 1, published)


def test_nothing_waits_and_nothing_is_due() -> None:
    assert due(State([part(ago(3), ago(2))]), NOW) == []


def test_a_day_that_is_over_is_published_whole() -> None:
    assert due(State([], waiting=[(ago(2), SMALL), (ago(1), SMALL)]), NOW) == [(ago(2), ago(1)), (ago(1), TODAY)]


def test_small_days_share_a_part_but_no_two_months_do() -> None:
    waiting = [(MONTH - DAY, 5), (MONTH, 5), (ago(2), 5), (ago(1), 5)]

    assert due(State([], waiting=waiting), NOW) == [(MONTH - DAY, MONTH), (MONTH, TODAY)]


def test_the_running_day_waits_until_it_is_worth_a_part() -> None:
    settled = to_micros(NOW - timedelta(hours=1)) // HOUR * HOUR

    assert due(State([], waiting=[(TODAY, DAY_MAY_WAIT - 1)]), NOW) == []
    assert due(State([], waiting=[(TODAY, DAY_MAY_WAIT)]), NOW) == [(TODAY, settled)]
    begun = State([part(TODAY, TODAY + 2 * HOUR)], waiting=[(TODAY, DAY_MAY_WAIT)])
    assert due(begun, NOW) == [(TODAY + 2 * HOUR, settled)]
    late = State([], waiting=[(TODAY, DAY_MAY_WAIT)], settled=timedelta(hours=3))
    assert due(late, NOW) == [(TODAY, settled - 2 * HOUR)]


def test_yesterday_is_not_over_before_its_rows_are_settled() -> None:
    early = NOW.replace(hour=0)

    assert due(State([], waiting=[(ago(1), 10)]), early) == []


@pytest.mark.parametrize(("changed", "gone", "wanted"), [(1, True, 1), (CHANGED_FEW, False, 0), (1_200, False, 1)])
def test_a_part_is_written_anew_once_it_is_worn_or_must_forget(changed: int, gone: bool, wanted: int) -> None:
    held = part(ago(3), ago(2), rows=1_000)

    assert len(due(State([held], changes=[(held, changed, gone)]), NOW)) == wanted


def test_deletions_write_a_part_anew_once_an_hour_at_most() -> None:
    for minutes, wanted in ((59, 0), (60, 1)):
        held = part(ago(3), ago(2), published=to_micros(NOW - timedelta(minutes=minutes)))
        assert len(due(State([held], changes=[(held, 1, True)]), NOW)) == wanted


def test_a_month_that_is_over_becomes_one_part_unless_it_is_too_large() -> None:
    days = [part(OCTOBER + n * DAY, OCTOBER + (n + 1) * DAY) for n in (0, 1, 7)]
    large = [part(OCTOBER, OCTOBER + DAY, LARGEST_MONTH), part(OCTOBER + DAY, OCTOBER + 2 * DAY)]

    assert due(State(days), NOW) == [(OCTOBER, MONTH)]
    assert due(State(large), NOW) == []


def test_the_pieces_of_a_day_become_one_once_it_is_over() -> None:
    pieces = [part(ago(3), ago(3) + 5 * HOUR), part(ago(3) + 5 * HOUR, ago(3) + 9 * HOUR)]

    assert due(State(pieces), NOW) == [(ago(3), ago(2))]


def test_a_week_of_the_running_month_becomes_one_part_once_it_is_over() -> None:
    days = [part(MONTH + n * DAY, MONTH + (n + 1) * DAY) for n in (5, 6, 7, 12, 14, 15)]

    assert due(State(days), NOW) == [(MONTH, MONTH + 7 * DAY), (MONTH + 7 * DAY, MONTH + 14 * DAY)]
    weeks = [part(MONTH, MONTH + 7 * DAY), part(MONTH + 7 * DAY, MONTH + 14 * DAY)]
    assert due(State(weeks), NOW) == []


def test_the_last_week_of_a_month_ends_with_it() -> None:
    whole = part(OCTOBER, OCTOBER + 28 * DAY, LARGEST_MONTH)
    last = [part(OCTOBER + n * DAY, OCTOBER + (n + 1) * DAY) for n in (28, 30)]

    assert due(State([whole, *last]), NOW) == [(OCTOBER + 28 * DAY, MONTH)]


def test_a_span_never_cuts_a_part_in_two_and_none_overlaps_another() -> None:
    week = part(ago(9), ago(2), rows=LARGEST_MONTH)

    spans = due(State([week], lost=[part(ago(12), ago(10))], waiting=[(ago(11), SMALL), (ago(10), 9)]), NOW)

    assert spans == [(ago(12), ago(10)), (ago(10), ago(9))]
    assert due(State([week], waiting=[(ago(5), 1)]), NOW) == [(ago(9), ago(2))]


@pytest.mark.parametrize(
    ("span", "name"),
    [
        ((OCTOBER, MONTH), "events/2026-10-t.parquet"),
        ((MONTH, MONTH + DAY), "events/2026-11-01-t.parquet"),
        ((MONTH, MONTH + 3 * DAY), "events/2026-11-01--2026-11-03-t.parquet"),
        ((MONTH, MONTH + 5 * HOUR), "events/2026-11-01T00--2026-11-01T04-t.parquet"),
    ],
)
def test_a_file_is_named_for_what_it_holds(span: Span, name: str) -> None:
    assert named(part(*span), "t").file == name
    assert named(part(*span, rows=0), "t").file is None


def test_what_is_to_lie_together_becomes_one_part_whenever_any_of_it_is_due() -> None:
    old, worn = part(ago(60), ago(3)), [(part(ago(60), ago(3)), CHANGED_FEW + 2, False)]

    assert due(State([old], together=True), NOW) == []
    assert due(State([old], waiting=[(TODAY, DAY_MAY_WAIT - 1)], together=True), NOW) == []
    assert due(State([old], waiting=[(ago(1), 1)], together=True), NOW) == [(ago(60), TODAY)]
    assert due(State([old], changes=worn, together=True), NOW) == [(ago(60), ago(3))]
    assert due(State(lost=[old], parts=[], waiting=[(ago(9), 1)], together=True), NOW) == [(ago(60), ago(3))]
    assert due(State([], waiting=[(ago(60), 1), (ago(1), 1)], together=True), NOW) == [(ago(60), TODAY)]

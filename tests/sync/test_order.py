"""Which passes are made, in which order, and which go on: decided without a store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sentry_sync.records.intervals import Interval
from sentry_sync.store.unit_of_work import Pass
from sentry_sync.sync.order import Order, last_known, ordered
from sentry_sync.sync.stream import Work

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def ago(start: timedelta, end: timedelta = timedelta()) -> Interval:
    return Interval(NOW - start, NOW - end)


def unfinished(window: Interval, *, key: int = 1, scope: str = "") -> Pass:
    return Pass(key, "stream", scope, window, "0:100:0", 1, 100, window.end)


def order(
    planned: list[Interval],
    runs: list[Pass],
    known: list[Interval],
    *,
    replaces: bool = False,
    newest: bool = True,
) -> Order:
    works = [Work(window=window) for window in planned]
    return ordered(works, runs, lambda scope: known, replaces=replaces, newest=newest)


def shown(found: Order) -> list[tuple[Interval, int | None]]:
    return [(task.work.span, task.run.id if task.run else None) for task in found.tasks]


def test_what_is_new_goes_first_and_an_unfinished_pass_goes_on_after_it() -> None:
    first = unfinished(ago(90 * DAY, 5 * MINUTE))
    head, rest = ago(20 * MINUTE), ago(90 * DAY, 40 * DAY)
    found = order([head, rest], [first], [ago(40 * DAY, 5 * MINUTE)])
    assert shown(found) == [(head, None), (first.window, 1)]
    assert found.dropped == []
    assert [work.window for work in found.tasks[1].planned] == [rest]


def test_a_young_tail_is_left_to_the_next_run_where_the_newest_is_not_wanted_in_any_case() -> None:
    hour = unfinished(ago(HOUR, 5 * MINUTE))
    longer = ago(HOUR)
    assert shown(order([longer], [hour], [ago(DAY, HOUR)], newest=False)) == [(hour.window, 1)]
    assert shown(order([longer], [hour], [ago(DAY, HOUR)], newest=True)) == [(longer, None)]


def test_an_unfinished_pass_inside_a_newer_window_is_dropped() -> None:
    young = unfinished(ago(20 * MINUTE, 10 * MINUTE))
    found = order([ago(30 * MINUTE)], [young], [ago(DAY, 20 * MINUTE)])
    assert shown(found) == [(ago(30 * MINUTE), None)]
    assert found.dropped == [young]


def test_several_gaps_of_one_pass_are_one_pass_going_on() -> None:
    run = unfinished(ago(10 * DAY, DAY))
    gaps = [ago(3 * DAY, 2 * DAY), ago(10 * DAY, 5 * DAY)]
    assert shown(order(gaps, [run], [ago(2 * DAY), ago(5 * DAY, 3 * DAY)])) == [(run.window, 1)]


def test_a_pass_of_another_scope_is_nobodys_rest() -> None:
    other = unfinished(ago(DAY), scope="project:2")
    found = order([ago(2 * HOUR, HOUR)], [other], [])
    assert (ago(2 * HOUR, HOUR), None) in shown(found)


def test_a_pass_that_was_not_planned_goes_on_last_if_it_brings_what_nobody_else_does() -> None:
    run = unfinished(ago(30 * DAY, 20 * DAY))
    assert shown(order([ago(HOUR)], [run], [])) == [(ago(HOUR), None), (run.window, 1)]
    assert order([ago(HOUR)], [run], [ago(40 * DAY)]).dropped == [run]


def test_figures_of_a_window_asked_for_earlier_never_follow_newer_ones() -> None:
    # The day's pass has read nothing but the running hour's first page: going on would write that hour as it was.
    day = unfinished(ago(DAY, 10 * MINUTE))
    head, rest = ago(2 * HOUR), ago(DAY, 2 * HOUR)
    found = order([head, rest], [day], [], replaces=True)
    assert shown(found) == [(head, None), (rest, None)]
    assert found.dropped == [day]


def test_where_it_had_read_that_part_already_it_goes_on() -> None:
    day = unfinished(ago(DAY, 10 * MINUTE))
    head, rest = ago(2 * HOUR), ago(DAY, 6 * HOUR)
    found = order([head, rest], [day], [ago(6 * HOUR, 10 * MINUTE)], replaces=True)
    assert shown(found) == [(head, None), (day.window, 1)]


def test_what_was_read_last_is_the_newest_end_of_all() -> None:
    assert last_known([], []) is None
    assert last_known([unfinished(ago(DAY, HOUR))], [ago(DAY, 2 * HOUR)]) == NOW - HOUR
    assert last_known([], [ago(2 * DAY, DAY), ago(DAY, HOUR)]) == NOW - HOUR

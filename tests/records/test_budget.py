"""The rules of our own rolling window."""

from __future__ import annotations

import pytest

from sentry_sync.records.budget import (
    SECOND,
    WINDOW,
    Asked,
    Count,
    Lane,
    leaves_at,
    over_budget,
    reserve_of,
    room,
)


def asked(lane: Lane, yields: bool = False) -> Asked:
    return Asked(lane, now=1_000 * SECOND, live_reserve=20, yields=yields)


def goes(lane: Lane, count: Count, per_minute: int | None = 100) -> bool:
    return over_budget(asked(lane), count, per_minute) is None


def test_lanes_are_ordered_and_named() -> None:
    assert Lane.LIVE > Lane.HOT > Lane.WARM > Lane.BACKFILL
    assert [str(lane) for lane in Lane] == ["backfill", "warm", "hot", "live"]


def test_background_leaves_the_live_reserve() -> None:
    assert goes(Lane.HOT, Count(background=79))
    assert not goes(Lane.HOT, Count(background=80))
    assert goes(Lane.LIVE, Count(background=80))


def test_live_requests_use_the_reserve_before_they_take_from_background() -> None:
    assert goes(Lane.HOT, Count(live=20, background=79))
    assert not goes(Lane.HOT, Count(live=20, background=80))
    assert goes(Lane.HOT, Count(live=60, background=39))
    assert not goes(Lane.HOT, Count(live=60, background=40))


def test_live_stops_at_the_budget() -> None:
    assert goes(Lane.LIVE, Count(live=99))
    assert not goes(Lane.LIVE, Count(live=50, background=50))


@pytest.mark.parametrize(("limit", "kept"), [(1, 0), (4, 0), (5, 1), (30, 6), (100, 20), (1000, 20)])
def test_a_small_budget_keeps_a_fifth_for_live(limit: int, kept: int) -> None:
    assert reserve_of(limit, 20) == kept


@pytest.mark.parametrize("per_minute", [None, 0])
def test_a_lifted_budget_refuses_nothing(per_minute: int | None) -> None:
    assert goes(Lane.BACKFILL, Count(live=10_000, background=10_000), per_minute)


def test_a_refusal_says_how_many_must_leave() -> None:
    refused = over_budget(asked(Lane.HOT), Count(background=85), 100)
    assert refused is not None
    assert refused.excess == 6
    assert refused.reason == "85 of 100 requests of the last 60 s are spent"


def test_a_lower_lane_keeps_to_a_quarter_while_a_higher_one_waits() -> None:
    assert over_budget(asked(Lane.BACKFILL, yields=True), Count(background=19), 100) is None
    assert over_budget(asked(Lane.BACKFILL, yields=True), Count(background=20), 100) is not None
    assert over_budget(asked(Lane.BACKFILL, yields=True), Count(), 1) is None


def test_room_is_what_may_go_at_once() -> None:
    assert room(Lane.LIVE, Count(live=5, background=70), 100, 20) == 25
    assert room(Lane.HOT, Count(live=5, background=70), 100, 20) == 10
    assert room(Lane.HOT, Count(live=5, background=95), 100, 20) == 0
    assert room(Lane.HOT, Count(background=70), None, 20) is None


def test_a_request_leaves_a_window_after_its_completion_at_the_soonest() -> None:
    now = 1_000 * SECOND
    assert leaves_at(now - 10 * SECOND, WINDOW, now) == now + 50 * SECOND
    assert leaves_at(now + 100 * SECOND, WINDOW, now) == now + 60 * SECOND


def test_lower_lanes_leave_a_twentieth_to_what_is_hot() -> None:
    spent = Count(background=75)
    assert room(Lane.HOT, spent, 100, 20) == 5
    assert room(Lane.WARM, spent, 100, 20) == 0
    assert over_budget(Asked(Lane.HOT, 0, 20), spent, 100) is None
    assert over_budget(Asked(Lane.WARM, 0, 20), spent, 100)
    assert over_budget(Asked(Lane.BACKFILL, 0, 20), spent, 100)
    assert room(Lane.WARM, Count(), 10, 20) == room(Lane.HOT, Count(), 10, 20), (
        "a budget so small has none to spare"
    )

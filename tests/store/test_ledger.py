"""The request ledger, one process at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from sentry_sync.records.budget import Lane, Limits, Refusal, Reservation, Wait
from sentry_sync.store import ledger_schema
from sentry_sync.store.ledger import RequestLedger
from tests.support.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ledger(tmp_path: Path, clock: FakeClock) -> Iterator[RequestLedger]:
    with RequestLedger(tmp_path / "ledger.db", clock, per_minute=10) as opened:
        yield opened


def leave(ledger: RequestLedger, endpoint: str = "issues", lane: Lane = Lane.HOT) -> Reservation:
    found = ledger.reserve(endpoint, lane)
    assert isinstance(found, Reservation), found
    return found


def send(
    ledger: RequestLedger,
    times: int = 1,
    *,
    endpoint: str = "issues",
    lane: Lane = Lane.HOT,
    status: int | None = 200,
    limits: Limits | None = None,
) -> None:
    for _ in range(times):
        ledger.settle(leave(ledger, endpoint, lane), status, limits)


def waits(ledger: RequestLedger, endpoint: str = "issues", lane: Lane = Lane.HOT) -> Wait:
    found = ledger.reserve(endpoint, lane)
    assert isinstance(found, Wait), found
    return found


def told(clock: FakeClock, limit: int = 100, remaining: int = 90, reset_in: int = 30) -> Limits:
    server = int(clock.now().timestamp()) + 1000
    return Limits(limit=limit, remaining=remaining, reset=server + reset_in, server_time=server)


def test_background_stops_at_the_reserve_and_live_at_the_budget(ledger: RequestLedger) -> None:
    send(ledger, 8)
    assert (ledger.left(), ledger.left(Lane.HOT)) == (2, 0)
    assert "8 of 10" in waits(ledger).reason
    send(ledger, 2, lane=Lane.LIVE)
    waits(ledger, lane=Lane.LIVE)
    assert ledger.left() == 0


def test_a_request_holds_its_place_for_a_minute_after_its_completion(
    ledger: RequestLedger, clock: FakeClock
) -> None:
    slow = leave(ledger)
    clock.advance(40)
    ledger.settle(slow, 200, None)
    send(ledger, 7)
    assert waits(ledger).seconds == 60
    clock.advance(59.9)
    assert 0 < waits(ledger).seconds <= 0.1
    clock.advance(0.1)
    leave(ledger)


def test_a_request_under_way_holds_its_place_however_long_it_takes(
    ledger: RequestLedger, clock: FakeClock
) -> None:
    send(ledger)
    clock.advance(60)
    for _ in range(10):
        leave(ledger, lane=Lane.LIVE)
    clock.advance(119)
    waits(ledger, lane=Lane.LIVE)


def test_what_a_killed_process_left_open_is_over_after_three_minutes(
    ledger: RequestLedger, clock: FakeClock
) -> None:
    send(ledger)
    clock.advance(60)
    for _ in range(10):
        leave(ledger, lane=Lane.LIVE)
    clock.advance(179)
    waits(ledger, lane=Lane.LIVE)
    clock.advance(1)
    leave(ledger, lane=Lane.LIVE)


def test_requests_without_an_answer_are_spent_too(ledger: RequestLedger) -> None:
    send(ledger, 8, status=None)
    waits(ledger)


def test_a_lifted_budget_counts_but_does_not_refuse(tmp_path: Path, clock: FakeClock) -> None:
    with RequestLedger(tmp_path / "ledger.db", clock, per_minute=None) as ledger:
        send(ledger, 500)
        assert ledger.left() is None
        assert ledger.spent()[Lane.HOT] == 500


def test_spent_is_told_by_lane(ledger: RequestLedger, clock: FakeClock) -> None:
    send(ledger, 3)
    send(ledger, lane=Lane.LIVE)
    assert ledger.spent() == {Lane.LIVE: 1, Lane.HOT: 3, Lane.WARM: 0, Lane.BACKFILL: 0}
    assert ledger.spent(clock.now() + timedelta(seconds=60))[Lane.HOT] == 0


def test_endpoints_with_the_same_limit_share_it(tmp_path: Path, clock: FakeClock) -> None:
    with RequestLedger(tmp_path / "ledger.db", clock, per_minute=None) as ledger:
        send(ledger, limits=told(clock, limit=6, remaining=5))
        send(ledger, endpoint="releases", limits=told(clock, limit=6, remaining=4))
        send(ledger, endpoint="explore", limits=told(clock, limit=900, remaining=899))
        send(ledger, 3, lane=Lane.LIVE, limits=told(clock, limit=6, remaining=1))
        waits(ledger, "issues", Lane.LIVE)
        waits(ledger, "releases", Lane.LIVE)
        leave(ledger, "explore", Lane.LIVE)


def test_a_new_endpoint_counts_in_every_known_limit(tmp_path: Path, clock: FakeClock) -> None:
    with RequestLedger(tmp_path / "ledger.db", clock, per_minute=None) as ledger:
        send(ledger, limits=told(clock, limit=6, remaining=0))
        waits(ledger, "sessions", Lane.LIVE)


def test_an_endpoint_whose_limit_changes_takes_its_requests_along(tmp_path: Path, clock: FakeClock) -> None:
    with RequestLedger(tmp_path / "ledger.db", clock, per_minute=None) as ledger:
        send(ledger, 5, lane=Lane.LIVE, limits=told(clock, limit=100, remaining=90))
        send(ledger, 1, lane=Lane.LIVE, limits=told(clock, limit=6, remaining=5))
        waits(ledger, "issues", Lane.LIVE)


def test_a_failed_first_request_teaches_nothing(tmp_path: Path, clock: FakeClock) -> None:
    with RequestLedger(tmp_path / "ledger.db", clock, per_minute=None) as ledger:
        send(ledger, status=502)
        leave(ledger)
        leave(ledger)
        assert "first answers" in waits(ledger).reason


def test_a_block_holds_for_every_endpoint_of_the_limit(tmp_path: Path, clock: FakeClock) -> None:
    with RequestLedger(tmp_path / "ledger.db", clock, per_minute=None) as ledger:
        limits = told(clock, remaining=0, reset_in=20)
        send(ledger, endpoint="releases", limits=told(clock))
        refused = Limits(
            limit=100, remaining=0, reset=limits.reset, server_time=limits.server_time, refusal=Refusal.WINDOW
        )
        send(ledger, status=429, limits=refused)
        wait = waits(ledger, "releases", Lane.LIVE)
        assert wait.blocked
        assert 20 <= wait.seconds < 21


def test_a_success_forgives_an_endpoints_refusals(ledger: RequestLedger, clock: FakeClock) -> None:
    for pause in (60, 120):
        send(ledger, endpoint="explore", status=429, limits=Limits(refusal=Refusal.QUERY))
        assert pause <= waits(ledger, "explore").seconds < pause + 1
        clock.advance(pause + 1)
    send(ledger, endpoint="explore")
    send(ledger, endpoint="explore", status=429, limits=Limits(refusal=Refusal.QUERY))
    assert 60 <= waits(ledger, "explore").seconds < 61


def test_a_proxys_retry_after_is_respected(ledger: RequestLedger) -> None:
    send(ledger, status=429, limits=Limits(retry_after=300, refusal=Refusal.QUERY))
    assert 300 <= waits(ledger).seconds < 301


def test_a_clock_set_back_makes_the_past_count_from_now(ledger: RequestLedger, clock: FakeClock) -> None:
    send(ledger, 8)
    clock.advance(-3600)
    assert waits(ledger).seconds == 60
    clock.advance(60)
    leave(ledger)


def test_a_clock_set_back_during_a_request_does_not_free_its_place(
    ledger: RequestLedger, clock: FakeClock
) -> None:
    send(ledger, 7)
    slow = leave(ledger)
    clock.advance(-3600)
    ledger.settle(slow, 200, None)
    assert waits(ledger).seconds == 60


def test_a_clock_set_back_does_not_lengthen_a_block_beyond_ten_minutes(
    ledger: RequestLedger, clock: FakeClock
) -> None:
    send(ledger, status=429, limits=Limits(refusal=Refusal.QUERY))
    clock.advance(-86_400)
    assert waits(ledger).seconds <= 600


def test_the_rows_say_what_was_sent_by_whom(ledger: RequestLedger, clock: FakeClock) -> None:
    send(ledger, lane=Lane.LIVE, endpoint="issue", status=404)
    started = clock.now()
    open_one = leave(ledger)
    clock.advance(2)
    ledger.settle(open_one, None, None)
    newest, oldest = ledger.recent()
    assert (oldest.endpoint, oldest.lane, oldest.status) == ("issue", "live", 404)
    assert (newest.at, newest.finished_at, newest.status) == (started, started + timedelta(seconds=2), None)
    assert newest.process.rpartition(":")[2].isdigit()
    assert ledger.recent(since=started + timedelta(seconds=1)) == []
    assert ledger.recent(limit=1) == [newest]


def test_rows_are_kept_for_a_day(tmp_path: Path, clock: FakeClock) -> None:
    with RequestLedger(tmp_path / "ledger.db", clock, per_minute=None) as ledger:
        send(ledger, 200)
        clock.advance(86_400)
        send(ledger, 55)
        assert len(ledger.recent()) == 255
        clock.advance(61)
        send(ledger)
        assert len(ledger.recent()) == 56


def test_the_schema_names_the_paced_endpoint_and_the_unknown_bucket(ledger: RequestLedger) -> None:
    assert f"'{ledger_schema.PACED}'" in ledger_schema.COUNT_PACED
    assert f"'{ledger_schema.UNKNOWN}'" in ledger_schema.COUNT_BUCKET

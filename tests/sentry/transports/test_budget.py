"""Paying before, settling after."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from sentry_sync.errors import AskedToWait, BudgetExhausted, RateLimited, Unavailable
from sentry_sync.records.budget import Lane, Refusal, Wait
from tests.sentry.stage import Stage, html, ok, reply
from tests.support.clock import FakeClock

BUSY = "80 of 100 requests of the last 60 s are spent"


def test_a_background_request_waits_as_long_as_it_takes(stage: Stage) -> None:
    client = stage.answer(ok())
    stage.ledger.waits = [Wait(55.0, BUSY), Wait(50.0, BUSY), Wait(0.2, BUSY)]
    client.lane(Lane.BACKFILL).environments()
    assert stage.clock.slept == [5.0, 5.0, 0.2]
    assert stage.ledger.asked == [("environments", Lane.BACKFILL)] * 4


def test_a_live_request_does_not_begin_a_wait_that_outlasts_its_deadline(stage: Stage) -> None:
    client = stage.answer(ok())
    stage.ledger.waits = [Wait(1.0, BUSY), Wait(1.5, BUSY)]
    with pytest.raises(BudgetExhausted) as caught:
        client.lane(Lane.LIVE, 2.0).environments()
    assert stage.clock.slept == [1.0]
    assert BUSY in str(caught.value)
    assert stage.seen == []


def test_the_live_lane_has_a_deadline_even_if_none_is_named(stage: Stage) -> None:
    client = stage.answer(ok())
    stage.ledger.waits = [Wait(11.0, BUSY)]
    with pytest.raises(BudgetExhausted):
        client.lane(Lane.LIVE).environments()


def test_a_refused_minute_is_waited_out_but_not_ten(stage: Stage) -> None:
    client = stage.answer(ok())
    stage.ledger.waits = [Wait(61.0, "429", blocked=True)]
    client.environments()
    stage.ledger.waits = [Wait(120.0, "429", blocked=True)]
    with pytest.raises(RateLimited, match="120 s"):
        client.environments()


def test_a_deadline_shorter_than_what_the_server_asked_for_is_not_called_our_own_budgets_fault(
    stage: Stage,
) -> None:
    client = stage.answer(ok()).lane(Lane.LIVE, 5.0)
    stage.ledger.waits = [Wait(30.0, "429", blocked=True)]
    with pytest.raises(AskedToWait, match="for 30 s") as caught:
        client.environments()
    assert "raise the budget" not in str(caught.value)
    stage.ledger.waits = [Wait(30.0, BUSY)]
    with pytest.raises(BudgetExhausted, match="raise the budget") as ours:
        client.environments()
    assert not isinstance(ours.value, AskedToWait)


def test_every_request_settles_with_its_status_and_limits(stage: Stage) -> None:
    headers = {"x_sentry_rate_limit_limit": "40", "x_sentry_rate_limit_remaining": "7"}
    stage.answer(ok(**headers)).environments()
    ((endpoint, status, limits),) = stage.ledger.settled
    assert (endpoint, status) == ("environments", 200)
    assert limits is not None
    assert (limits.limit, limits.remaining) == (40, 7)


def test_a_429_settles_with_the_reason_in_its_body(stage: Stage) -> None:
    stage.answer(reply(429, {"detail": "go above the allowed concurrency"}), ok()).environments()
    limits = stage.ledger.settled[0][2]
    assert limits is not None
    assert limits.refusal is Refusal.CONCURRENCY


def test_a_request_without_an_answer_settles_too(stage: Stage) -> None:
    with pytest.raises(Unavailable):
        stage.answer(httpx.ReadTimeout("slow")).environments()
    assert stage.ledger.settled == [("environments", None, None)] * 2


class Trickle(httpx.SyncByteStream):
    """A body that never ends; each piece takes ten seconds."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.pieces = 0
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.clock.advance(10)
            self.pieces += 1
            yield b"[" + b" " * 100

    def close(self) -> None:
        self.closed += 1


def test_a_body_that_trickles_for_ever_is_given_up_and_its_connection_closed(stage: Stage) -> None:
    body = Trickle(stage.clock)
    client = stage.answer(lambda _: httpx.Response(200, headers={"content-type": "application/json"}, stream=body))
    with pytest.raises(Unavailable):
        client.environments()
    assert body.pieces == 14  # two tries of at most a minute and a piece
    assert body.closed >= 2
    assert [status for _, status, _ in stage.ledger.settled] == [200, 200]


def test_a_body_cut_short_is_tried_again(stage: Stage) -> None:
    class Cut(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b'[{"id":'
            raise httpx.RemoteProtocolError("peer closed connection")

    def cut(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "application/json"}, stream=Cut())

    assert stage.answer(cut, ok([1])).environments().body == [1]


def test_a_compressed_body_that_is_broken_is_an_error_of_ours(stage: Stage) -> None:
    def broken(_: httpx.Request) -> httpx.Response:
        headers = {"content-type": "application/json", "content-encoding": "gzip"}
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(b"not gzip"))

    with pytest.raises(Unavailable):
        stage.answer(broken).environments()
    assert html(502).status_code == 502

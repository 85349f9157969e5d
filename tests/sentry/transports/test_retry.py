"""What is sent again, when, and what is not."""

from __future__ import annotations

import httpx
import pytest

from sentry_sync.errors import AuthFailed, BudgetExhausted, NotFound, QueryTimeout, RateLimited, Unavailable
from sentry_sync.records.budget import Lane, Wait
from sentry_sync.sentry.transports.retry import Trouble, pause_before, trouble_of
from tests.sentry.stage import Stage, html, ok, reply


@pytest.mark.parametrize("trouble", [reply(502, {}), html(503), reply(500, {}), httpx.ConnectError("refused")])
def test_what_passes_is_tried_again_and_pays_again(stage: Stage, trouble: httpx.Response | Exception) -> None:
    assert stage.answer(trouble, ok([1])).environments().body == [1]
    assert len(stage.seen) == len(stage.ledger.asked) == len(stage.ledger.settled) == 2
    assert 0.5 <= stage.clock.slept[0] <= 1.0


def test_pauses_grow_with_jitter_and_end(stage: Stage) -> None:
    with pytest.raises(Unavailable, match="502"):
        stage.answer(html(502)).environments()
    assert len(stage.seen) == 5
    for whole, slept in zip((1, 2, 4, 8), stage.clock.slept, strict=True):
        assert whole / 2 <= slept <= whole


@pytest.mark.parametrize(
    ("answer", "error", "times"),
    [
        (reply(504, {"detail": "Query timeout"}), QueryTimeout, 2),
        (reply(400, {"detail": "Query timeout"}), QueryTimeout, 1),
        (reply(500, {"detail": "Internal Error"}), Unavailable, 3),
        (httpx.ReadTimeout("slow"), Unavailable, 2),
        (
            httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
            Unavailable,
            5,
        ),
        (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate"), Unavailable, 1),
        (reply(404, {"detail": "no"}), NotFound, 1),
        (reply(401, {"detail": "no"}), AuthFailed, 1),
    ],
)
def test_each_trouble_is_worth_so_many_tries(
    stage: Stage, answer: httpx.Response | Exception, error: type[Exception], times: int
) -> None:
    with pytest.raises(error) as caught:
        stage.answer(answer).environments()
    assert len(stage.seen) == times
    assert "\n" not in str(caught.value)


def test_a_429_is_sent_again_without_a_pause_of_our_own(stage: Stage) -> None:
    assert stage.answer(reply(429, {"detail": "too frequently"}), ok()).environments().body == []
    assert stage.clock.slept == []


def test_a_429_that_does_not_end_is_rate_limited(stage: Stage) -> None:
    with pytest.raises(RateLimited):
        stage.answer(reply(429, {"detail": "too frequently"})).environments()
    assert len(stage.seen) == 6


def test_a_live_request_does_not_pause_past_its_deadline(stage: Stage) -> None:
    with pytest.raises(Unavailable):
        stage.answer(html(503)).lane(Lane.LIVE, 2.0).environments()
    assert sum(stage.clock.slept) < 2.0
    assert len(stage.seen) == 2


def test_the_servers_refusal_is_the_reason_when_no_second_try_is_granted(stage: Stage) -> None:
    client = stage.answer(reply(429, {"detail": "too frequently"}))
    live = client.lane(Lane.LIVE, 2.0)
    stage.ledger.after_settling = [Wait(30.0, "the server asked to wait (429)", blocked=True)]
    with pytest.raises(RateLimited):
        live.environments()
    assert len(stage.seen) == 1


def test_without_any_answer_the_budget_is_the_reason(stage: Stage) -> None:
    client = stage.answer(ok())
    stage.ledger.waits = [Wait(30.0, "100 of 100 requests of the last 60 s are spent")]
    with pytest.raises(BudgetExhausted, match="100 of 100"):
        client.lane(Lane.LIVE, 2.0).environments()
    assert stage.seen == []


def test_pauses_are_at_most_half_a_minute() -> None:
    assert pause_before(Trouble.CONNECTION, 4, 0.999) == pytest.approx(8.0, rel=0.01)
    assert pause_before(Trouble.CONNECTION, 5, 0.5) is None
    assert trouble_of(httpx.Response(200)) is None
    assert trouble_of(httpx.UnsupportedProtocol("gopher")) is Trouble.HOPELESS

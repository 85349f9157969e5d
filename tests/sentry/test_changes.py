"""A change is sent once, and what became of it is told as far as anybody can know."""

from __future__ import annotations

import httpx
import orjson
import pytest

from sentry_sync.errors import (
    BadRequest,
    BudgetExhausted,
    Forbidden,
    NotFound,
    RateLimited,
    SentryError,
    Unavailable,
    Unsure,
)
from sentry_sync.records.budget import Lane, Wait
from tests.sentry.stage import TOKEN, Stage, html, ok, reply

RESOLVED = {"status": "resolved"}


def test_a_change_is_a_put_of_json_that_pays_the_budget_in_its_lane(stage: Stage) -> None:
    page = stage.answer(ok({"id": "4711"})).lane(Lane.LIVE, 5.0).update_issue("4711", RESOLVED)
    assert page.body == {"id": "4711"}
    (sent,) = stage.seen
    assert (sent.method, stage.paths) == ("PUT", ["/api/0/organizations/acme/issues/4711/"])
    assert orjson.loads(sent.content) == RESOLVED
    assert sent.headers["content-type"] == "application/json"
    assert stage.tokens == [f"Bearer {TOKEN}"]
    assert stage.ledger.asked == [("update_issue", Lane.LIVE)]
    assert stage.ledger.settled[0][:2] == ("update_issue", 200)


@pytest.mark.parametrize(
    "answer",
    [
        reply(500, {"detail": "Internal Error"}),
        html(502),
        html(503),
        reply(504, {"detail": "Query timeout"}),
        httpx.ReadTimeout("slow"),
        httpx.WriteError("broken pipe"),
        httpx.RemoteProtocolError("Server disconnected without sending a response."),
        httpx.Response(200, headers={"content-type": "application/json"}, content=b'{"id":'),
    ],
)
def test_what_may_have_been_done_is_not_sent_again_and_said_to_be_unknown(
    stage: Stage, answer: httpx.Response | Exception
) -> None:
    with pytest.raises(Unsure, match="whether the change was made is not known") as caught:
        stage.answer(answer).update_issue("4711", RESOLVED)
    assert len(stage.seen) == 1
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("refused", [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow")])
def test_what_never_left_is_sent_again(stage: Stage, refused: Exception) -> None:
    assert stage.answer(refused, ok({"id": "4711"})).update_issue("4711", RESOLVED).body == {"id": "4711"}
    assert len(stage.seen) == 2


def test_what_the_limiter_turned_away_is_sent_again(stage: Stage) -> None:
    limited = reply(429, {"detail": "too frequently"})
    assert stage.answer(limited, ok({"id": "4711"})).update_issue("4711", RESOLVED).body == {"id": "4711"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.ConnectError("refused"), Unavailable),
        (reply(429, {"detail": "too frequently"}), RateLimited),
        (reply(400, {"status": ["not a valid choice"]}), BadRequest),
        (reply(404, {"detail": "The requested resource does not exist"}), NotFound),
    ],
)
def test_what_surely_was_not_done_is_told_as_what_it_was(
    stage: Stage, answer: httpx.Response | Exception, error: type[SentryError]
) -> None:
    with pytest.raises(error) as caught:
        stage.answer(answer).update_issue("4711", RESOLVED)
    assert not isinstance(caught.value, Unsure)


def test_a_token_that_may_not_is_told_the_scope_it_lacks(stage: Stage) -> None:
    refused = reply(403, {"detail": "You do not have permission to perform this action."})
    with pytest.raises(Forbidden, match=r"may not change an issue .*give it the scope event:write"):
        stage.answer(refused).update_issue("4711", RESOLVED)


def test_without_room_in_the_budget_nothing_is_sent(stage: Stage) -> None:
    client = stage.answer(ok({"id": "4711"}))
    stage.ledger.waits = [Wait(30.0, "100 of 100 requests are spent", blocked=False)]
    with pytest.raises(BudgetExhausted):
        client.lane(Lane.LIVE, 5.0).update_issue("4711", RESOLVED)
    assert stage.seen == []


def test_a_server_without_the_organizations_path_is_asked_at_the_bare_one(stage: Stage) -> None:
    client = stage.answer(reply(405, {"detail": 'Method "PUT" not allowed.'}), ok({"id": "4711"}))
    assert client.update_issue("4711", RESOLVED).body == {"id": "4711"}
    assert stage.paths == ["/api/0/organizations/acme/issues/4711/", "/api/0/issues/4711/"]
    assert [request.method for request in stage.seen] == ["PUT", "PUT"]

"""What answers mean."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from sentry_sync.errors import (
    AuthFailed,
    BadRequest,
    Forbidden,
    Gone,
    NotFound,
    NotSupported,
    OutsideRetention,
    QueryTimeout,
    RateLimited,
    SchemaDrift,
    SentryError,
    Unavailable,
)
from sentry_sync.sentry.interpret import Answer, interpret

SECRET = "sntryu_secret"
JSON = "application/json"


def answer(status: int, body: Any, content_type: str = JSON, endpoint: str = "issues") -> Any:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return interpret(Answer(status, content_type, raw, endpoint, "sentry.io", SECRET))


def error(status: int, body: Any, content_type: str = JSON, endpoint: str = "issues") -> SentryError:
    with pytest.raises(SentryError) as caught:
        answer(status, body, content_type, endpoint)
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 450
    assert SECRET not in text
    return caught.value


@pytest.mark.parametrize(
    "content_type", [JSON, "application/json; charset=utf-8", "Application/JSON", "application/problem+json"]
)
def test_json_is_parsed(content_type: str) -> None:
    assert answer(200, [{"id": "1"}], content_type) == [{"id": "1"}]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequest),
        (401, AuthFailed),
        (403, Forbidden),
        (404, NotFound),
        (405, NotSupported),
        (408, Unavailable),
        (410, Gone),
        (414, BadRequest),
        (422, BadRequest),
        (429, RateLimited),
        (500, Unavailable),
        (501, NotSupported),
        (502, Unavailable),
        (503, Unavailable),
        (504, QueryTimeout),
        (301, Unavailable),
    ],
)
def test_each_status_has_its_error(status: int, kind: type[SentryError]) -> None:
    assert type(error(status, {"detail": "because"})) is kind


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"detail": "plain text"}, "plain text"),
        (
            {"detail": {"code": "sso-required", "message": "Log in", "extra": {"loginUrl": "/x"}}},
            "Log in [sso-required]",
        ),
        ({"detail": {"code": "sso-required"}}, "sso-required"),
        ({"limit": ["must be a number"]}, "limit: must be a number"),
        ({"a": ["one", "two"], "b": ["three"]}, "a: one; two; b: three"),
        ({"error": {"params": {"stats_period": {"message": "unknown period"}}}}, "unknown period"),
        ({"error": "just so"}, "just so"),
        ({"message": "This API no longer exists."}, "This API no longer exists."),
        (
            {"detail": [{"loc": ["query", "sort"], "msg": "Input should be 'count'", "ctx": {"x": "y"}}]},
            "sort: Input should be",
        ),
        (["one", {"message": "two"}], "one; two"),
        ("only a string", "only a string"),
    ],
)
def test_every_shape_of_complaint_is_read(body: Any, said: str) -> None:
    assert said in str(error(400, body))


@pytest.mark.parametrize("body", [{}, [], None, 5, {"detail": None}, {"detail": {}}, {"x": {"y": []}}])
def test_a_complaint_that_says_nothing_is_no_trouble(body: Any) -> None:
    assert isinstance(error(400, body), BadRequest)


def test_what_a_server_says_is_one_clean_short_line() -> None:
    text = str(error(400, {"detail": f"a\r\nb\x1b[31m\u202ec \ud7ff{'x' * 5000} {SECRET}"}))
    assert "a b [31m c" in text
    assert len(text) < 300


def test_a_token_in_the_servers_text_is_blotted_out() -> None:
    assert "token *** is bad" in str(error(401, {"detail": f"token {SECRET} is bad"}))


def test_a_page_instead_of_json_means_the_endpoint_is_not_there() -> None:
    assert isinstance(error(200, b"<html>", "text/html"), NotSupported)
    assert isinstance(error(404, b"<html>", "text/html"), NotSupported)
    assert isinstance(error(404, b"Not found", "text/plain"), NotSupported)
    assert isinstance(error(404, {"info": "Route not found, did you forget a trailing slash?"}), NotSupported)


@pytest.mark.parametrize(("status", "endpoint"), [(200, "root"), (404, "organization"), (404, "projects")])
def test_a_server_that_is_not_sentry_is_said_to_be_none(status: int, endpoint: str) -> None:
    assert "doesn't answer like Sentry" in str(error(status, b"<html>", "text/html", endpoint))


@pytest.mark.parametrize("text", ["Query timeout. Please try again.", "Query timeout", "The query timed out"])
def test_older_servers_say_query_timeout_with_a_400(text: str) -> None:
    assert isinstance(error(400, {"detail": text}), QueryTimeout)


def test_a_time_the_server_no_longer_keeps_is_no_wrong_question() -> None:
    text = "Invalid date range. Please try a more recent date range."
    assert isinstance(error(400, {"detail": text}), OutsideRetention)


def test_a_403_names_the_scope_to_add() -> None:
    assert "event:read" in str(error(403, {"detail": "no"}, endpoint="issues"))
    assert "project:releases" in str(error(403, {"detail": "no"}, endpoint="releases"))
    assert "org:read" in str(error(403, {"detail": "no"}, endpoint="sessions"))


def test_broken_json_is_drift_and_an_empty_body_may_pass() -> None:
    assert isinstance(error(200, b'{"a": '), SchemaDrift)
    assert isinstance(error(200, b""), Unavailable)


def test_an_html_error_page_is_not_quoted() -> None:
    assert "html" not in str(error(502, b"<html>secret page</html>", "text/html"))
    assert isinstance(error(403, b"<html>", "text/html"), Forbidden)
    assert isinstance(error(500, b"{broken", JSON), Unavailable)

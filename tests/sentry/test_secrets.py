"""The token is on the request to its server, and nowhere else."""

from __future__ import annotations

import logging
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from sentry_sync import __version__
from sentry_sync.errors import SentryError
from sentry_sync.sentry.client import SentryClient
from sentry_sync.sentry.connection import Connection, Token
from sentry_sync.sentry.origins import Origins
from sentry_sync.sentry.transports.auth import AuthTransport
from tests.sentry.stage import TOKEN, URL, Stage, ok, reply


def test_the_server_gets_the_token_and_our_name(stage: Stage) -> None:
    def look(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert request.headers["user-agent"] == f"sentry-sync/{__version__}"
        return ok()

    stage.answer(look).environments()
    assert "authorization" not in stage.seen[0].headers


@pytest.mark.parametrize(
    "url", ["https://evil.com/", "http://sentry.example.com/", "https://sentry.example.com:444/"]
)
def test_no_other_server_gets_it_even_if_somebody_else_put_it_there(url: str) -> None:
    seen: list[str | None] = []

    def network(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("authorization"))
        return ok()

    origins = Origins(Connection(URL, TOKEN, "acme"))
    transport = AuthTransport(httpx.MockTransport(network), origins, Token(TOKEN))
    transport.handle_request(httpx.Request("GET", url, headers={"Authorization": f"Bearer {TOKEN}"}))
    assert seen == [None]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError(f"failed for {TOKEN}"),
        httpx.ReadTimeout(f"failed for {TOKEN}"),
        reply(401, {"detail": f"bad token {TOKEN}"}),
        reply(400, {TOKEN: [TOKEN]}),
        reply(302, {}, location=f"https://evil.com/{TOKEN}"),
    ],
)
def test_no_error_shows_the_token(stage: Stage, answer: httpx.Response | Exception) -> None:
    with pytest.raises(SentryError) as caught:
        stage.answer(answer).environments()
    assert TOKEN not in str(caught.value)
    assert TOKEN not in repr(caught.value)


def test_no_request_in_a_traceback_holds_the_token(stage: Stage) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(SentryError) as caught:
        stage.answer(refuse).environments()
    cause = caught.value.__cause__
    assert isinstance(cause, httpx.RequestError)
    assert "authorization" not in cause.request.headers
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


class _Silent(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"[]"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Say nothing."""


def test_no_log_of_any_library_shows_the_token_or_the_query(caplog: pytest.LogCaptureFixture) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Silent)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    stage = Stage()
    try:
        with caplog.at_level(logging.DEBUG):
            connection = Connection(f"http://127.0.0.1:{server.server_address[1]}", TOKEN, "acme")
            with SentryClient(connection, stage.ledger, stage.clock) as client:
                client.issues(query="user.email:ana@example.com", sort="date", start=None, end=None)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    logged = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "send_request_headers" in logged
    assert TOKEN not in logged
    assert "ana" not in logged

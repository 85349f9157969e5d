"""The HTTP application in memory: each misuse has its status, and both eras and both transports are served."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest

from sentry_sync.serve.gate import Gate, Rules
from sentry_sync.serve.http_app import LARGEST_BODY, http_app
from sentry_sync.serve.server import build
from tests.answers.desk import Asking

TOKEN = "0123456789abcdef"
JSON = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
AUTHORIZED = {**JSON, "authorization": f"Bearer {TOKEN}"}
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    asking = Asking(tmp_path_factory.mktemp("http"))
    asking.rig.sync("projects", "issues")
    yield asking
    asking.close()


@asynccontextmanager
async def client(asking: Asking, rules: Rules) -> AsyncIterator[httpx.AsyncClient]:
    app = http_app(build(asking.offline), Gate(rules, lambda: 0.0))
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 5000))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as found,
    ):
        yield found


def spoken(asking: Asking, talk: Callable[[httpx.AsyncClient], Awaitable[Any]], rules: Rules | None = None) -> Any:
    async def run() -> Any:
        async with client(asking, rules or Rules(TOKEN)) as found:
            return await talk(found)

    return anyio.run(run)


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("POST", "/mcp", JSON, b"{}", 401),
        ("GET", "/sse", {}, b"", 401),
        ("POST", "/messages/?session_id=0", JSON, b"{}", 401),
        ("GET", "/nowhere", {}, b"", 401),
        ("POST", "/mcp", {**AUTHORIZED, "authorization": "Bearer wrong"}, b"{}", 401),
        ("POST", "/mcp", {**AUTHORIZED, "origin": "http://evil.example"}, b"{}", 403),
        ("GET", "/sse", {**AUTHORIZED, "origin": "http://evil.example"}, b"", 403),
        ("POST", "/mcp", {**AUTHORIZED, "host": "evil.example"}, b"{}", 421),
        ("GET", "/sse", {**AUTHORIZED, "host": "evil.example"}, b"", 421),
        ("POST", "/messages/?session_id=0", {**AUTHORIZED, "host": "evil.example"}, b"{}", 421),
        ("POST", "/mcp", AUTHORIZED, b" " * (LARGEST_BODY + 1), 413),
        ("POST", "/messages/?session_id=0", AUTHORIZED, b" " * (LARGEST_BODY + 1), 413),
        ("GET", "/nowhere", AUTHORIZED, b"", 404),
        ("POST", "/sse", AUTHORIZED, b"{}", 405),
        ("GET", "/messages/", AUTHORIZED, b"", 405),
        ("PUT", "/mcp", {**AUTHORIZED, "mcp-protocol-version": "2026-07-28"}, b"", 405),
        ("POST", "/messages/?session_id=zz", AUTHORIZED, b"{}", 400),
        ("POST", f"/messages/?session_id={'0' * 32}", AUTHORIZED, b"{}", 404),
        ("POST", "/mcp", {**AUTHORIZED, "mcp-session-id": "none"}, b"{}", 404),
        ("POST", "/mcp", AUTHORIZED, b"not json", 400),
        ("POST", "/mcp", {**AUTHORIZED, "content-type": "text/plain"}, b"{}", 400),
        ("POST", "/mcp", {**AUTHORIZED, "accept": "text/html"}, b"{}", 406),
    ],
)
def test_each_misuse_has_its_status_and_no_traceback(
    asking: Asking,
    caplog: pytest.LogCaptureFixture,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    status: int,
) -> None:
    async def talk(found: httpx.AsyncClient) -> httpx.Response:
        return await found.request(method, path, headers=headers, content=body)

    with caplog.at_level(logging.DEBUG):
        answer = spoken(asking, talk)
    assert answer.status_code == status
    assert "Traceback" not in answer.text + caplog.text
    assert TOKEN not in answer.text + caplog.text
    assert TOKEN not in str(answer.headers)


def test_a_refusal_is_an_error_of_the_protocol(asking: Asking) -> None:
    async def talk(found: httpx.AsyncClient) -> Any:
        return (await found.post("/mcp", json=HELLO)).json()

    error = spoken(asking, talk)
    assert (error["id"], error["error"]["code"]) == (None, -32600)
    assert "SENTRY_SYNC_MCP_TOKEN" in error["error"]["message"]


def test_whoever_asks_too_often_is_told_when_to_come_back(asking: Asking) -> None:
    async def talk(found: httpx.AsyncClient) -> list[httpx.Response]:
        return [await found.post("/mcp", headers=JSON, json=HELLO) for _ in range(3)]

    *_, last = spoken(asking, talk, Rules(per_minute=12))
    assert (last.status_code, last.headers["retry-after"]) == (429, "5")


def test_a_session_of_the_older_era_gets_its_answers(asking: Asking) -> None:
    async def talk(found: httpx.AsyncClient) -> Any:
        greeted = await found.post("/mcp", headers=AUTHORIZED, json=HELLO)
        session = {**AUTHORIZED, "mcp-session-id": greeted.headers["mcp-session-id"]}
        call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "get-projects"}}
        return (await found.post("/mcp", headers=session, json=call)).json()

    assert len(spoken(asking, talk)["result"]["structuredContent"]["projects"]) == 3


@pytest.mark.parametrize("space", ["", " ", "\t "])
def test_the_newer_era_needs_no_session_and_space_around_a_header_means_nothing(
    asking: Asking, space: str
) -> None:
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "get-projects", "_meta": meta}}
    headers = {
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": f"get-projects{space}",
    }

    async def talk(found: httpx.AsyncClient) -> Any:
        return (await found.post("/mcp", headers={**AUTHORIZED, **headers}, json=call)).json()

    assert len(spoken(asking, talk)["result"]["structuredContent"]["projects"]) == 3

"""Progress over HTTP: each transport and era has another way for it."""

from __future__ import annotations

import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import httpx2
import pytest
import uvicorn
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

from sentry_sync.serve.gate import Gate, Rules
from sentry_sync.serve.http_app import http_app
from sentry_sync.serve.server import build
from tests.answers.desk import Asking


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[Asking]:
    asking = Asking(tmp_path)
    yield asking
    asking.close()


@asynccontextmanager
async def serving(asking: Asking, era: str) -> AsyncIterator[str]:
    """The base URL of a server on this loop; Sentry does not answer it before the client opened its stream."""
    app = http_app(build(asking.online), Gate(Rules(), anyio.current_time))
    opened = threading.Event()

    def hold(_request: httpx.Request) -> None:
        assert opened.wait(10)

    asking.rig.before = hold

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        async def sent(message: Any) -> None:
            await send(message)
            if message["type"] == "http.response.start" and (era == "auto" or scope["method"] == "GET"):
                opened.set()

        await app(scope, receive, sent)

    server = uvicorn.Server(uvicorn.Config(watched, ws="none", log_config=None))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with anyio.create_task_group() as group:
            group.start_soon(server.serve, [listening])
            while not server.started:
                await anyio.sleep(0.001)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
            server.should_exit = True


@pytest.mark.parametrize("transport", ["auto", "legacy", "sse"])
def test_whoever_asked_hears_how_far_a_sync_is(asking: Asking, transport: str) -> None:
    heard: list[str | None] = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        heard.append(message)

    async def called(opened: Any, **options: Any) -> Any:
        async with Client(opened, **options) as client:
            result = await client.call_tool("sync-now", {"resource": "issues"}, progress_callback=on_progress)
            while len(heard) < 2:  # on a stream of its own it may come behind the answer
                await anyio.sleep(0.001)
            return result

    async def talk() -> Any:
        with anyio.fail_after(20):
            return await connected()

    async def connected() -> Any:
        async with serving(asking, transport) as url, httpx2.AsyncClient() as http:
            if transport == "sse":
                return await called(sse_client(f"{url}/sse"))
            return await called(streamable_http_client(f"{url}/mcp", http_client=http), mode=transport)

    assert anyio.run(talk).structured_content["outcome"] == "done"
    assert heard == ["issues.hot: 100 rows", "issues.hot: 120 rows"]

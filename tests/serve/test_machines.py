"""What machines ask, in memory: who may, and what they learn."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import anyio
import httpx
import pytest
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route, Router

from sentry_sync.answers.context import Answers
from sentry_sync.records.schedule import AWAY, Rest
from sentry_sync.serve.gate import Gate, Rules
from sentry_sync.serve.http_app import Counted, http_app
from sentry_sync.serve.machines import wings
from sentry_sync.serve.metrics import Metrics
from sentry_sync.serve.server import build
from sentry_sync.store.unit_of_work import UnitOfWork
from tests.answers.desk import NOW, Asking

TOKEN = "0123456789abcdef"
STRANGER = {"host": "probe.example"}
PARAMS: dict[str, Any] = {
    "name": "get_projects",
    "arguments": {},
    "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    },
}
CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": PARAMS}
ERA = {
    "accept": "application/json, text/event-stream",
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "tools/call",
    "mcp-name": "get_projects",
    "authorization": f"Bearer {TOKEN}",
}


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    asking = Asking(tmp_path_factory.mktemp("machines"))
    asking.rig.sync("projects", "issues")
    yield asking
    asking.close()


def spoken(answers: Answers, talk: Callable[[httpx.AsyncClient], Awaitable[Any]]) -> Any:
    metrics = Metrics()
    metrics.reads(lambda counted: answers.holdings(counted=counted))

    async def run() -> Any:
        app = http_app(
            build(answers, observe=metrics.answered),
            Gate(Rules(TOKEN), lambda: 0.0),
            wings(answers, metrics),
            metrics.heard,
            metrics.stream,
        )
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 5000))
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client,
        ):
            return await talk(client)

    return anyio.run(run)


def got(answers: Answers, path: str, **headers: str) -> httpx.Response:
    async def talk(client: httpx.AsyncClient) -> httpx.Response:
        return await client.get(path, headers=headers)

    found: httpx.Response = spoken(answers, talk)
    return found


def test_anybody_by_any_name_learns_that_it_is_alive_and_nothing_else(asking: Asking) -> None:
    answer = got(asking.offline, "/healthz", **STRANGER)
    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_it_is_ready_once_there_is_a_copy_and_somebody_keeps_it(asking: Asking) -> None:
    idle = got(asking.offline, "/readyz", **STRANGER)
    assert (idle.status_code, idle.json()) == (
        503,
        {"ready": False, "store": True, "syncing": False, "first_copy": True},
    )
    with asking.rig.store.syncing():
        kept = got(asking.offline, "/readyz", **STRANGER)
    assert (kept.status_code, kept.json()["ready"]) == (200, True)


def test_of_another_organizations_store_it_is_not_ready(asking: Asking) -> None:
    other = asking.answers(None, organization="globex")
    assert got(other, "/readyz").json() == {"ready": False, "store": False, "syncing": False, "first_copy": False}
    other.close()


def test_figures_are_for_whoever_has_the_token(asking: Asking) -> None:
    assert got(asking.offline, "/metrics").status_code == 401
    assert got(asking.offline, "/metrics", **STRANGER, authorization=f"Bearer {TOKEN}").status_code == 421
    answer = got(asking.offline, "/metrics", authorization=f"Bearer {TOKEN}")
    assert (answer.status_code, answer.headers["content-type"]) == (
        200,
        "text/plain; version=0.0.4; charset=utf-8",
    )
    for line in (
        "sentry_sync_store_usable 1.0",
        'sentry_sync_rows{table="issues"} 120.0',
        'sentry_sync_lag_seconds{resource="issues"} 0.0',
        'sentry_sync_budget_left{lane="live"}',
        'sentry_sync_failures{stream="issues.hot"} 0.0',
    ):
        assert line in answer.text


def test_a_rest_is_a_figure(asking: Asking) -> None:
    seen = []
    with asking.rig.store.syncing():
        for rest in (None, Rest(NOW + timedelta(minutes=10), AWAY)):
            asking.write(partial(UnitOfWork.rest, found=rest))
            text = got(asking.offline, "/metrics", authorization=f"Bearer {TOKEN}").text
            seen += [line for line in text.splitlines() if line.startswith("sentry_sync_resting")]
    assert seen == ["sentry_sync_resting 0.0", "sentry_sync_resting 1.0"]


def test_a_store_that_cannot_be_read_is_a_figure_too(asking: Asking) -> None:
    other = asking.answers(None, organization="globex")
    asking.rig.store.paths.database.rename(asking.rig.directory / "aside")
    asking.rig.store.paths.database.write_bytes(b"no database" * 1000)
    try:
        text = got(other, "/metrics", authorization=f"Bearer {TOKEN}").text
    finally:
        (asking.rig.directory / "aside").replace(asking.rig.store.paths.database)
        other.close()
    assert "sentry_sync_store_usable 0.0" in text
    assert "sentry_sync_rows" not in text


def test_answers_and_requests_are_counted_by_names_that_are_ours(asking: Asking) -> None:
    async def talk(client: httpx.AsyncClient) -> str:
        await client.post("/mcp", json=CALL, headers=ERA)
        unknown = {**CALL, "params": {**PARAMS, "name": "drop-tables"}}
        await client.post("/mcp", json=unknown, headers={**ERA, "mcp-name": "drop-tables"})
        for path in ("/a", "/b", "/metrics"):
            await client.get(path)
        return (await client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})).text

    text = spoken(asking.offline, talk)
    for line in (
        'sentry_sync_answers_total{source="local",tool="get-projects"} 1.0',
        'sentry_sync_answers_total{source="refused",tool="unknown"} 1.0',
        'sentry_sync_answer_seconds_count{tool="get-projects"} 1.0',
        'sentry_sync_http_requests_total{route="other",status="401"} 2.0',
        'sentry_sync_http_requests_total{route="/metrics",status="401"} 1.0',
        'sentry_sync_http_requests_total{route="/mcp",status="200"} 2.0',
    ):
        assert line in text
    assert "drop-tables" not in text


def test_no_figure_names_a_project(asking: Asking) -> None:
    text = got(asking.offline, "/metrics", authorization=f"Bearer {TOKEN}").text
    assert not [project.slug for project in asking.rig.sim.world.projects if f'"{project.slug}"' in text]


def test_open_streams_are_counted_while_they_are_open() -> None:
    counted: list[tuple[str, int]] = []
    open_, ended = anyio.Event(), anyio.Event()

    async def events() -> AsyncIterator[str]:
        open_.set()
        await ended.wait()
        yield "data: 1\n\n"

    async def stream(_request: Request) -> StreamingResponse:
        return StreamingResponse(events(), media_type="text/event-stream")

    async def run() -> None:
        routes = [Route("/events/{page}", stream)]
        app = Counted(Router(routes), routes, lambda *_told: None, lambda *told: counted.append(told))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
            async with anyio.create_task_group() as group:
                group.start_soon(client.get, "/events/1")
                await open_.wait()
                assert counted == [("/events/{page}", 1)]
                ended.set()
            await client.get("/elsewhere")

    anyio.run(run)
    assert counted == [("/events/{page}", 1), ("/events/{page}", -1)]

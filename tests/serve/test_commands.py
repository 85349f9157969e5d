"""What is carried out: progress while it lasts, and nothing changed at Sentry unless the user allowed it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import jsonschema
import pytest
from mcp import Client

from sentry_sync.answers.context import Answers
from sentry_sync.answers.desk import Means
from sentry_sync.serve.server import build
from sentry_sync.serve.tools import TOOLS
from sentry_sync.store import tables
from tests.answers.desk import Asking
from tests.serve.test_server import called, conversation


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[Asking]:
    asking = Asking(tmp_path, one_time=True)
    yield asking
    asking.close()


@pytest.fixture
def writing(asking: Asking) -> Iterator[Answers]:
    asking.rig.sync("projects", "issues")
    answers = asking.answers(asking.client, means=Means(allow_writes=True))
    yield answers
    answers.close()


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_sync_tells_whoever_asked_how_many_pages_it_read(asking: Asking, mode: str) -> None:
    heard: list[tuple[float, str | None]] = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, message))

    async def talk(client: Client) -> Any:
        return await client.call_tool("sync-now", {"resource": "issues"}, progress_callback=on_progress)

    result = conversation(asking.online, talk, mode=mode)
    assert result.structured_content["outcome"] == "done"
    assert heard == [(1, "issues.hot: 100 rows"), (2, "issues.hot: 120 rows")]


def test_a_sync_that_nobody_waits_for_stops_at_its_page(asking: Asking) -> None:
    arrived, go = threading.Event(), threading.Event()

    def hold(request: httpx.Request) -> None:
        arrived.set()
        assert go.wait(10)

    asking.rig.before = hold

    async def talk(client: Client) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(client.call_tool, "sync-now", {"resource": "issues"})
            while not arrived.is_set():
                await anyio.sleep(0.01)
            group.cancel_scope.cancel()

    async def run() -> None:
        async with Client(build(asking.online)) as client:
            await talk(client)
            go.set()
            with anyio.fail_after(10):
                while not asking.rig.rows(tables.leases) or asking.rig.rows(tables.leases)[0].holder:
                    await anyio.sleep(0.01)

    anyio.run(run)
    assert asking.requests() == 1


def test_without_leave_the_tool_that_changes_issues_is_neither_listed_nor_carried_out(asking: Asking) -> None:
    async def talk(client: Client) -> Any:
        return await client.list_tools()

    assert "update-issue" not in {tool.name for tool in conversation(asking.online, talk).tools}
    result = called(asking.online, "update-issue", issue_id="4711", status="resolved")
    assert result.is_error
    assert "--allow-writes" in result.content[0].text
    assert asking.requests() == 0


def test_with_leave_it_is_listed_as_what_it_is_and_changes_the_issue(asking: Asking, writing: Answers) -> None:
    async def talk(client: Client) -> Any:
        return await client.list_tools()

    listed = conversation(writing, talk)
    (tool,) = [tool for tool in listed.tools if tool.name == "update-issue"]
    hints = tool.annotations
    assert (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint) == (False, True, False)
    assert len(listed.model_dump_json(by_alias=True, exclude_none=True)) < 20_000
    issue = next(issue for issue in asking.rig.sim.world.issues.values() if issue.status == "unresolved")
    result = called(writing, "update-issue", issue_id=issue.id, status="resolved")
    assert (result.is_error, result.structured_content["outcome"]) == (False, "done")
    jsonschema.validate(result.structured_content, next(t for t in TOOLS if t.name == tool.name).output_schema())
    assert issue.status == "resolved"
    (row,) = asking.rig.rows(tables.audit_log)
    assert row.actor.startswith("MCP client ")


def test_a_change_that_cannot_be_meant_is_one_line(writing: Answers) -> None:
    result = called(writing, "update-issue", issue_id="4711", status="deleted")
    assert result.is_error
    assert "status must be one of resolved, unresolved, ignored" in result.content[0].text

"""What the audit log has of an assistant's calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import anyio
import pytest
from mcp import Client

from sentry_sync.answers.context import Answers
from sentry_sync.serve.server import build
from tests.answers.desk import Asking


@pytest.fixture
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    asking = Asking(tmp_path_factory.mktemp("audited"))
    asking.rig.store.prepare()
    yield asking
    asking.close()


def talk(answers: Answers, said: Callable[[Client], Awaitable[Any]]) -> list[dict[str, Any]]:
    async def run() -> None:
        async with Client(build(answers, way="HTTP")) as client:
            await said(client)

    anyio.run(run)
    answers.trail.flush()
    return list(reversed(answers.trail.last(10)))


def test_each_call_is_written_down_with_who_what_and_how_much_and_no_content(asking: Asking) -> None:
    async def said(client: Client) -> None:
        await client.call_tool("get-projects", {})
        await client.call_tool("get-issues", {"query": "ana@example.org secret"})
        await client.call_tool("get-issues", {"sort": "luck"})
        await client.call_tool("query-sql", {"sql": "SELECT 1 FROM issues"})

    first, second, third, fourth = talk(asking.offline, said)
    assert (first["what"], first["outcome"], first["source"], first["rows"]) == ("get-projects", "ok", "local", 0)
    assert first["who"].startswith("MCP client ")
    assert first["who"].endswith(" over HTTP")
    assert first["ms"] >= 0
    assert second["arguments"]["query"].startswith("#")
    assert "ana" not in str(second)
    assert third["outcome"] == "QuestionError"
    assert (fourth["what"], fourth["arguments"]["sql"][0]) == ("query-sql", "#")


def test_an_answer_that_asked_sentry_says_so(asking: Asking) -> None:
    async def said(client: Client) -> None:
        await client.call_tool("get-issues", {"project": asking.slug})

    (entry,) = talk(asking.online, said)
    assert entry["source"] == "live"
    assert entry["arguments"] == {"project": asking.slug}
    assert entry["rows"] > 0

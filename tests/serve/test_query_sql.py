"""query-sql over MCP: the server answers others meanwhile, and outlives whatever a statement does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from mcp import Client

from tests.answers.desk import Asking
from tests.serve.test_server import called, conversation


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    asking = Asking(tmp_path_factory.mktemp("sql"))
    asking.rig.sync()
    yield asking
    asking.close()


def test_rows_come_under_untrusted_and_match_the_store(asking: Asking) -> None:
    found = called(asking.offline, "query-sql", sql="SELECT id, title FROM issues ORDER BY id").structured_content

    assert found["row_count"] == len(found["untrusted"]["rows"]) > 0
    assert [column["name"] for column in found["columns"]] == ["id", "title"]
    assert found["freshness"]["source"] == "local"


def test_a_mistake_is_answered_with_the_nearest_name(asking: Asking) -> None:
    result = called(asking.offline, "query-sql", sql="SELECT titel FROM issues")

    assert result.is_error
    assert "did you mean title?" in result.content[0].text


def test_the_server_answers_others_while_a_statement_works_and_lives_when_it_dies(asking: Asking) -> None:
    async def talk(client: Client) -> list[str]:
        order: list[str] = []

        async def ask(name: str, arguments: dict[str, Any]) -> None:
            result = await client.call_tool(name, arguments)
            order.append(f"{name} {'failed' if result.is_error else 'answered'}")

        async with anyio.create_task_group() as group:
            group.start_soon(ask, "query-sql", {"sql": "SELECT list(range) FROM range(100000000000)"})
            await anyio.sleep(0)
            group.start_soon(ask, "get-projects", {})
        await ask("query-sql", {"sql": "SELECT 1"})
        return order

    assert conversation(asking.offline, talk) == [
        "get-projects answered",
        "query-sql failed",
        "query-sql answered",
    ]

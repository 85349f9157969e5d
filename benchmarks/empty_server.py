"""The yardsticks of the MCP server: an empty one on the same SDK, or one that answers given bytes from memory.

Usage: python -m benchmarks.empty_server [--http PORT] [ANSWERS.json]

ANSWERS.json holds a result for each tool by its name.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import mcp.types as t
from mcp.server import Server
from mcp.server.stdio import stdio_server


def build(answers: Mapping[str, Any]) -> Server[Any]:
    """A server that has each of ``answers`` in memory."""
    tools = [
        t.Tool(
            name=name, description="The same answer each time", input_schema={"type": "object", "properties": {}}
        )
        for name in answers
    ]

    async def listed(_context: Any, _params: Any) -> t.ListToolsResult:
        return t.ListToolsResult(tools=tools)

    async def called(_context: Any, params: t.CallToolRequestParams) -> t.CallToolResult:
        answer = answers[params.name]
        return t.CallToolResult(
            content=[t.TextContent(type="text", text=answer["content"][0]["text"])],
            structured_content=answer["structuredContent"],
        )

    return Server("yardstick", version="0", on_list_tools=listed, on_call_tool=called)


async def _over_stdio(server: Server[Any]) -> None:
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


def _over_http(server: Server[Any], port: int) -> None:
    import uvicorn

    app = server.streamable_http_app(json_response=True)
    uvicorn.run(app, host="127.0.0.1", port=port, http="httptools", log_level="error", access_log=False)


def main() -> None:
    """Serve until stdin ends, or until a signal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--http", type=int)
    parser.add_argument("answers", type=Path, nargs="?")
    given = parser.parse_args()
    server = build(json.loads(given.answers.read_text(encoding="utf-8")) if given.answers else {})
    if given.http is None:
        anyio.run(_over_stdio, server)
    else:
        _over_http(server, given.http)


if __name__ == "__main__":
    main()

"""The yardsticks of the MCP server: an empty one on the same SDK, or one that answers given bytes from memory.

Usage: python -m benchmarks.empty_server [ANSWER.json]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import anyio
import mcp.types as t
from mcp.server import Server
from mcp.server.stdio import stdio_server

ANSWER = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")) if len(sys.argv) > 1 else None
TOOL = t.Tool(
    name="get-issues", description="The same answer each time", input_schema={"type": "object", "properties": {}}
)


async def _list(_context: Any, _params: Any) -> t.ListToolsResult:
    return t.ListToolsResult(tools=[TOOL] if ANSWER else [])


async def _call(_context: Any, _params: Any) -> t.CallToolResult:
    assert ANSWER is not None
    return t.CallToolResult(
        content=[t.TextContent(type="text", text=ANSWER["content"][0]["text"])],
        structured_content=ANSWER["structuredContent"],
    )


async def _main() -> None:
    server = Server("yardstick", version="0", on_list_tools=_list, on_call_tool=_call)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


anyio.run(_main)

"""Clients that do nothing but send questions over HTTP and read the answers, so that only the server is measured.

Usage: python -m benchmarks.http_load URL CLIENTS SECONDS QUESTIONS.json [PAUSE]

Each client is a session with one connection, and asks PAUSE seconds after
it was answered, at once by default. Prints one JSON object:
``{"milliseconds": [...], "errors": [...]}``.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


class Client:
    """One connection, one session."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._session = ""

    async def open(self) -> None:
        """Connect and greet."""
        assert self._parts.hostname
        self._reader, self._writer = await asyncio.open_connection(self._parts.hostname, self._parts.port)
        hello = {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "benchmark", "version": "0"},
        }
        _, headers, _ = await self.send({"id": 0, "method": "initialize", "params": hello})
        self._session = f"Mcp-Session-Id: {headers['mcp-session-id']}\r\nMCP-Protocol-Version: 2025-11-25\r\n"
        await self.send({"method": "notifications/initialized"})

    async def send(self, message: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer."""
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        head = (
            f"POST {self._parts.path} HTTP/1.1\r\nHost: {self._parts.netloc}\r\n{self._session}"
            "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        raw = await self._reader.readuntil(b"\r\n\r\n")
        first, *lines = raw.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
        answer = await self._reader.readexactly(int(headers.get("content-length", 0)))
        return int(first.split()[1]), headers, answer


Questions = list[dict[str, Any]]


async def _ask(client: Client, questions: Questions, until: float, pause: float, offset: int) -> list[float]:
    times = []
    number = offset
    while time.perf_counter() < until:
        number += 1
        question = {"id": number, "method": "tools/call", "params": questions[number % len(questions)]}
        started = time.perf_counter()
        status, _, answer = await client.send(question)
        times.append(1000 * (time.perf_counter() - started))
        if status != 200 or b'"isError":true' in answer[:200] or b'"error":' in answer[:60]:
            raise SystemExit(f"{status}: {answer[:300]!r}")
        if pause:
            await asyncio.sleep(pause)
    return times


async def _main(url: str, clients: int, seconds: float, questions: Questions, pause: float) -> None:
    opened = [Client(url) for _ in range(clients)]
    for client in opened:
        await client.open()
    until = time.perf_counter() + seconds
    done = await asyncio.gather(
        *(_ask(client, questions, until, pause, offset) for offset, client in enumerate(opened)),
        return_exceptions=True,
    )
    errors = [repr(one) for one in done if isinstance(one, BaseException)]
    times = [value for one in done if isinstance(one, list) for value in one]
    print(json.dumps({"milliseconds": times, "errors": errors}))


if __name__ == "__main__":
    asyncio.run(
        _main(
            sys.argv[1],
            int(sys.argv[2]),
            float(sys.argv[3]),
            json.loads(Path(sys.argv[4]).read_text(encoding="utf-8")),
            float(sys.argv[5]) if len(sys.argv) > 5 else 0.0,
        )
    )

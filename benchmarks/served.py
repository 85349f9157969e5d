"""`sentry-sync serve` as the benchmarks use it: a process of its own, its figures, and questions to it."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import re
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from benchmarks import harness

SECRET = "0123456789abcdef0123456789abcdef"
"""What webhooks are signed with here."""


@dataclass(frozen=True, slots=True)
class Served:
    """A process that serves."""

    url: str
    process: subprocess.Popen[bytes]
    log: IO[bytes]

    def figures(self) -> dict[str, float]:
        """What `/metrics` says, by name and labels."""
        with urllib.request.urlopen(f"{self.url}/metrics") as answer:
            text = answer.read().decode()
        found = re.findall(r"^([a-z_]+(?:\{[^}]*\})?) (\S+)$", text, re.MULTILINE)
        return {name: float(value) for name, value in found}

    def ready(self) -> bool:
        """Whether it says that it is."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz"):
                return True
        except urllib.error.HTTPError:
            return False

    def lines(self) -> list[dict[str, Any]]:
        """What it has logged."""
        return [json.loads(line) for line in Path(self.log.name).read_text(encoding="utf-8").splitlines()]

    def called(self, tool: str, **arguments: object) -> Any:
        """A tool's answer, by a request of its own."""
        params = {"name": tool, "arguments": arguments, "_meta": _META}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=30)
        connection.request("POST", "/mcp", body, _HEADERS | {"Mcp-Name": tool})
        raw = connection.getresponse().read().decode()
        connection.close()
        lines = [line.removeprefix("data: ") for line in raw.splitlines() if line.startswith(("{", "data: {"))]
        result = json.loads(lines[-1])["result"]
        assert not result.get("isError"), result
        return result["structuredContent"]


_VERSION = "2026-07-28"
_META = {
    "io.modelcontextprotocol/protocolVersion": _VERSION,
    "io.modelcontextprotocol/clientInfo": {"name": "benchmark", "version": "0"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": _VERSION,
    "Mcp-Method": "tools/call",
}


@contextmanager
def serving(sentry: str, store: Path, port: int | None = None, **more: str) -> Iterator[Served]:
    """A process that serves, until the block ends."""
    port = port or harness.free_port()
    command = harness.cli("serve", "--http", f"127.0.0.1:{port}", "--log-format", "json")
    env = harness.environment(sentry, store, SENTRY_SYNC_WEBHOOK_SECRET=SECRET, **more)
    with tempfile.NamedTemporaryFile(suffix=".log") as log:
        process = subprocess.Popen(command, env=env, stderr=log)
        try:
            harness.wait_for(port, process)
            yield Served(f"http://127.0.0.1:{port}", process, log)
        finally:
            process.terminate()
            process.wait(timeout=20)


def until(condition: Any, seconds: float, every: float = 0.2) -> float:
    """Wait until `condition()` is true; how many seconds that took."""
    began = time.perf_counter()
    while not condition():
        if time.perf_counter() - began > seconds:
            raise SystemExit(f"not within {seconds:.0f} s")
        time.sleep(every)
    return time.perf_counter() - began


def post(url: str, body: bytes, **headers: str) -> int:
    """The status that a webhook is answered; it is signed unless the headers say otherwise."""
    given = {
        "Content-Type": "application/json",
        "Request-ID": uuid.uuid4().hex,
        "Sentry-Hook-Resource": "issue",
        "Sentry-Hook-Timestamp": str(int(time.time())),
        "Sentry-Hook-Signature": hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest(),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    with closing(connection):
        with suppress(BrokenPipeError, ConnectionResetError):  # refused before all of it was sent
            connection.request("POST", "/webhooks/sentry", body, given)
        return connection.getresponse().status

"""What the benchmarks share: a simulator in a process of its own, timed commands, a raw MCP client."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import IO, Any

TOKEN = "sntryu_simulator"
ORGANIZATION = "acme"


def free_port() -> int:
    """A port of loopback nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def simulator(*flags: str) -> Iterator[str]:
    """The base URL of a simulator that runs until the block ends."""
    port = free_port()
    command = [sys.executable, "-m", "sentry_sync.cli", "simulate", "--port", str(port), *flags]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return once ``process`` listens on ``port``."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit("the server did not start")


def resident(pid: int) -> int:
    """Bytes of memory that the process holds now."""
    (line,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def cpu_seconds(pid: int) -> float:
    """Seconds of processor that the process has used so far: what a noisy machine falsifies least."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def control(url: str, action: str, body: object = None) -> Any:
    """Ask the simulator's control API: POST with a body, GET without."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/__simulator__/{action}", data=data)
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())


def ask(url: str, endpoint: str, **parameters: str) -> Any:
    """Ask the simulated Sentry itself about its organization, as any client would."""
    query = urllib.parse.urlencode(parameters)
    request = urllib.request.Request(
        f"{url}/api/0/organizations/{ORGANIZATION}/{endpoint}/?{query}",
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())


def environment(url: str, store: Path, **more: str) -> dict[str, str]:
    """The variables that point a command at the simulator and a store."""
    return {
        **os.environ,
        "SENTRY_BASE_URL": url,
        "SENTRY_AUTH_TOKEN": TOKEN,
        "SENTRY_ORG": ORGANIZATION,
        "SENTRY_SYNC_STORE": str(store),
        **more,
    }


def run(command: Sequence[str], env: dict[str, str] | None = None) -> tuple[float, int, str]:
    """Run a command to its end: seconds, peak resident bytes, standard output."""
    started = time.perf_counter()
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return time.perf_counter() - started, usage.ru_maxrss * 1024, output


def cli(*arguments: str) -> list[str]:
    """The command line of sentry-sync in this interpreter."""
    return [sys.executable, "-m", "sentry_sync.cli", *arguments]


class RawClient:
    """An MCP client that does nothing but write and read lines, so that only the server is measured."""

    def __init__(self, command: Sequence[str], env: dict[str, str] | None = None) -> None:
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._id = 0
        self.request(
            "initialize",
            {
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "benchmark", "version": "0"},
            },
        )
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._process.pid

    def request(self, method: str, params: object) -> bytes:
        """Send one request and return the line of its answer."""
        self._id += 1
        self._send({"jsonrpc": "2.0", "id": self._id, "method": method, "params": params})
        line = self._stdout.readline()
        if not line:
            raise SystemExit("the MCP server ended")
        return line

    def call(self, tool: str, arguments: dict[str, object]) -> bytes:
        """Call a tool and return the line of its answer."""
        return self.request("tools/call", {"name": tool, "arguments": arguments})

    def close(self) -> None:
        """End the server by ending its input."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)

    def _send(self, message: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()

    @property
    def _stdout(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` of the others lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def middle(values: Sequence[float]) -> float:
    """The median."""
    return median(values)


def verdict(name: str, figure: float, bound: float, *, at_least: bool = False, unit: str = "") -> str:
    """One line: a figure beside what it should be."""
    good = figure >= bound if at_least else figure <= bound
    relation = ">=" if at_least else "<="
    return f"{'ok  ' if good else 'MISS'} {name}: {figure:.2f}{unit} ({relation} {bound:g}{unit})"

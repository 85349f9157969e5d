"""`sentry-sync mcp --http` under 16 clients that never pause, beside a server that has the same bytes in memory.

Usage: python -m benchmarks.serving_http [--seconds N] [--clients N] [--issues N] [--events N]

Both are measured in alternating slices; the clients are a process of their own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import harness, world

SLICES = 4
QUIET = "http://127.0.0.1:1"
"""No Sentry: every answer must come from the store."""


@dataclass
class Served:
    """One of the two servers, and what was measured of it."""

    url: str
    process: subprocess.Popen[bytes]
    milliseconds: list[list[float]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    resident: list[int] = field(default_factory=list)
    cpu_seconds: float = 0.0


def main() -> None:
    """Fill a store, load both servers in turn, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--issues", type=int, default=20_000)
    parser.add_argument("--events", type=int, default=200_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world.fill(folder / "store", issues=given.issues, events=given.events)
        questions = _questions(folder)
        with _ours(folder) as ours, _memory(folder) as memory:
            for _ in range(SLICES):
                for one in (ours, memory):
                    _load(one, given.clients, given.seconds / SLICES, questions)
        _report(ours, memory)


def _questions(folder: Path) -> Path:
    """What is asked, and beside it what the server in memory answers to it."""
    client = harness.RawClient(harness.cli("mcp"), harness.environment(QUIET, folder / "store"))
    issues: dict[str, object] = {"project": "project-1", "status": "unresolved", "limit": 25}
    answer = _result(client, "get-issues", issues)
    # One whose events the store has: an answer that would ask Sentry is not what is measured here.
    issue = next(
        row["id"]
        for row in answer["structuredContent"]["issues"]
        if _local(_called(client, "get-events", {"issue_id": row["id"], "limit": 3}))
    )
    asked: dict[str, dict[str, object]] = {
        "get-issues": issues,
        "get-projects": {},
        "get-events": {"issue_id": issue, "limit": 3},
    }
    answers = {tool: _result(client, tool, arguments) for tool, arguments in asked.items()}
    client.close()
    (folder / "answers.json").write_text(json.dumps(answers), encoding="utf-8")
    for tool, result in answers.items():
        print(f"{tool}: {len(json.dumps(result))} bytes")
    path = folder / "questions.json"
    calls = [{"name": tool, "arguments": arguments} for tool, arguments in asked.items()]
    path.write_text(json.dumps(calls), encoding="utf-8")
    return path


def _result(client: harness.RawClient, tool: str, arguments: dict[str, object]) -> Any:
    result = _called(client, tool, arguments)
    assert _local(result), result["structuredContent"]["freshness"]
    return result


def _called(client: harness.RawClient, tool: str, arguments: dict[str, object]) -> Any:
    result = json.loads(client.call(tool, arguments))["result"]
    assert not result.get("isError"), result
    return result


def _local(result: Any) -> bool:
    freshness = result["structuredContent"]["freshness"]
    return freshness["source"] == "local" and freshness["could_not_fall_through_because"] is None


@contextmanager
def _ours(folder: Path) -> Iterator[Served]:
    port = harness.free_port()
    command = harness.cli("mcp", "--http", f"127.0.0.1:{port}")
    with _running(command, port, harness.environment(QUIET, folder / "store")) as served:
        yield served


@contextmanager
def _memory(folder: Path) -> Iterator[Served]:
    port = harness.free_port()
    command = [sys.executable, "-m", "benchmarks.empty_server", "--http", str(port), str(folder / "answers.json")]
    with _running(command, port) as served:
        yield served


@contextmanager
def _running(command: list[str], port: int, env: dict[str, str] | None = None) -> Iterator[Served]:
    process = subprocess.Popen(command, env=env)
    try:
        harness.wait_for(port, process)
        yield Served(f"http://127.0.0.1:{port}/mcp", process)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _load(served: Served, clients: int, seconds: float, questions: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "benchmarks.http_load",
        served.url,
        str(clients),
        str(seconds),
        str(questions),
    ]
    before = harness.cpu_seconds(served.process.pid)
    _, _, output = harness.run(command)
    served.cpu_seconds += harness.cpu_seconds(served.process.pid) - before
    found = json.loads(output)
    served.milliseconds.append(found["milliseconds"])
    served.errors += found["errors"]
    served.resident.append(harness.resident(served.process.pid))


def _report(ours: Served, memory: Served) -> None:
    answered = sum(map(len, ours.milliseconds))
    print(f"{answered} answers, {len(ours.errors)} errors {ours.errors[:1]}")
    print(harness.verdict("errors", len(ours.errors), 0))
    for name, share in (("p50", 0.5), ("p95", 0.95)):
        mine, least = (
            harness.middle([harness.percentile(part, share) for part in served.milliseconds])
            for served in (ours, memory)
        )
        print(f"{name}: {mine:.1f} ms, from memory {least:.1f} ms")
        print(harness.verdict(name, mine / least, 2, unit="x"))
    mine, least = (1000 * served.cpu_seconds / sum(map(len, served.milliseconds)) for served in (ours, memory))
    print(f"processor for one answer: {mine:.2f} ms, from memory {least:.2f} ms")
    print(harness.verdict("processor", mine / least, 2, unit="x"))
    megabytes = [value / 1e6 for value in ours.resident]
    print(f"resident after each slice: {', '.join(f'{value:.0f}' for value in megabytes)} MB")
    print(harness.verdict("resident", max(megabytes), 200, unit=" MB"))
    print(harness.verdict("resident, last slice beside the first", megabytes[-1] / megabytes[0], 1.05, unit="x"))


if __name__ == "__main__":
    main()

"""How fast each question is answered over stdio: from a large copy, from memory, and by a server far away.

Usage: python -m benchmarks.serving_tools [--store DIRECTORY] [--rounds N]

The floor is a server on the same SDK that returns the very same bytes from memory. The copy holds 20,000 issues
and 1,000,000 events; nobody is asked upstream. The last column asks a simulated Sentry that takes 200 ms for each
answer, `fresh`, through the same server with an empty copy.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks import busy_world, harness

ISSUES, EVENTS = 20_000, 1_000_000
CALLS = 200
LIVE_CALLS = 5
LATENCY_MS = 200
AIM, AIM_WITH_TRACE = 1.5, 3.0

TYPICAL, BUSIEST = "1000", "1"
"""Issues of the large copy: one with 40 events in two weeks, and one with 190,000."""

Arguments = Mapping[str, object]

QUESTIONS: tuple[tuple[str, str, Arguments], ...] = (
    ("get-projects", "get-projects", {}),
    ("get-issues", "get-issues", {"project": "project-1", "status": "unresolved"}),
    ("get-issue", "get-issue", {"issue_id": TYPICAL}),
    ("get-issue, detailed", "get-issue", {"issue_id": TYPICAL, "response_format": "detailed"}),
    ("get-issue, busiest", "get-issue", {"issue_id": BUSIEST}),
    ("get-events", "get-events", {"issue_id": TYPICAL}),
    ("get-events, filtered", "get-events", {"issue_id": BUSIEST, "environment": "staging", "since": "-7d"}),
    ("get-events, project", "get-events", {"project": "project-1"}),
    ("get-events, trace", "get-events", {"issue_id": TYPICAL, "full_trace": True}),
    ("get-releases", "get-releases", {"project": "project-1"}),
)


def main() -> None:
    """Print a row for each question, and the verdicts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, help="a copy to make once and keep")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store: Path = asked.store or Path(folder) / "store"
        if not (store / "store.db").exists():
            busy_world.fill(store, issues=ISSUES, events=EVENTS)
        far = _far_away(Path(folder) / "empty")
        print(f"{'question':22} {'bytes':>6} {'copy':>8} {'memory':>8} {'ratio':>6}", end=" ")
        print(f"{'processor':>10} {'far away':>10} {'ratio':>7}")
        verdicts = [
            _row(question, harness.environment("http://127.0.0.1:1", store), Path(folder), far, asked.rounds)
            for question in QUESTIONS
        ]
    print("\n".join(verdicts))


def _row(
    question: tuple[str, str, Arguments], env: dict[str, str], folder: Path, far: Mapping[str, float], rounds: int
) -> str:
    name, tool, arguments = question
    with _server(harness.cli("mcp"), env) as ours:
        answer = json.loads(ours.call(tool, dict(arguments)))["result"]
        told = answer["structuredContent"]["freshness"]
        assert (told["source"], told["complete"]) == ("local", True), (name, told)
        path = folder / "answer.json"
        path.write_text(json.dumps(answer), encoding="utf-8")
        with _server([sys.executable, "-m", "benchmarks.empty_server", str(path)], env) as memory:
            figures: dict[str, list[float]] = {"ours": [], "memory": []}
            used = {"ours": -harness.cpu_seconds(ours.pid), "memory": -harness.cpu_seconds(memory.pid)}
            for _ in range(rounds):
                for who, client in (("ours", ours), ("memory", memory)):
                    figures[who].append(harness.middle([_timed(client, tool, arguments) for _ in range(CALLS)]))
            used["ours"] += harness.cpu_seconds(ours.pid)
            used["memory"] += harness.cpu_seconds(memory.pid)
    mine, least = (1000 * harness.middle(figures[who]) for who in ("ours", "memory"))
    size = len(json.dumps(answer["structuredContent"], separators=(",", ":")))
    remote = 1000 * far[name]
    print(
        f"{name:22} {size:6} {mine:5.2f} ms {least:5.2f} ms {mine / least:5.2f}x "
        f"{used['ours'] / used['memory']:9.2f}x {remote:7.0f} ms {remote / mine:6.0f}x",
        flush=True,
    )
    return harness.verdict(name, mine / least, AIM_WITH_TRACE if "trace" in name else AIM, unit="x")


def _far_away(store: Path) -> dict[str, float]:
    """Seconds for each question where every one of them asks Sentry."""
    sizes = ("--projects", "5", "--issues", "300", "--events-per-day", "500", "--static", "--rate-limit", "off")
    with harness.simulator(*sizes, "--latency", str(LATENCY_MS)) as url:
        env = harness.environment(url, store, SENTRY_SYNC_RATE_LIMIT="10000")
        project = harness.ask(url, "projects")[0]["slug"]
        issue = harness.ask(url, "issues", query="")[0]["id"]
        with _server(harness.cli("mcp"), env) as client:
            found = {}
            for name, tool, arguments in QUESTIONS:
                there: dict[str, object] = {**arguments, "fresh": True}
                there |= {"project": project} if "project" in there else {}
                there |= {"issue_id": issue} if "issue_id" in there else {}
                source = json.loads(client.call(tool, there))["result"]["structuredContent"]["freshness"]["source"]
                assert source in ("live", "mixed"), (name, source)
                found[name] = harness.middle([_timed(client, tool, there) for _ in range(LIVE_CALLS)])
    return found


@contextmanager
def _server(command: list[str], env: dict[str, str]) -> Iterator[harness.RawClient]:
    client = harness.RawClient(command, env)
    try:
        yield client
    finally:
        client.close()


def _timed(client: harness.RawClient, tool: str, arguments: Arguments) -> float:
    started = time.perf_counter()
    client.call(tool, dict(arguments))
    return time.perf_counter() - started


if __name__ == "__main__":
    main()

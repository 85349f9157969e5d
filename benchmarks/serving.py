"""How fast `sentry-sync mcp` starts and answers, and `sentry-sync status`, beside the least that is possible.

Usage: python -m benchmarks.serving [--rounds N]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import harness, world

CALLS = 400


def main() -> None:
    """Fill a store with 20,000 issues and 200,000 events and measure three things."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        world.fill(store, issues=20_000, events=200_000)
        env = harness.environment("http://127.0.0.1:1", store)
        _start(env, rounds)
        _answers(env, Path(folder), rounds)
        _status(env, rounds)


def _start(env: dict[str, str], rounds: int) -> None:
    least = [sys.executable, "-m", "benchmarks.empty_server"]
    # In turns: what the machine does meanwhile meets both.
    turns = [(_first_answer(harness.cli("mcp"), env), _first_answer(least, env)) for _ in range(rounds)]
    ours, empty = (harness.middle([turn[which] for turn in turns]) for which in (0, 1))
    print(f"start to first answer: {ours:.3f} s, empty server {empty:.3f} s")
    print(harness.verdict("mcp start", ours / empty, 1.5, unit="x"))


def _first_answer(command: list[str], env: dict[str, str]) -> float:
    client = harness.RawClient(command, env)
    client.request("tools/list", {})
    seconds = time.perf_counter() - client.started
    client.close()
    return seconds


def _answers(env: dict[str, str], folder: Path, rounds: int) -> None:
    arguments: dict[str, object] = {"project": "project-1", "status": "unresolved", "limit": 25}
    ours = harness.RawClient(harness.cli("mcp"), env)
    answer = json.loads(ours.call("get-issues", arguments))["result"]
    assert len(answer["structuredContent"]["issues"]) == 25, "the store did not answer"
    assert answer["structuredContent"]["freshness"]["source"] == "local"
    path = folder / "answers.json"
    path.write_text(json.dumps({"get-issues": answer}), encoding="utf-8")
    memory = harness.RawClient([sys.executable, "-m", "benchmarks.empty_server", str(path)], env)
    figures: dict[str, list[list[float]]] = {"ours": [], "memory": []}
    for _ in range(rounds):
        for name, client in (("ours", ours), ("memory", memory)):
            figures[name].append([_timed(client, arguments) for _ in range(CALLS)])
    for name, share, bound in (("p50", 0.5, 1.5), ("p95", 0.95, 2.5)):
        mine, least = (
            1000 * harness.middle([harness.percentile(part, share) for part in figures[who]]) for who in figures
        )
        print(f"get-issues {name}: {mine:.2f} ms, from memory {least:.2f} ms ({len(json.dumps(answer))} bytes)")
        print(harness.verdict(f"get-issues {name}", mine / least, bound, unit="x"))
    ours.close()
    memory.close()


def _timed(client: harness.RawClient, arguments: dict[str, object]) -> float:
    started = time.perf_counter()
    client.call("get-issues", arguments)
    return time.perf_counter() - started


def _status(env: dict[str, str], rounds: int) -> None:
    ours = harness.middle([harness.run(harness.cli("status"), env)[0] for _ in range(rounds)])
    least = harness.middle(
        [harness.run([sys.executable, "-c", "import sqlalchemy"], env)[0] for _ in range(rounds)]
    )
    print(f"status: {ours:.3f} s, import sqlalchemy {least:.3f} s")
    print(harness.verdict("status", ours / least, 3, unit="x"))


if __name__ == "__main__":
    main()

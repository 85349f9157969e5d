"""`sentry-sync serve` with little to do: processor and memory with 20,000 issues held; then memory under load.

Usage: python -m benchmarks.idle [--minutes N] [--load-seconds N] [--issues N] [--clients N]

Idle is a copy that is whole, of an organization where nothing happens: polls, sweeps and scrapes of the figures go
on. Load is a sync of everything from the start by a lifted budget, into a copy of its own,
with 16 MCP clients that never pause.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import harness, served
from benchmarks.served import Served

SCRAPE_SECONDS = 15.0


def main() -> None:
    """Measure both, and print them beside their bounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--load-seconds", type=float, default=60)
    parser.add_argument("--issues", type=int, default=20_000)
    parser.add_argument("--clients", type=int, default=16)
    given = parser.parse_args()
    world = [
        "--projects",
        "10",
        "--issues",
        str(given.issues),
        "--events-per-day",
        "2000",
        "--days",
        "2",
        "--static",
    ]
    with (
        tempfile.TemporaryDirectory() as folder,
        harness.simulator(*world, "--static", "--rate-limit", "off") as sentry,
    ):
        _load(sentry, Path(folder), given.load_seconds, given.clients)
        _idle(sentry, Path(folder) / "store", given.minutes)


def _load(sentry: str, folder: Path, seconds: float, clients: int) -> None:
    calls = [
        {"name": "get-projects", "arguments": {}},
        {"name": "sync-status", "arguments": {}},
        {"name": "get-issues", "arguments": {"status": "unresolved", "limit": 25}},
    ]
    questions = folder / "questions.json"
    questions.write_text(json.dumps(calls), encoding="utf-8")
    with served.serving(
        sentry, folder / "store", SENTRY_SYNC_RATE_LIMIT="10000", SENTRY_SYNC_HISTORY_DAYS="2"
    ) as server:
        served.until(server.ready, 120)
        asking = [f"{server.url}/mcp", str(clients), str(seconds), str(questions)]
        told = folder / "answers.json"  # a pipe would be full before anybody reads it
        with told.open("wb") as out:
            load = subprocess.Popen([sys.executable, "-m", "benchmarks.http_load", *asking], stdout=out)
        most = 0
        while load.poll() is None:
            most = max(most, harness.resident(server.process.pid))
            time.sleep(0.2)
        found = json.loads(told.read_text(encoding="utf-8"))
        figures = server.figures()
        asked = sum(count for name, count in figures.items() if name.startswith("sentry_sync_requests_total"))
        print(
            f"under full sync and {clients} clients, {seconds:.0f} s: {most / 1e6:.0f} MB at most (bound: 250), "
            f"{len(found['milliseconds'])} answers, errors {found['errors'] or 'none'}, {asked:.0f} requests"
        )
        # The same copy then is the one that idles.
        served.until(lambda: not _busy(server), 900, every=2.0)


def _busy(server: Served) -> bool:
    before = server.figures()
    time.sleep(10)
    after = server.figures()
    name = 'sentry_sync_rows{table="event_bodies"}'
    asked = [
        sum(count for key, count in found.items() if key.startswith("sentry_sync_requests_total"))
        for found in (before, after)
    ]
    return asked[1] - asked[0] > 20 or before.get(name) != after.get(name)


def _idle(sentry: str, store: Path, minutes: float) -> None:
    with served.serving(sentry, store, SENTRY_SYNC_HISTORY_DAYS="2") as server:
        served.until(server.ready, 120)
        time.sleep(60)  # what was due since the process before
        pid = server.process.pid
        began, cpu = time.perf_counter(), harness.cpu_seconds(pid)
        most = harness.resident(pid)
        while time.perf_counter() - began < 60 * minutes:
            time.sleep(SCRAPE_SECONDS)
            server.figures()
            most = max(most, harness.resident(pid))
        took = time.perf_counter() - began
        share = (harness.cpu_seconds(pid) - cpu) / took
        rows = server.figures()['sentry_sync_rows{table="issues"}']
        print(
            f"idle for {took / 60:.1f} minutes with {rows:.0f} issues: {share:.2%} of a processor (bound: 1%), "
            f"{most / 1e6:.0f} MB at most (bound: 200)"
        )


if __name__ == "__main__":
    main()

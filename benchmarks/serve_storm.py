"""`sentry-sync serve` in a storm: a fast clock, faults, webhooks, two MCP clients and a browser; then its ends.

Usage: python -m benchmarks.serve_storm [--minutes N] [--speed N] [--kills N]

The simulated Sentry's clock runs a hundred times as fast as ours, so that a day of events comes in a quarter of an
hour. At the end the process is told to stop, and killed (-9), under load: how long a stop takes, and whether the
store is whole.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks import harness, served
from benchmarks.served import Served

FAULTS = (
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 504},
    {"kind": "drop"},
    {"kind": "cut_body"},
    {"kind": "html"},
)

FAULTY = 0.3
"""How often there are faults: six requests a minute. Where every other one fails, the sync mostly rests."""


def main() -> None:
    """Run the storm and print what the figures say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--speed", type=float, default=100)
    parser.add_argument("--kills", type=int, default=5)
    given = parser.parse_args()
    port = harness.free_port()
    hooks = ["--webhook-url", f"http://127.0.0.1:{port}/webhooks/sentry", "--webhook-secret", served.SECRET]
    world = ["--projects", "4", "--issues", "800", "--events-per-day", "1500", "--days", "3"]
    with (
        tempfile.TemporaryDirectory() as folder,
        harness.simulator(*world, "--speed", str(given.speed), "--latency", "20", *hooks) as sentry,
    ):
        store = Path(folder) / "store"
        with _serving(sentry, store, port) as server:
            served.until(server.ready, 180)
            _storm(sentry, server, Path(folder), given.minutes)
            _report(server)
        _ends(sentry, store, port, given.kills)


def _serving(sentry: str, store: Path, port: int) -> AbstractContextManager[Served]:
    return served.serving(sentry, store, port, SENTRY_SYNC_HISTORY_DAYS="3", SENTRY_SYNC_RATE_LIMIT="1000")


def _storm(sentry: str, server: Served, folder: Path, minutes: float) -> None:
    """Faults at random, people who decide, and clients that ask, for so long."""
    draw = random.Random(1)
    load = _clients(server, folder, 60 * minutes, PAUSE)
    looking = _browser(server, 60 * minutes)
    until = time.perf_counter() + 60 * minutes
    while time.perf_counter() < until:
        if draw.random() < FAULTY:
            fault = {"path_contains": "/api/0/", "times": draw.randrange(1, 4), **draw.choice(FAULTS)}
            harness.control(sentry, "faults", fault)
        known = harness.control(sentry, "truth?full=1")["issues_by_id"]
        issue = draw.choice([key for key, found in known.items() if found["status"] == "unresolved"])
        harness.control(sentry, "mutate", {"action": "resolve", "ids": [issue]})
        harness.control(sentry, "mutate", {"action": "new_issues", "count": 1})
        served.post(server.url, b"{}", Sentry_Hook_Signature="0" * 64)
        time.sleep(draw.uniform(3, 9))
    out, _ = load.communicate(timeout=60)
    found = json.loads(out)
    times = sorted(found["milliseconds"])
    print(
        f"two clients: {len(times)} answers, errors {found['errors'] or 'none'}, "
        f"p50 {times[len(times) // 2]:.1f} ms, p99 {times[int(len(times) * 0.99)]:.1f} ms"
    )
    out, _ = looking.communicate(timeout=60)
    seen = json.loads(out)
    print(
        f"a browser: {seen['pages']} pages, statuses {seen['statuses']}, the open page renewed {seen['renewals']} "
        f"times, slowest load {seen['slowest_ms']} ms, complaints {seen['said'] or 'none'}"
    )


PAUSE = 0.05
"""Between a client's questions while hours pass, so that the rest of a small machine can do its part too."""


def _clients(server: Served, folder: Path, seconds: float, pause: float = 0.0) -> subprocess.Popen[str]:
    questions = folder / "questions.json"
    calls = [
        {"name": "get-projects", "arguments": {}},
        {"name": "get-issues", "arguments": {"status": "unresolved", "limit": 10}},
        {"name": "sync-status", "arguments": {}},
    ]
    questions.write_text(json.dumps(calls), encoding="utf-8")
    asking = [f"{server.url}/mcp", "2", str(seconds), str(questions), str(pause)]
    command = [sys.executable, "-m", "benchmarks.http_load", *asking]
    # Who asks a server that is being killed has much to say.
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def _browser(server: Served, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.storm_browser", server.url, str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _report(server: Served) -> None:
    lines = server.lines()
    levels = Counter(line["level"] for line in lines)
    defects = [line["message"] for line in lines if "defect" in line["message"] or "error" in line]
    print(f"log lines by level: {dict(levels)}; defects: {defects or 'none'}")
    wanted = (
        "requests_total",
        "turns_total",
        "answers_total",
        "webhooks_total",
        "http_requests_total",
        "resident",
    )
    for name, value in sorted(server.figures().items()):
        if any(part in name for part in wanted):
            print(f"{name} {value:.0f}")


def _ends(sentry: str, store: Path, port: int, kills: int) -> None:
    took = []
    for number in range(2 * kills):
        kill = number % 2 == 1
        with _serving(sentry, store, port) as server:
            served.until(server.ready, 120)
            load = _clients(server, store.parent, 60)
            time.sleep(1 + number * 0.37 % 2)
            began = time.perf_counter()
            server.process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
            code = server.process.wait(timeout=30)
            if not kill:
                took.append(time.perf_counter() - began)
                assert code == 0, code
            load.kill()
            load.communicate()
        env = harness.environment(sentry, store)
        checked = subprocess.run(harness.cli("db", "check"), env=env, capture_output=True, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr
    print(
        f"{kills} stops by SIGTERM under load: {max(took):.1f} s at most (bound: 5); "
        f"{kills} kills (-9); the store was whole after each"
    )


if __name__ == "__main__":
    main()

"""How fast each page of the dashboard is made of a copy of 20,000 issues and 1,000,000 events, and what it weighs.

Usage: python -m benchmarks.dashboard [--store DIRECTORY] [--rounds N]

The server is a process of its own that asks nobody. What a page took is what it says itself (Server-Timing),
from the whole request to the whole answer, rendered; beside it stands the processor's time, which others do not
lengthen. What is worked out beside pages is waited for first, and the time that takes is told; each page is
then loaded again and again. The floor is a page without anything in it.
"""

from __future__ import annotations

import argparse
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from benchmarks import busy_world, harness
from sentry_sync.records.clock import SystemClock
from sentry_sync.records.intervals import Interval, floor
from sentry_sync.records.performance import TransactionStat, WebVital
from sentry_sync.store.lake import Lake
from sentry_sync.store.store import Store

ISSUES, EVENTS = 20_000, 1_000_000
HOURS, TRANSACTIONS = 14 * 24, 15
"""Of transactions: so many hours, and so many an hour in each of the 20 projects."""

TYPICAL, BUSIEST = "1000", "1"
AIM_MS, AIM_BYTES = 50.0, 250_000
LONGEST_WAIT = 60.0
AHEAD_SECONDS = 8.0
"""For what is made once after the start."""

VERSION = "shop-1@1.1.0"

PAGES = (
    "/",
    "/issues",
    "/issues?query=is%3Aunresolved+step+level%3Aerror&sort=frequency",
    "/issues?project=project-1&status=unresolved",
    f"/issues/{TYPICAL}",
    f"/issues/{BUSIEST}",
    "/projects/project-1",
    "/releases",
    "/releases?project=project-1",
    f"/release?project=project-1&version={VERSION}",
    "/queries",
    "/queries/error_trend",
    "/queries/noisiest_issues",
    "/sql",
    "/sync",
)


def main() -> None:
    """Print a row for each page, and the verdicts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, help="a copy to make once and keep")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        serve(asked.serve)
        return
    with tempfile.TemporaryDirectory() as folder:
        store: Path = asked.store or Path(folder) / "store"
        if not (store / "store.db").exists():
            fill(store)
        with _server(store) as (process, url), httpx.Client(base_url=url, timeout=30) as client:
            time.sleep(AHEAD_SECONDS)
            print(f"{'page':64} {'bytes':>8} {'first':>9} {'beside':>8} {'p50':>8} {'p95':>8} {'processor':>10}")
            verdicts = [_row(client, page, asked.rounds) for page in PAGES]
            print(f"resident {harness.resident(process.pid) / 1e6:.0f} MB")
    print("\n".join(verdicts))


def _row(client: httpx.Client, page: str, rounds: int) -> str:
    began = time.perf_counter()
    first = _took(client.get(page))
    while "data-pending" in client.get(page).text:
        if time.perf_counter() - began > LONGEST_WAIT:
            raise SystemExit(f"{page} is never worked out")
        time.sleep(0.2)
    waited = time.perf_counter() - began
    answers = [client.get(page) for _ in range(rounds)]
    assert all(answer.status_code == 200 for answer in answers), page
    times = sorted(_took(answer) for answer in answers)
    used = harness.middle([_took(answer, "processor") for answer in answers])
    p50, p95 = times[len(times) // 2], times[int(0.95 * (len(times) - 1))]
    size = max(len(answer.content) for answer in answers)
    print(
        f"{page[:64]:64} {size:8} {first:6.1f} ms {waited:6.1f} s {p50:5.1f} ms {p95:5.1f} ms {used:7.1f} ms",
        flush=True,
    )
    good = p50 <= AIM_MS and size <= AIM_BYTES
    return f"{'ok' if good else 'MISSED':6} {page}"


def _took(answer: httpx.Response, what: str = "page") -> float:
    found = re.search(rf"{what};dur=([0-9.]+)", answer.headers["server-timing"])
    assert found
    return float(found[1])


def fill(directory: Path) -> None:
    """The store of the other benchmarks with two weeks of transactions and vitals, and its lake."""
    busy_world.fill(directory, issues=ISSUES, events=EVENTS)
    now = datetime.now(UTC)
    with closing(Store(directory)) as store:
        for back in range(1, HOURS + 1):
            with store.write() as uow:
                uow.upsert(_performance(floor(now, timedelta(hours=1)) - timedelta(hours=back), back))
        with store.write() as uow:
            for resource in ("transactions", "web_vitals"):
                uow.mark(resource, "", now, now)
                uow.cover(resource, "", Interval(now - timedelta(hours=HOURS), now), source="explore")
        Lake(store, SystemClock()).publish()


def _performance(hour: datetime, back: int) -> Iterator[TransactionStat | WebVital]:
    for project in range(20):
        for number in range(TRANSACTIONS):
            name, p50 = f"/api/{number}", 40.0 + 30 * number + back % 7
            yield TransactionStat(
                str(project), "production", name, hour, 100 + number, 1.5, p50 * 1.2, p50, p50 * 1.5, p50 * 3,
                p50 * 6, 0.01, 0.95, 40, False,
            )  # fmt: skip
            yield WebVital(
                str(project), "production", name, hour, 50, 1800.0 + 90 * number, 1200.0, 0.05, 150.0, 400.0, 0.8,
                False,
            )  # fmt: skip


@contextmanager
def _server(store: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "benchmarks.dashboard", "--serve", str(store)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            found = re.search(r"http://\S+:\d+", process.stdout.readline())
            assert found
            yield process, found[0]
        finally:
            process.terminate()


def serve(store: Path) -> None:
    """The HTTP side alone, until a signal."""
    from sentry_sync.answers.context import Answers
    from sentry_sync.serve.dashboard.wing import wings
    from sentry_sync.serve.gate import Gate, Rules
    from sentry_sync.serve.http_server import HttpSide

    with socket.socket() as listening, closing(Store(store)) as held, Answers(held) as answers:
        listening.bind(("127.0.0.1", 0))
        gate = Gate(Rules(), time.monotonic)
        pages = wings(answers, gate, ahead=True)
        HttpSide(answers, listening, gate, lambda line: print(line, flush=True), wings=pages).run()


if __name__ == "__main__":
    main()

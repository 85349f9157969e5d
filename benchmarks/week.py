"""A week of a daemon on a clock that we move: what grows, and what must not.

The worker keeps a copy of a small organization, the lake included, and a webhook comes every ten minutes. Twice a
day it is looked at memory, open files, the write-ahead log and what is on disk. The simulated Sentry is in the
same process: its own few rows of new events are in the memory shown.

Usage: python -m benchmarks.week [--days N]
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from benchmarks import harness
from benchmarks.live_hour import Moving
from sentry_sync.daemon import Said, Worker
from sentry_sync.records.delivery import Delivery
from sentry_sync.sentry.client import SentryClient
from sentry_sync.sentry.connection import Connection
from sentry_sync.simulator import Simulator, SimulatorOptions, WorldSize
from sentry_sync.store.database import CHECKPOINT_PAGES
from sentry_sync.store.lake import Lake
from sentry_sync.store.ledger import RequestLedger
from sentry_sync.store.reads import status
from sentry_sync.store.store import Store
from sentry_sync.sync.stream import Policy

START = datetime(2026, 11, 16, tzinfo=UTC)
HALF_A_DAY = timedelta(hours=12)

NAP = 20.0
"""Seconds of waiting at a stretch: ten times as many as in a real one, that the week may pass in half an hour."""

WAL = 1.2 * CHECKPOINT_PAGES * 4096 / 1e6
"""Megabytes: what is written between two checkpoints, and the transaction that reaches it."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What there was at one moment."""

    after: timedelta
    resident: int
    files: int
    wal: int
    database: int
    ledger: int
    rows: int


class Week:
    """An organization, its copy and the worker that keeps it."""

    def __init__(self, folder: Path) -> None:
        size = WorldSize(projects=2, issues=200, events_per_day=200, releases=4, days=7)
        self.sim = Simulator(SimulatorOptions(size=size, start=START, frozen=True, rate_limit=None))
        self.clock = Moving(self.sim)
        self.store = Store(folder / "store", self.clock)
        self.store.paths.create()
        self.said = 0
        ledger = RequestLedger(self.store.paths.ledger, self.clock, per_minute=100)
        connection = Connection("http://127.0.0.1", "sntryu_simulator", "acme")
        self._client = SentryClient(connection, ledger, self.clock, transport=httpx.MockTransport(self._answer))
        self._hooks = 0

    def run(self, length: timedelta, look: Callable[[timedelta], None]) -> None:
        """Keep the copy for so long, and ``look`` twice a day."""
        worker = Worker(
            self.store,
            self._client,
            self.clock,
            policy=Policy(history_days=7),
            per_minute=100,
            tell=self._hear,
            lake=Lake(self.store, self.clock),
        )
        self.clock.every(600, self._hint)
        due = HALF_A_DAY
        with self.store.syncing():
            worker.start()
            while self.clock.now() < START + length:
                if self.clock.now() >= START + due:
                    look(due)
                    due += HALF_A_DAY
                seconds = worker.turn(lambda: False)
                if seconds > 0:
                    self.clock.sleep(min(seconds, NAP))

    def sample(self, after: timedelta) -> Sample:
        """What there is now."""
        self.sim.requests.clear()
        _forget()
        gc.collect()
        paths = self.store.paths
        wal = Path(f"{paths.database}-wal")
        with closing(self.store.read()) as connection:
            rows = sum(status.read(connection).rows.values())
        return Sample(
            after,
            harness.resident(os.getpid()),
            len(list(Path("/proc/self/fd").iterdir())),
            wal.stat().st_size if wal.exists() else 0,
            paths.database.stat().st_size,
            paths.ledger.stat().st_size,
            rows,
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.clock.sleep(0.2)
        parts = urlsplit(str(request.url))
        found, headers, body = self.sim.handle(request.method, f"{parts.path}?{parts.query}", request.headers)
        headers.pop("Content-Length", None)
        return httpx.Response(found, headers=headers, content=body)

    def _hint(self) -> None:
        self._hooks += 1
        issues = list(self.sim.world.issues)
        now, issue = self.clock.now(), issues[self._hooks % len(issues)]
        hint = Delivery(f"{self._hooks:032}", f"{self._hooks:064}", "issue", "resolved", now, issue)
        with self.store.write() as uow:
            uow.deliveries.take([hint])

    def _hear(self, _said: Said) -> None:
        self.said += 1


def _forget() -> None:
    """Empty the simulated Sentry's caches, whose figures of each hour are no memory of ours."""
    for name, module in list(sys.modules.items()):
        if name.startswith("sentry_sync.simulator."):
            for one in vars(module).values():
                if hasattr(one, "cache_clear"):
                    one.cache_clear()


def main() -> None:
    """Run the week and print what grew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=float, default=7)
    given = parser.parse_args()
    samples: list[Sample] = []
    with tempfile.TemporaryDirectory() as folder:
        week = Week(Path(folder))

        def look(after: timedelta) -> None:
            samples.append(week.sample(after))
            one = samples[-1]
            print(
                f"after {after / timedelta(days=1):.1f} days: {one.resident / 1e6:.1f} MB, {one.files} files, WAL "
                f"{one.wal / 1e6:.1f} MB, database {one.database / 1e6:.1f} MB, ledger {one.ledger / 1e6:.1f} MB, "
                f"{one.rows} rows, {week.said} lines",
                flush=True,
            )

        week.run(timedelta(days=given.days) + timedelta(minutes=1), look)
    settled, last = samples[min(3, len(samples) - 1)], samples[-1]
    print(harness.verdict("memory, last beside after two days", last.resident / settled.resident, 1.1))
    print(harness.verdict("open files beside then", last.files / settled.files, 1.0))
    print(harness.verdict("WAL, megabytes at most", max(one.wal for one in samples) / 1e6, WAL))
    growth = (last.database / last.rows) / (settled.database / settled.rows)
    print(harness.verdict("bytes a row beside then", growth, 1.1))


if __name__ == "__main__":
    main()

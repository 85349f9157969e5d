"""Two daemons on one store, the first killed, then stopped: when the other goes on, and what that costs.

Both run ``sentry-sync daemon`` against a simulator in a process of its own, on the real clock and with the budget
of an ordinary installation. In the first act the one that syncs is killed (-9) in the middle of its first sync. In
the second it is stopped (SIGSTOP) until the other has taken over for want of its heartbeat, and is then continued:
it must write nothing more and say so. Takes about five minutes.

Usage: python -m benchmarks.takeover [--seed N]
"""

from __future__ import annotations

import argparse
import fcntl
import os
import random
import signal
import sqlite3
import subprocess
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks import harness
from benchmarks.kills import Requests
from benchmarks.truth import difference

WORLD = ("--projects", "6", "--issues", "9000", "--events-per-day", "4000", "--releases", "6", "--days", "6")
BUDGET = 100
"""Requests a minute: the default."""

PATIENCE = 150.0
"""Seconds until a takeover is given up: twice a missed minute, and some."""

SETTLE = 25.0
"""Seconds of syncing before each act: requests enough to be in the middle of a pass."""


@dataclass
class Daemon:
    """A daemon of its own, and what it said."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> list[str]:
        """Its lines so far."""
        return self.log.read_text(encoding="utf-8").splitlines()

    def send(self, number: int) -> None:
        """Send it a signal."""
        self.process.send_signal(number)


@dataclass
class Act:
    """One takeover."""

    name: str
    lease: float = 0.0
    """Seconds until the other held the lease."""
    request: float = 0.0
    """Seconds until its first request."""
    repeated: int = 0
    """Pages asked for again."""


@dataclass
class Stage:
    """A store, a server, and the daemons on it."""

    url: str
    store: Path
    daemons: list[Daemon] = field(default_factory=list)

    def start(self) -> Daemon:
        """Start one more daemon."""
        env = harness.environment(self.url, self.store, SENTRY_SYNC_RATE_LIMIT=str(BUDGET))
        log = self.store.with_name(f"daemon-{len(self.daemons)}.log")
        with log.open("wb") as out:
            process = subprocess.Popen(harness.cli("daemon"), env=env, stdout=out, stderr=subprocess.STDOUT)
        self.daemons.append(Daemon(process, log))
        return self.daemons[-1]

    def holder(self) -> str:
        """The process that holds the lease; empty while none does."""
        try:
            with closing(sqlite3.connect(f"file:{self.store / 'store.db'}?mode=ro", uri=True)) as connection:
                row = connection.execute("SELECT holder FROM leases").fetchone()
        except sqlite3.OperationalError:
            return ""  # not made yet
        return str(row[0]) if row else ""

    def held_by(self, daemon: Daemon) -> bool:
        """Whether this daemon holds the lease."""
        return f":{daemon.process.pid}:" in f"{self.holder()}:"

    def is_written(self) -> bool:
        """Whether some process is in the middle of a transaction just now."""
        handle = os.open(self.store / "write.lock", os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    def end(self) -> None:
        """End every daemon."""
        for daemon in self.daemons:
            if daemon.process.poll() is None:
                daemon.send(signal.SIGCONT)
                daemon.send(signal.SIGTERM)
        for daemon in self.daemons:
            daemon.process.wait(timeout=30)


def main() -> None:
    """Play both acts and print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    draw = random.Random(parser.parse_args().seed)
    flags = (*WORLD, "--static", "--rate-limit", "off", "--latency", "60")
    with tempfile.TemporaryDirectory() as folder, harness.simulator(*flags) as url:
        stage = Stage(url, Path(folder) / "store")
        try:
            acts, followed = _play(stage, draw)
        finally:
            stage.end()
        served = harness.control(url, "requests")
        env = harness.environment(url, stage.store, SENTRY_SYNC_RATE_LIMIT="10000")
        harness.run(harness.cli("sync"), env)
        harness.run(harness.cli("sync", "--full"), env)
        _report(acts, followed, busiest_minute(served), sum(difference(url, stage.store, {}).values()))


def _play(stage: Stage, draw: random.Random) -> tuple[list[Act], str]:
    first, second = stage.start(), stage.start()
    _until(lambda: stage.held_by(first) or stage.held_by(second))
    if stage.held_by(second):
        first, second = second, first
    time.sleep(SETTLE + draw.random())
    requests = Requests(stage.url, stage.store)
    killed = _takeover(stage, requests, Act("killed (-9)"), lambda: _kill(first), second)
    third = stage.start()
    time.sleep(SETTLE + draw.random())
    stopped = _takeover(stage, requests, Act("stopped (SIGSTOP)"), lambda: _stop(stage, second), third)
    second.send(signal.SIGCONT)
    _until(lambda: any("took over" in line for line in second.said))
    time.sleep(SETTLE)
    requests.read()
    followed = next(line for line in second.said if "took over" in line)
    return [killed, stopped], followed if stage.held_by(third) else "but it took the lease back"


def _takeover(stage: Stage, requests: Requests, act: Act, blow: Any, other: Daemon) -> Act:
    """Let ``blow`` fall and wait until ``other`` goes on."""
    requests.read()
    before = requests.again.total()
    blow()
    fell = time.monotonic()
    served = len(harness.control(stage.url, "requests"))
    _until(lambda: stage.held_by(other))
    act.lease = time.monotonic() - fell
    _until(lambda: len(harness.control(stage.url, "requests")) > served + 1)
    act.request = time.monotonic() - fell
    time.sleep(SETTLE)
    requests.read()
    act.repeated = requests.again.total() - before
    return act


def _kill(daemon: Daemon) -> None:
    daemon.send(signal.SIGKILL)
    daemon.process.wait()


def _stop(stage: Stage, daemon: Daemon) -> None:
    """Stop a daemon between two of its writes: one stopped inside would keep everybody from writing."""
    while True:
        daemon.send(signal.SIGSTOP)
        time.sleep(0.05)
        if not stage.is_written():
            return
        daemon.send(signal.SIGCONT)
        time.sleep(0.05)


def _until(reached: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        if time.monotonic() > deadline:
            raise SystemExit("MISS it did not come to that within two minutes and a half")
        time.sleep(0.1)


def busiest_minute(served: list[dict[str, Any]]) -> int:
    """The most requests that any 60 seconds held, as the server saw them."""
    times = sorted(datetime.fromisoformat(request["at"]).timestamp() for request in served)
    most, first = 0, 0
    for at, moment in enumerate(times):
        while moment - times[first] >= 60:
            first += 1
        most = max(most, at - first + 1)
    return most


def _report(acts: list[Act], followed: str, busiest: int, differs: int) -> None:
    print(f"{'the first daemon was':24}{'lease, s':>10}{'request, s':>12}{'pages again':>13}")
    for act in acts:
        print(f"{act.name:24}{act.lease:>10.1f}{act.request:>12.1f}{act.repeated:>13}")
    print(f"continued, the one that was stopped said: {followed}")
    print(harness.verdict("seconds until the next one syncs, after a kill", acts[0].lease, 60))
    print(harness.verdict("seconds until its first request", acts[0].request, 60))
    print(harness.verdict("seconds until the next one syncs, after a stop", acts[1].lease, 90))
    print(harness.verdict("the stopped one was fenced", float("took over" in followed), 1, at_least=True))
    print(harness.verdict("requests in any 60 seconds", busiest, BUDGET))
    print(harness.verdict("pages asked for again in one takeover", max(act.repeated for act in acts), 1))
    print(harness.verdict("differences from the world after a calm sync", differs, 0))


if __name__ == "__main__":
    main()

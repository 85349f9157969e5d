"""A sync that is killed a hundred times under load: nothing is broken, doubled, lost, or claimed and not held.

``sentry-sync sync`` runs as a process of its own against a simulator in another one. Before each run people work
and five minutes pass; then the run is killed (-9) at a random moment. After each kill the file is checked, what is
claimed to be complete is compared with the world, and the requests are looked through for pages asked for twice.
At the end a calm ``sync`` and ``sync --full`` must make the store equal the world.

Usage: python -m benchmarks.kills [--kills N] [--seed N]
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks import harness
from benchmarks.truth import difference

WORLD = ("--projects", "4", "--issues", "1500", "--events-per-day", "2500", "--releases", "6", "--days", "6")
LATENCY = ("--latency", "15")
"""Milliseconds: as little as makes a run last seconds, so that a kill at random meets it anywhere."""

PASSES_BY = 300
"""Seconds that pass before each run: windows become due, not only polls."""

FINAL = timedelta(hours=3)
"""Hours older than this are not read again."""

BARELY = timedelta(seconds=5)
"""At the very end of what is covered an event of the same second may come after the look."""


@dataclass
class Kills:
    """What was seen after each kill."""

    at: list[float] = field(default_factory=list)
    running: Counter[str] = field(default_factory=Counter)
    """Streams whose pass the kill interrupted."""
    unsound: list[str] = field(default_factory=list)
    false_claims: list[str] = field(default_factory=list)
    claims: int = 0
    """Rows of the world that were looked for because the store claims to hold them."""
    finished: int = 0
    """Runs that had ended before they could be killed."""


def main() -> None:
    """Kill, check, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    flags = (*WORLD, *LATENCY, "--static", "--rate-limit", "off")
    with tempfile.TemporaryDirectory() as folder, harness.simulator(*flags) as url:
        _measure(url, Path(folder) / "store", options.kills, random.Random(options.seed))


def _measure(url: str, store: Path, kills: int, draw: random.Random) -> None:
    env = harness.environment(url, store, SENTRY_SYNC_RATE_LIMIT="10000", SENTRY_SYNC_HISTORY_DAYS="4")
    merged: dict[str, str] = {}
    found, asked = Kills(), Requests(url, store)
    longest = 4.0
    while len(found.at) < kills:
        _work(url, draw, merged)
        lasted = _killed(url, env, draw.uniform(0, longest))
        asked.read()
        if lasted is None:
            found.finished += 1
            longest = max(2.0, longest * 0.9)
            continue
        found.at.append(lasted)
        if (store / "store.db").exists():
            _check(url, store, found)
            asked.forget()
        print(f"\r{len(found.at)} kills", end="", flush=True)
    print()
    harness.run(harness.cli("sync"), env)
    asked.read()
    harness.run(harness.cli("sync", "--full"), env)
    _report(found, asked, difference(url, store, merged), _events_missing(url, store))


def _killed(url: str, env: dict[str, str], after: float) -> float | None:
    """Kill a sync so long after its first request; how long that was, None if it had ended before."""
    served = harness.control(url, "truth")["requests"]
    process = subprocess.Popen(
        harness.cli("sync"), env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    while process.poll() is None and harness.control(url, "truth")["requests"] == served:
        time.sleep(0.02)
    started = time.monotonic()
    try:
        _, said = process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return time.monotonic() - started
    if process.returncode:
        raise SystemExit(f"a sync ended with {process.returncode}: {said}")
    return None


def _work(url: str, draw: random.Random, merged: dict[str, str]) -> None:
    """Events arrive and people work on the issues."""

    def do(action: str, **arguments: object) -> None:
        harness.control(url, "mutate", {"action": action, **arguments})

    harness.control(url, "advance", {"seconds": PASSES_BY})
    world = harness.control(url, "truth?full=1")["issues_by_id"]
    # Whoever took in another issue is left in peace, so that in the end it is known where each one must have gone.
    ids = sorted(set(world) - set(merged.values()))
    draw.shuffle(ids)
    do("bump", count=40)
    do("new_issues", count=5)
    do("new_events", count=20)
    for issue in ids[:6]:
        do("resolve" if world[issue]["status"] == "unresolved" else "unresolve", ids=issue)
    do("assign", ids=ids[6], who="ada@acme.example")
    do("delete", ids=ids[7])
    parent, child = _of_one_project(world, ids[8:])
    do("merge", parent=parent, children=[child])
    merged[child] = parent
    harness.control(url, "advance", {"seconds": 5})


def _of_one_project(world: dict[str, Any], ids: list[str]) -> tuple[str, str]:
    """The first of the issues, and the next one of its project."""
    first, *others = ids
    project = world[first]["short_id"].rpartition("-")[0]
    return first, next(issue for issue in others if world[issue]["short_id"].rpartition("-")[0] == project)


class Requests:
    """What the server was asked by the syncs, run by run; what this benchmark asks itself is not counted."""

    def __init__(self, url: str, store: Path) -> None:
        self._url = url
        self._store = store
        self._read = 0
        self._run = 0
        self._asked_in: dict[str, tuple[int, datetime]] = {}
        """The run in which each page was last asked for, and when."""
        self.doubted = 0
        """Pages asked for again since the audit found that the server counts otherwise than the store holds."""
        self.again: Counter[int] = Counter()
        """How many pages of each run were asked for again later: its end lost what they had brought."""

    def read(self) -> None:
        """Take note of what was asked since the last time, by one more run."""
        new = harness.control(self._url, f"requests?since={self._read}")
        self._read += len(new)
        self._run += 1
        doubts = _doubts(self._store)
        for request in new:
            if request["status"] == 200 and _is_a_page(request):
                page = json.dumps([request["path"], request["query"]], sort_keys=True)
                run, before = self._asked_in.get(page, (None, None))
                if run is not None and before is not None:
                    if _doubted(request["query"], before, doubts):
                        self.doubted += 1
                    else:
                        self.again[run] += 1
                self._asked_in[page] = self._run, datetime.fromisoformat(request["at"])

    def forget(self) -> None:
        """Leave out what was asked since the last time."""
        self._read += len(harness.control(self._url, f"requests?since={self._read}"))


def _is_a_page(request: Mapping[str, Any]) -> bool:
    """Whether a request belongs to one pass alone: a window pinned to its time, or a page further on.

    Short lists without either (projects, releases) are polled whole by every run, killed or not, and the last
    whole hours are read again until they are final.
    """
    query = request["query"]
    if not {"start", "end", "cursor", "group"} & set(query):
        return False
    end = query.get("end", "")
    if not end.endswith(":00:00Z"):
        return True
    return datetime.fromisoformat(request["at"]) - datetime.fromisoformat(end) > FINAL


def _doubts(store: Path) -> list[tuple[datetime, datetime]]:
    """Hours (and days) that the audit had read again, and when it doubted them."""
    if not (store / "store.db").exists():
        return []
    with closing(sqlite3.connect(f"file:{store / 'store.db'}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT hour, doubted_at FROM doubts").fetchall()
    return [(_moment(hour), _moment(at)) for hour, at in rows]


def _doubted(query: Mapping[str, Any], since: datetime, doubts: list[tuple[datetime, datetime]]) -> bool:
    """Whether some of a page's window was doubted after the page was asked for the last time."""
    if "start" not in query or "end" not in query:
        return False
    start, end = datetime.fromisoformat(query["start"]), datetime.fromisoformat(query["end"])
    # Dates of answers have whole seconds.
    return any(start <= hour < end and at > since - timedelta(seconds=1) for hour, at in doubts)


def _check(url: str, store: Path, found: Kills) -> None:
    with closing(sqlite3.connect(f"file:{store / 'store.db'}?mode=ro", uri=True)) as connection:
        said = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
        if said != ["ok"]:
            found.unsound.append(said[0])
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'coverage'").fetchone():
            return
        found.running.update(
            row[0] for row in connection.execute("SELECT stream FROM passes WHERE state = 'running'")
        )
        _check_issues(url, connection, found)
        _check_events(url, connection, found)


def _check_issues(url: str, connection: sqlite3.Connection, found: Kills) -> None:
    """Each issue of the world whose last event lies in time that is covered must be held."""
    covered = _covered(connection, "issues")
    held = {row[0] for row in connection.execute("SELECT id FROM issues")}
    for issue, true in harness.control(url, "truth?full=1")["issues_by_id"].items():
        last = datetime.fromisoformat(true["last_seen"])
        if any(start <= last < end - BARELY for start, end in covered):
            found.claims += 1
            if issue not in held:
                found.false_claims.append(f"issue {issue}, last seen {last}")


def _check_events(url: str, connection: sqlite3.Connection, found: Kills) -> None:
    """As many events as the server counts in time that is covered must be held."""
    for start, end in _covered(connection, "events"):
        true = _count(url, start, end - BARELY)
        values = (_micros(start), _micros(end - BARELY))
        query = "SELECT count(*) FROM events WHERE timestamp >= ? AND timestamp < ?"
        (held,) = connection.execute(query, values).fetchone()
        found.claims += true
        if held < true:
            found.false_claims.append(f"{true - held} events between {start} and {end}")


def _covered(connection: sqlite3.Connection, resource: str) -> list[tuple[datetime, datetime]]:
    rows = connection.execute('SELECT start, "end" FROM coverage WHERE resource = ? AND scope = ?', (resource, ""))
    return [(_moment(start), _moment(end)) for start, end in rows if _moment(end) - BARELY > _moment(start)]


def _count(url: str, start: datetime, end: datetime) -> int:
    """The server's own count of the error events in a time."""
    window = {"start": f"{start:%Y-%m-%dT%H:%M:%S}", "end": f"{end:%Y-%m-%dT%H:%M:%S}"}
    answer = harness.ask(url, "events", dataset="errors", field="count()", project="-1", **window)
    return int(answer["data"][0]["count()"])


def _events_missing(url: str, store: Path) -> int:
    with closing(sqlite3.connect(store / "store.db")) as connection:
        found = Kills()
        _check_events(url, connection, found)
        return len(found.false_claims)


def _moment(micros: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)


def _micros(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _report(found: Kills, asked: Requests, differs: Counter[str], events: int) -> None:
    print(f"kills {len(found.at)}, {min(found.at):.1f} to {max(found.at):.1f} s after the first request")
    print(f"runs that came to their end before they could be killed: {found.finished}")
    print(f"passes found interrupted, by stream: {dict(found.running.most_common())}")
    print(f"rows looked for because they were claimed: {found.claims}")
    print(f"kills that cost a page: {len(asked.again)} of {len(found.at)}")
    print(f"pages asked for again because the audit found their hours changed: {asked.doubted}")
    for line in [*found.unsound[:3], *found.false_claims[:3]]:
        print(f"    {line}")
    print(f"issues that differ at the end, by field: {dict(+differs)}")
    print(harness.verdict("kills after which the file was unsound", len(found.unsound), 0))
    print(harness.verdict("claims that the store did not hold", len(found.false_claims), 0))
    most = max(asked.again.values(), default=0)
    print(harness.verdict("pages asked for again because of one kill, at most", most, 1))
    print(harness.verdict("differences from the world at the end", sum(differs.values()) + events, 0))


if __name__ == "__main__":
    main()

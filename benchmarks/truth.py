"""A quarter of an hour in which people work: what one reconcile turn finds of it, and what it costs.

20,000 issues are synced from a simulator in a process of its own. Then 200 get a new event, 50 are new, 100 change
their status without an event, 20 are deleted, 5 merged, 10 assigned, 10 get another priority. The copy is compared
with the world before, after an ordinary sync, and after a whole turn (``sync --full``).

Usage: python -m benchmarks.truth [--issues N]
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import harness

FIELDS = ("status", "substatus", "priority", "assigned_to", "count", "last_seen")
SHOWN = (*FIELDS, "missing", "ghosts", "merged elsewhere")


@dataclass
class Work:
    """What was done."""

    silent: list[str] = field(default_factory=list)
    merged: dict[str, str] = field(default_factory=dict)


def main() -> None:
    """Sync, let people work, look again, and print what differs each time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--issues", type=int, default=20_000)
    options = parser.parse_args()
    flags = ("--issues", str(options.issues), "--events-per-day", "14286", "--static", "--rate-limit", "off")
    with tempfile.TemporaryDirectory() as folder, harness.simulator(*flags) as url:
        _measure(url, Path(folder) / "store", options.issues)


def _measure(url: str, store: Path, issues: int) -> None:
    pages = -(-issues // 100)
    first = _sync(url, store)
    harness.control(url, "advance", {"seconds": 900})
    work = _upheave(url)
    before = difference(url, store, work.merged)
    ordinary = _sync(url, store)
    between = difference(url, store, work.merged)
    turn = _sync(url, store, "--full")
    after = difference(url, store, work.merged)
    gone = turn["paths"]["one issue"]
    print(f"{'issues that differ in':24}{'before':>9}{'a sync':>9}{'a turn':>9}")
    for name in SHOWN:
        print(f"{name:24}{before[name]:>9}{between[name]:>9}{after[name]:>9}")
    print(f"{'requests':24}{first['requests']:>9}{ordinary['requests']:>9}{turn['requests']:>9}")
    print(f"{'seconds':24}{first['seconds']:>9.1f}{ordinary['seconds']:>9.1f}{turn['seconds']:>9.1f}")
    print(
        f"of the turn's requests {gone} asked for one issue each that a batch lacked; by stream: {turn['streams']}"
    )
    print(f"history: {_history(store)}")
    print(harness.verdict("differences after the turn", sum(after.values()), 0))
    print(
        harness.verdict("requests of the turn, but for issues that are gone", turn["requests"] - gone, pages + 10)
    )
    print(harness.verdict("requests for issues that are gone", gone, 25))


def _sync(url: str, store: Path, *flags: str) -> dict[str, Any]:
    """Run a sync of the issues: its requests, and how they were spent."""
    before = len(harness.control(url, "requests"))
    env = harness.environment(url, store, SENTRY_SYNC_RATE_LIMIT="10000")
    seconds, _, output = harness.run(harness.cli("sync", "issues", *flags, "--json"), env)
    asked = harness.control(url, "requests")[before:]
    summary = json.loads(output.splitlines()[-1])["summary"]
    assert summary["ok"], summary
    return {
        "requests": len(asked),
        "seconds": seconds,
        "paths": Counter(_kind(request["path"]) for request in asked),
        "streams": {result["stream"]: result["pages"] for result in summary["results"] if result["pages"]},
    }


def _kind(path: str) -> str:
    """What a request asked for: the clock of the copy is behind the simulator's, so the time is asked for too."""
    if path.endswith("/issues/"):
        return "list"
    return "one issue" if "/issues/" in path else "the time"


def _upheave(url: str) -> Work:
    """Let people work: see above."""
    draw, world = random.Random(3), harness.control(url, "truth?full=1")["issues_by_id"]
    _do(url, "bump", count=200)
    _do(url, "new_issues", count=50)
    ids = sorted(world)
    draw.shuffle(ids)
    taken, work = iter(ids), Work()
    for number in range(100):
        issue = next(taken)
        quiet = world[issue]["status"] == "unresolved"
        _do(url, ("resolve" if number % 3 else "ignore") if quiet else "unresolve", ids=issue)
        work.silent.append(issue)
    for number in range(10):
        _do(url, "assign", ids=next(taken), who="ada@acme.example" if number % 2 else "#backend")
        _do(url, "set_priority", ids=next(taken), priority="low" if number % 2 else "high")
    _do(url, "delete", ids=[next(taken) for _ in range(20)])
    for _ in range(5):
        child = next(taken)
        project = _project(world, child)
        parent = next(issue for issue in taken if _project(world, issue) == project)
        _do(url, "merge", parent=parent, children=[child])
        work.merged[child] = parent
    return work


def _project(world: dict[str, Any], issue: str) -> str:
    """The project's part of the short id."""
    return str(world[issue]["short_id"].rpartition("-")[0])


def _do(url: str, action: str, **arguments: object) -> None:
    harness.control(url, "mutate", {"action": action, **arguments})


def difference(url: str, store: Path, merged: Mapping[str, str]) -> Counter[str]:
    """In how many issues the copy differs from the world, by field; ``merged`` are those with a known parent."""
    world = harness.control(url, "truth?full=1")["issues_by_id"]
    with closing(sqlite3.connect(store / "store.db")) as connection:
        columns = "id, status, substatus, priority, assigned_id, count, last_seen, removed_at, merged_into"
        rows = {row[0]: row for row in connection.execute(f"SELECT {columns} FROM issues")}
    found: Counter[str] = Counter()
    for issue, true in world.items():
        if issue not in rows or rows[issue][7] is not None:
            found["missing"] += 1
            continue
        held = dict(zip(FIELDS, rows[issue][1:7], strict=True))
        held["last_seen"] = datetime.fromtimestamp(held["last_seen"] / 1e6, UTC).isoformat()
        found.update(name for name in FIELDS if held[name] != true[name])
    found["ghosts"] = sum(row[7] is None and issue not in world for issue, row in rows.items())
    found["merged elsewhere"] = sum(child in rows and rows[child][8] != parent for child, parent in merged.items())
    return found


def _history(store: Path) -> str:
    with closing(sqlite3.connect(store / "store.db")) as connection:
        rows = connection.execute("SELECT field, count(*) FROM issue_history GROUP BY 1 ORDER BY 1").fetchall()
    return ", ".join(f"{count} {name}" for name, count in rows)


if __name__ == "__main__":
    main()

"""How fast get-issues answers about a past time, beside asking the history of each issue in turn.

20,000 issues with 100,000 rows of history since the time that is asked about: once spread over 20 projects, once
all in one.

Usage: python -m benchmarks.past [--rounds N]
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks import harness, world
from sentry_sync.answers.context import Answers
from sentry_sync.store.reads import history
from sentry_sync.store.reads.snapshot import Reader
from sentry_sync.store.store import Store
from sentry_sync.store.types import to_micros

ISSUES, CHANGES, DAYS = 20_000, 100_000, 30


def main() -> None:
    """Ask both questions in turn and print how they compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store")
        world.fill(store.paths.directory, issues=ISSUES, events=0)
        with closing(sqlite3.connect(store.paths.database)) as connection, connection:
            _age(connection)
        _measure("20 projects", store, rounds)
        with closing(sqlite3.connect(store.paths.database)) as connection, connection:
            connection.execute("UPDATE issues SET project_id = '1'")
        _measure("one project", store, rounds)


def _age(connection: sqlite3.Connection) -> None:
    """Let every look but the last have been had over the last 30 days: four of five changes are of counts."""
    since = to_micros(datetime.now(UTC) - timedelta(days=DAYS + 1))
    for table in ("projects", "issues"):
        connection.execute(f"UPDATE {table} SET known_since = ?", (since,))
    connection.executemany(
        "INSERT INTO issue_history (issue_id, after, at, field, old, new, seen_by) VALUES (?, ?, ?, ?, ?, ?, ?)",
        _changes(since),
    )


def _changes(since: int) -> Iterator[tuple[object, ...]]:
    draw = random.Random(7)
    hour = 3_600_000_000
    for n in range(CHANGES):
        at = since + 24 * hour + n * (DAYS * 24 * hour // CHANGES)
        field, old, new = ("status", "unresolved", "resolved") if n % 5 == 0 else ("count", "1", "2")
        yield str(draw.randrange(ISSUES)), at - hour, at, field, old, new, "issues.hot"


def _measure(name: str, store: Store, rounds: int) -> None:
    age = timedelta(days=DAYS)
    ours, each = [], []
    with Answers(store) as answers, closing(Reader(store)) as reader:
        for _ in range(rounds):
            started = time.perf_counter()
            found = answers.get_issues("project-1", status="unresolved", at_time=f"-{DAYS}d")
            ours.append(time.perf_counter() - started)
            assert len(found["issues"]) == 25, "the store did not answer"
            started = time.perf_counter()
            _one_by_one(reader, datetime.now(UTC) - age)
            each.append(time.perf_counter() - started)
    mine, theirs = (1000 * harness.middle(figures) for figures in (ours, each))
    print(f"{name}: {mine:.1f} ms about {DAYS} days ago, {theirs:.1f} ms issue by issue")
    print(harness.verdict(f"the past of {name}", mine / theirs, 0.5, unit="x"))


def _one_by_one(reader: Reader, moment: datetime) -> None:
    """The unresolved at the moment, the plain way."""
    with reader.snapshot() as snapshot:
        ids = [key for (key,) in snapshot.execute("SELECT id FROM issues WHERE project_id = '1'")]
        then = [history.at(snapshot, [key], moment)[key] for key in ids]
        assert any(issue.fields["status"].value == "unresolved" for issue in then)


if __name__ == "__main__":
    main()

"""SQL over the lake beside one native DuckDB file of the same data, and beside SQLite.

Usage: python -m benchmarks.trends [--events 10000000] [--transactions 500000] [--rounds 9] [--keep DIRECTORY]
"""

from __future__ import annotations

import argparse
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb

from benchmarks import harness, lake_world
from benchmarks.lake_world import NOW, Frozen
from sentry_sync.errors import QueryError
from sentry_sync.store.lake import Lake
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.store import Store
from sentry_sync.store.types import to_micros
from sentry_sync.trends.library import Query, bind, library
from sentry_sync.trends.session import Question, answer

MONTH, FORTNIGHT, WEEK = (to_micros(NOW - timedelta(days=days)) for days in (30, 14, 7))


@dataclass(frozen=True, slots=True)
class Scan:
    """A statement that reads most of a table, in both dialects."""

    name: str
    ours: str
    sqlite: str


SCANS = (
    Scan(
        "errors an hour, all projects, 30 days",
        f"""SELECT project_id, date_trunc('hour', timestamp) AS hour, count(*) FROM events
        WHERE timestamp >= make_timestamp({MONTH}) GROUP BY ALL""",
        f"""SELECT project_id, timestamp - timestamp % 3600000000 AS hour, count(*) FROM events
        WHERE timestamp >= {MONTH} GROUP BY 1, 2""",
    ),
    Scan(
        "users by project and month",
        """SELECT project_id, date_trunc('month', timestamp) AS month, count(DISTINCT user_key) FROM events
        GROUP BY ALL""",
        """SELECT project_id, strftime('%Y-%m', timestamp / 1000000, 'unixepoch'), count(DISTINCT user_key)
        FROM events GROUP BY 1, 2""",
    ),
    Scan(
        "issues this week beside the week before",
        f"""SELECT issue_id, count(*) FILTER (WHERE timestamp >= make_timestamp({WEEK})), count(*) FROM events
        WHERE timestamp >= make_timestamp({FORTNIGHT}) GROUP BY ALL ORDER BY 2 DESC LIMIT 20""",
        f"""SELECT issue_id, count(*) FILTER (WHERE timestamp >= {WEEK}), count(*) FROM events
        WHERE timestamp >= {FORTNIGHT} GROUP BY 1 ORDER BY 2 DESC LIMIT 20""",
    ),
    Scan(
        "errors by release and environment",
        'SELECT "release", environment, count(*) FROM events GROUP BY ALL',
        'SELECT "release", environment, count(*) FROM events GROUP BY 1, 2',
    ),
    Scan(
        "errors by a tag",
        "SELECT tags->>'browser', count(*) FROM events GROUP BY ALL ORDER BY 2 DESC LIMIT 20",
        "SELECT tags->>'browser', count(*) FROM events GROUP BY 1 ORDER BY 2 DESC LIMIT 20",
    ),
    Scan(
        "hourly counts, summed by day",
        """SELECT project_id, date_trunc('day', hour) AS day, sum("count") FROM error_counts GROUP BY ALL""",
        """SELECT project_id, hour / 86400000000 AS day, sum("count") FROM error_counts GROUP BY 1, 2""",
    ),
    Scan(
        "slowest transactions by their hours",
        'SELECT "transaction", sum("count"), max(p95) FROM transaction_stats GROUP BY ALL ORDER BY 3 DESC',
        'SELECT "transaction", sum("count"), max(p95) FROM transaction_stats GROUP BY 1 ORDER BY 3 DESC',
    ),
)


def main() -> None:
    """Fill, publish, ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--transactions", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--keep", type=Path, help="A directory for the store, used again if it is filled.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = given.keep or Path(folder)
        store = _store(place, given.events, given.transactions)
        _queries(store.paths, place / "native.duckdb", given.rounds)
        _scans(store.paths, place / "native.duckdb", given.rounds)
        _first(store.paths, given.rounds)
        _memory(store.paths)
        store.close()


def _store(place: Path, events: int, transactions: int) -> Store:
    if (place / "native.duckdb").exists():
        return Store(place / "store", Frozen())
    began = time.perf_counter()
    store = lake_world.fill(place / "store", events, transactions)
    took = time.perf_counter() - began
    print(f"{events:,} events and {transactions:,} transaction rows in SQLite: {took:.0f} s to make")
    done = Lake(store, Frozen()).publish()
    rate = done.rows / done.seconds
    print(f"published {done.rows:,} rows in {done.parts} parts: {done.seconds:.1f} s, {rate:,.0f} rows/s")
    # 100 requests a minute of 100 rows each are what the API gives.
    share = done.seconds / (done.rows / 167 + done.seconds)
    print(harness.verdict("publishing, of a sync as fast as the API allows", share, 0.05))
    size = sum(path.stat().st_size for path in (store.paths.lake / "events").glob("*.parquet"))
    print(harness.verdict("bytes of lake an event", size / events, 70))
    lake_world.native(store, place / "native.duckdb")
    return store


def _timed(what: Callable[[], object]) -> float:
    started = time.perf_counter()
    what()
    return (time.perf_counter() - started) * 1000


def _queries(paths: StorePaths, file: Path, rounds: int) -> None:
    """Each query of the library with its defaults: a session of ours from nothing, and one that opens the file."""
    print(f"\n{'library query':34} {'lake ms':>8} {'native ms':>9} {'ratio':>6}")
    for query in library().values():
        try:
            values = bind(query, _given(query), NOW)
        except QueryError as error:
            print(f"{query.name:34} not asked: {error}")
            continue
        mine, other = _beside(paths, file, Question(query.sql, values, 10_000, 300.0), rounds)
        print(f"{query.name:34} {mine:8.0f} {other:9.0f} {mine / other:6.2f}")


def _given(query: Query) -> dict[str, object]:
    known = {"project": "project-1", "release": "web@1.50", "version": "web@1.50", "tag": "browser"}
    return {p.name: known[p.name] for p in query.parameters if p.default is None and p.name in known}


def _beside(paths: StorePaths, file: Path, question: Question, rounds: int) -> tuple[float, float]:
    """Milliseconds of ours and of the native file's, in alternating rounds."""
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(_timed(lambda: answer(paths, question, Frozen())))
        _settle()
        theirs.append(_timed(lambda: _native(file, question)))
    return harness.middle(ours), harness.middle(theirs)


def _settle() -> None:
    """Wait until the session of ours is closed, which goes on beside the answer and would burden the other."""
    for thread in threading.enumerate():
        if thread.name.startswith("duckdb-"):
            thread.join()


def _native(file: Path, question: Question) -> list[tuple[object, ...]]:
    with closing(duckdb.connect(str(file), read_only=True, config={"threads": "2"})) as session:
        session.execute("SET TimeZone = 'UTC'")
        session.execute(question.statement, dict(question.parameters) or None)
        rows: list[tuple[object, ...]] = session.fetchmany(question.rows)
        return rows


def _scans(paths: StorePaths, file: Path, rounds: int) -> None:
    print(
        f"\n{'scanning statement':40} {'lake ms':>8} {'native ms':>9} {'ratio':>6} {'SQLite ms':>9} {'times':>6}"
    )
    for scan in SCANS:
        mine, other = _beside(paths, file, Question(scan.ours, rows=100_000, seconds=300.0), rounds)
        slow = _sqlite(paths.database, scan.sqlite)
        print(f"{scan.name:40} {mine:8.0f} {other:9.0f} {mine / other:6.2f} {slow:9.0f} {slow / mine:6.1f}")


def _sqlite(path: Path, statement: str) -> float:
    """Milliseconds, once: with its whole file mapped, as fast as it can be."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        connection.execute("PRAGMA cache_size = -500000")
        connection.execute("PRAGMA mmap_size = 30000000000")
        return _timed(lambda: connection.execute(statement).fetchall())


_EMPTY = "import duckdb; duckdb.sql('SELECT 1').fetchall()"
_OURS = """
import sys
from pathlib import Path
from sentry_sync.store.paths import StorePaths
from sentry_sync.trends.session import run_sql
statement = "SELECT project_id, sum(count) FROM error_counts WHERE hour >= '2026-11-15' GROUP BY 1"
run_sql(StorePaths(Path(sys.argv[1])), statement)
"""


def _first(paths: StorePaths, rounds: int) -> None:
    """Whole processes: Python, imports, session and first query."""
    empty, ours = [], []
    for _ in range(max(rounds, 5)):
        empty.append(harness.run([sys.executable, "-c", _EMPTY])[0])
        ours.append(harness.run([sys.executable, "-c", _OURS, str(paths.directory)])[0])
    mine, other = harness.middle(ours), harness.middle(empty)
    print(f"\nfirst query of a process: {1000 * mine:.0f} ms; import duckdb and SELECT 1: {1000 * other:.0f} ms")
    print(harness.verdict("first query beside an empty one", mine / other, 2.0))


_HUNGRY = """
import resource, sys
from pathlib import Path
from sentry_sync.errors import QueryError
from sentry_sync.store.paths import StorePaths
from sentry_sync.trends.apart import MEMORY, Apart, Limits
apart = Apart()
for statement in (
    "SELECT list(range) FROM range(1000000000)",
    "SELECT count(DISTINCT event_id || title) FROM events",
    "SELECT * FROM events ORDER BY title, event_id LIMIT 10",
):
    try:
        apart.ask(StorePaths(Path(sys.argv[1])), statement, Limits(rows=10))
    except QueryError:
        pass
print((resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 - MEMORY) / 1e6)
"""


def _memory(paths: StorePaths) -> None:
    over = float(subprocess.check_output([sys.executable, "-c", _HUNGRY, str(paths.directory)], text=True))
    print(harness.verdict("query-sql's memory above its cap", over, 150, unit=" MB"))


if __name__ == "__main__":
    main()

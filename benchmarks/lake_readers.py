"""Readers of the lake while a sync writes at full speed: no error, no torn snapshot, and how far they lag.

A process writes pages of 100 events with their hourly count, merges and deletes issues, and publishes. Each page
is an hour of the store's time, so that days and months become parts in seconds. Meanwhile readers loop over the
library and two checks: that events and counts of one snapshot agree, and that the files of the manifest hold what
it says.

Usage: python -m benchmarks.lake_readers [--seconds 60] [--readers 2]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import orjson

from benchmarks import harness
from sentry_sync.records.event import ErrorCount, Event
from sentry_sync.records.issue import IssueGone
from sentry_sync.store.lake import Lake
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.store import Store
from sentry_sync.trends.library import library
from sentry_sync.trends.running import run_query
from sentry_sync.trends.session import run_sql

BEGAN = datetime(2025, 1, 1, tzinfo=UTC)
PAGE, ISSUES = 100, 40


class Hours:
    """A clock that the writer sets."""

    current = BEGAN

    def now(self) -> datetime:
        """The store's time."""
        return self.current

    def sleep(self, seconds: float) -> None:
        """Wait for real."""
        time.sleep(seconds)


def main() -> None:
    """Write in one process and read in others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--readers", type=int, default=2)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--read", type=Path)
    parser.add_argument("--publish", type=int, default=240, help="Pages between two looks at what is due.")
    given = parser.parse_args()
    if given.write:
        _write(given.write, given.seconds, given.publish)
    elif given.read:
        _read(StorePaths(given.read), given.seconds)
    else:
        _both(given.seconds, given.readers)


def _both(seconds: float, readers: int) -> None:
    command = [sys.executable, "-m", "benchmarks.lake_readers", "--seconds", str(seconds)]
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        Store(store, Hours()).prepare()
        writer = subprocess.Popen([*command, "--write", str(store)], stdout=subprocess.PIPE)
        reading = [
            subprocess.Popen([*command, "--read", str(store)], stdout=subprocess.PIPE) for _ in range(readers)
        ]
        wrote, *read = (orjson.loads(process.communicate()[0].splitlines()[-1]) for process in (writer, *reading))
    print(f"written: {wrote['pages'] * PAGE:,} events, {wrote['parts']} parts of {wrote['published']:,} rows")
    print(f"publishing took {wrote['publishing'] / wrote['seconds']:.1%} of a writer that waits for no server")
    print(f"read: {sum(r['looks'] for r in read)} snapshots, {sum(r['files'] for r in read)} manifests")
    print(harness.verdict("errors", sum(r["errors"] for r in read), 0))
    print(harness.verdict("snapshots whose events and counts differ", sum(r["torn"] for r in read), 0))
    print(harness.verdict("manifests whose files hold other rows", sum(r["wrong"] for r in read), 0))
    print(f"rows not in the lake yet when read, median: {harness.middle([r['waiting'] for r in read]):,.0f}")
    print("rows written before a snapshot and missing in it: none, since the rest is read from SQLite")


def _write(directory: Path, seconds: float, publish: int) -> None:
    clock = Hours()
    store, publishing, parts, rows = Store(directory, clock), 0.0, 0, 0
    pages = run_sql(store.paths, "SELECT count(*) FROM passes").rows[0][0]
    print("begun", flush=True)
    lake, began = Lake(store, clock), time.perf_counter()
    while time.perf_counter() - began < seconds:
        pages += 1
        clock.current = BEGAN + timedelta(hours=pages)
        with store.write() as uow:
            uow.upsert(_page(pages, clock.current))
            uow.begin_pass("events", "", None, clock.current)  # counts the pages
            if pages % 50 == 0:
                uow.upsert([IssueGone(str(pages % ISSUES), clock.current, "merged", str((pages + 7) % ISSUES))])
            if pages % 190 == 0:
                uow.upsert([IssueGone(str(pages // 190 % ISSUES), clock.current, "deleted")])
        if pages % publish == 0:
            done = lake.publish()
            publishing, parts, rows = publishing + done.seconds, parts + done.parts, rows + done.rows
    took = time.perf_counter() - began
    store.close()
    told = {"pages": pages, "publishing": publishing, "parts": parts, "published": rows, "seconds": took}
    print(orjson.dumps(told).decode())


def _page(number: int, at: datetime) -> list[Event | ErrorCount]:
    issue = str(number % ISSUES)
    events: list[Event | ErrorCount] = [
        Event("1", f"{number * PAGE + n:032x}", issue, at + timedelta(seconds=n), "production", "web@1", "error",
              f"title {n}", "/a", "python", f"id:{n}", {"browser": f"Chrome {n}"})
        for n in range(PAGE)
    ]  # fmt: skip
    return [*events, ErrorCount("1", issue, "production", "web@1", at, PAGE, None)]


_AGREE = """
SELECT (SELECT count(*) FROM events), (SELECT coalesce(sum("count"), 0) FROM error_counts),
    (SELECT coalesce(sum("rows"), 0) FROM lake_parts WHERE resource = 'events')
"""


def _read(paths: StorePaths, seconds: float) -> None:
    told = {"looks": 0, "files": 0, "errors": 0, "torn": 0, "wrong": 0}
    waiting: list[int] = []

    def look() -> None:
        ((events, counted, published),) = run_sql(paths, _AGREE).rows
        told["looks"] += 1
        told["torn"] += events != counted
        waiting.append(abs(events - int(published)))

    def outside() -> None:
        told["files"] += 1
        told["wrong"] += not _manifest_agrees(paths)

    def ask() -> None:
        for name in library():
            run_query(paths, name)

    steps: tuple[Callable[[], None], ...] = (look, outside, ask)
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        for step in steps:
            try:
                step()
            except Exception as error:  # noqa: BLE001 (whatever it is, it is counted)
                told["errors"] += 1
                print(error, file=sys.stderr)
    print(orjson.dumps(told | {"waiting": harness.middle(waiting or [0])}).decode())


def _manifest_agrees(paths: StorePaths) -> bool:
    """Whether the files that the manifest lists are there and hold the rows it says."""
    try:
        manifest = orjson.loads((paths.lake / "manifest.json").read_bytes())
    except FileNotFoundError:
        return True  # nothing was published yet
    parts = manifest["resources"]["events"]["parts"]
    files = [str(paths.lake / part["file"]) for part in parts if part["file"]]
    if not files:
        return True
    with duckdb.connect() as session:
        held = session.execute("SELECT count(*) FROM read_parquet($files)", {"files": files}).fetchone()
    return held == (sum(part["rows"] for part in parts),)


if __name__ == "__main__":
    main()

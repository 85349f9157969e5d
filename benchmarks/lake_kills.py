"""Publishing killed (-9) at random, again and again: whether SQL over the lake is still SQL over SQLite.

Usage: python -m benchmarks.lake_kills [--kills 30]
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import harness
from benchmarks.lake_readers import Hours
from sentry_sync.store import lake_parts
from sentry_sync.store.lake_resources import RESOURCES
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.reading import reading
from sentry_sync.store.soundness import check
from sentry_sync.store.store import Store
from sentry_sync.trends.session import run_sql

_SUMS = {
    "events": "SELECT count(*), count(DISTINCT issue_id), min(title), max(title) FROM events",
    "error_counts": 'SELECT count(*), sum("count"), min(issue_id), max(issue_id) FROM error_counts',
}


def main() -> None:
    """Kill a writer that publishes all the time, and compare after each kill."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    kills = parser.parse_args().kills
    draw, differ, damaged, left = random.Random(1), 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        paths = StorePaths(Path(folder) / "store")
        Store(paths.directory, Hours()).prepare()
        for _ in range(kills):
            command = [
                sys.executable,
                "-m",
                "benchmarks.lake_readers",
                "--seconds",
                "60",
                "--publish",
                "5",
                "--write",
            ]
            writer = subprocess.Popen([*command, str(paths.directory)], stdout=subprocess.PIPE)
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(draw.uniform(0.1, 3.0))
            writer.kill()
            writer.wait()
            check(paths.database)
            differ += not _agrees(paths)
            damaged += not _sound(paths)
            left += len(list(paths.lake.glob("*/*.part")))
        rows = run_sql(paths, "SELECT count(*) FROM events").rows[0][0]
    print(f"{kills} kills, {rows:,} events in the end, {left} unfinished files seen")
    print(harness.verdict("stores whose SQL differs from SQLite", differ, 0))
    print(harness.verdict("lakes with a file that is not what is listed", damaged, 0))


def _agrees(paths: StorePaths) -> bool:
    with reading(paths) as connection:
        return all(run_sql(paths, sql).rows == connection.execute(sql).fetchall() for sql in _SUMS.values())


def _sound(paths: StorePaths) -> bool:
    with reading(paths) as connection:
        listed = [part for name in RESOURCES for part in lake_parts.parts(connection, name) if part.file]
    return all(lake_parts.checksum(paths.lake / str(part.file)) == part.checksum for part in listed)


if __name__ == "__main__":
    main()

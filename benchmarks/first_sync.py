"""The first sync of 20,000 issues beside a plain loop, and an incremental one after 15 minutes of change.

Usage: python -m benchmarks.first_sync [--rounds N] [--issues N]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from datetime import datetime
from pathlib import Path

from benchmarks import harness

MEGABYTE = 1024 * 1024


def main() -> None:
    """Measure both in alternating rounds against one simulator."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--issues", type=int, default=20_000)
    options = parser.parse_args()
    flags = ("--issues", str(options.issues), "--events-per-day", "14286", "--static", "--rate-limit", "off")
    with tempfile.TemporaryDirectory() as folder, harness.simulator(*flags) as url:
        _first(url, Path(folder), options.rounds, options.issues)
        _incremental(url, Path(folder) / f"store-{options.rounds - 1}")


def _first(url: str, folder: Path, rounds: int, issues: int) -> None:
    pages = -(-issues // 100)
    plain, whole, inside, peak = [], [], [], 0
    for turn in range(-1, rounds):
        # The first turn only warms the simulator and the disk up.
        loop = [sys.executable, "-m", "benchmarks.plain_loop", url, str(folder / f"plain-{turn}.db")]
        figures = json.loads(harness.run(loop)[2])
        store = folder / f"store-{turn}"
        before = len(harness.control(url, "requests"))
        env = harness.environment(url, store, SENTRY_SYNC_RATE_LIMIT="10000")
        seconds, memory, output = harness.run(harness.cli("sync", "issues", "--json"), env)
        asked = len(harness.control(url, "requests")) - before
        assert figures["rows"] == issues
        assert asked == pages, f"{asked} requests for {pages} pages"
        if turn < 0:
            continue
        plain.append(figures["seconds"])
        whole.append(seconds)
        inside.append(_summary(output)[0])
        peak = max(peak, memory)
    least, all_of_it, run = harness.middle(plain), harness.middle(whole), harness.middle(inside)
    print(f"first sync of {issues} issues in {pages} requests, none repeated, none besides")
    print(
        f"plain loop {issues / least:.0f} rows/s; sync {issues / run:.0f} rows/s; whole process {all_of_it:.2f} s"
    )
    print(harness.verdict("rows per second", least / run, 0.6, at_least=True, unit="x"))
    print(harness.verdict("peak memory", peak / MEGABYTE, 150, unit=" MB"))


def _summary(output: str) -> tuple[float, int]:
    """Seconds and rows of the sync itself, from the last line of its JSON."""
    summary = json.loads(output.splitlines()[-1])["summary"]
    started, ended = (datetime.fromisoformat(summary[name]) for name in ("started_at", "ended_at"))
    return (ended - started).total_seconds(), sum(result["rows"] for result in summary["results"])


def _incremental(url: str, store: Path) -> None:
    harness.control(url, "mutate", {"action": "bump", "count": 200})
    harness.control(url, "mutate", {"action": "new_issues", "count": 50})
    before = len(harness.control(url, "requests"))
    env = harness.environment(url, store, SENTRY_SYNC_RATE_LIMIT="10000")
    seconds, _, output = harness.run(harness.cli("sync", "issues", "--json"), env)
    asked = len(harness.control(url, "requests")) - before
    rows = _summary(output)[1]
    print(f"incremental: 200 issues bumped, 50 new; {rows} rows read")
    print(harness.verdict("requests", asked, 4))
    print(harness.verdict("whole process", seconds, 1.5, unit=" s"))


if __name__ == "__main__":
    main()

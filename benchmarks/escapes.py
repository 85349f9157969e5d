"""The table of escapes: what was tried, what stopped it, how long that took.

Usage: python -m benchmarks.escapes [--markdown]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from sentry_sync.errors import QueryError
from sentry_sync.store.paths import StorePaths
from sentry_sync.trends.apart import Apart, Limits
from tests.trends.escapes import ESCAPES, HARMLESS
from tests.trends.seed import seeded

LIMITS = Limits(rows=10, seconds=2.0, memory=300_000_000)

WALLS = (
    ("was stopped after", "the clock"),
    ("more memory", "the memory limits"),
    ("larger than an answer", "the limit of bytes"),
    ("cannot work on a value", "the function itself"),
)
"""What an error of a statement that was running says, and which limit that was; any other is the gate's."""


def main() -> None:
    """Try each, and ask something ordinary after each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markdown", action="store_true")
    form = "| {} | {} | {} |" if parser.parse_args().markdown else "{:42} {:22} {}"
    apart, harmed = Apart(ahead=True), 0
    with tempfile.TemporaryDirectory() as folder:
        paths = seeded(Path(folder) / "store")
        print(form.format("Attempt", "Stopped by", "After"))
        if form.startswith("|"):
            print("| --- | --- | --- |")
        for name, statement, wanted in ESCAPES:
            began = time.perf_counter()
            wall = _wall(apart, paths, statement)
            took = time.perf_counter() - began
            good = (wall == "nothing: a value") == (wanted == HARMLESS)
            print(form.format(name, wall if good else f"MISS: {wall}", f"{took:.1f} s"), flush=True)
            harmed += not _is_well(apart, paths)
    apart.close()
    print(f"\n{len(ESCAPES)} attempts; statements after them that were harmed: {harmed}")


def _wall(apart: Apart, paths: StorePaths, statement: str) -> str:
    try:
        apart.ask(paths, statement, LIMITS)
    except QueryError as error:
        return next((wall for said, wall in WALLS if said in str(error)), "the gate")
    return "nothing: a value"


def _is_well(apart: Apart, paths: StorePaths) -> bool:
    return apart.ask(paths, "SELECT count(*) FROM issues", LIMITS).rows == [[4]]


if __name__ == "__main__":
    main()

"""The differential search test at length: ``python -m tests.answers.search_run N [SEED]``."""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.answers.search_queries import Queries
from tests.answers.search_world import WORLDS, Lived, Outcome, judge

ONLINE_EVERY = 10
"""One in so many cases may ask the simulator, so that its pages and cursors are compared as well."""


def run(folder: Path, cases: int, seed: int) -> list[Outcome]:
    """Every world with its share of ``cases``."""
    outcomes = []
    for name in WORLDS:
        lived = Lived(folder / name, name)
        queries = Queries(lived, seed)
        outcomes += [
            judge(lived, queries.case(), online=number % ONLINE_EVERY == 0)
            for number in range(max(1, cases // len(WORLDS)))
        ]
        lived.close()
    return outcomes


def main() -> int:
    """Print what was tried, how it was answered, and every mismatch."""
    cases, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        outcomes = run(Path(folder), cases, seed)
    wrong = [outcome for outcome in outcomes if outcome.wrong]
    counts = Counter(outcome.how for outcome in outcomes)
    for outcome in wrong[:20]:
        print(f"MISMATCH {outcome.case}\n  {outcome.how}: {outcome.wrong}")
    for how, count in counts.most_common():
        print(f"{how:20} {count:7} {100 * count / len(outcomes):5.1f} %")
    print(f"tried {len(outcomes)}, mismatches {len(wrong)}, {time.perf_counter() - started:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

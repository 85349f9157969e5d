"""How long a search takes, and how long it keeps the server's loop: 20,000 issues and 200,000 events, one project.

A look that takes longer than the loop can be spared is broken off and had again in a thread.

Usage: python -m benchmarks.search [--issues N] [--events N]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import harness, world
from sentry_sync.answers.context import Answers
from sentry_sync.answers.issues import issues_question
from sentry_sync.store.store import Store

ROUNDS = 30

SEARCHES: dict[str, dict[str, str]] = {
    "no query": {},
    "no query, unresolved": {"status": "unresolved"},
    "is:unresolved": {"query": "is:unresolved"},
    "is:unresolved level:[error,fatal]": {"query": "is:unresolved level:[error,fatal]"},
    "!is:resolved": {"query": "!is:resolved"},
    "is:unresolved assigned:none": {"query": "is:unresolved assigned:none"},
    "age:-24h": {"query": "age:-24h"},
    "timesSeen:>100": {"query": "timesSeen:>100"},
    "issue.priority:high, by priority": {"query": "issue.priority:high", "sort": "priority"},
    "by frequency": {"query": "is:unresolved", "sort": "frequency"},
    "text that many have": {"query": "failed for order"},
    "text that one has": {"query": "step 4711"},
    "text that none has": {"query": "nothing-like-it"},
    "environment": {"query": "is:unresolved", "environment": "production"},
    "last 24 hours": {"since": "-24h"},
    "release, last 24 hours": {"query": "release:shop@1.0.0", "since": "-24h"},
    "release, last 12 hours": {"query": "release:shop@1.0.0", "since": "-12h"},
    "release, 7 days": {"query": "release:shop@1.0.0", "since": "-7d"},
    "release that none has, 7 days": {"query": "release:shop@9.9.9", "since": "-7d"},
}


def main() -> None:
    """Fill a store and time each search, compiled and warm."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--issues", type=int, default=20_000)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--projects", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world.fill(Path(folder), issues=given.issues, events=given.events, projects=given.projects)
        print(
            f"{given.issues} issues and {given.events} events in {given.projects} projects; {datetime.now(UTC):%F}"
        )
        answers = Answers(Store(Path(folder)))
        for name, arguments in SEARCHES.items():
            _one(answers, name, {"project": "project-0", **arguments})
            if "environment" not in arguments and "release" not in str(arguments):
                _one(answers, f"{name}, all projects", arguments)
        answers.close()


def _one(answers: Answers, name: str, arguments: dict[str, Any]) -> None:
    question, kept = issues_question(**arguments), []
    started = time.perf_counter()
    answer = answers.ask(question)
    first = 1000 * (time.perf_counter() - started)
    took = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        answers.ask(question)
        took.append(1000 * (time.perf_counter() - started))
        started = time.perf_counter()
        answers.begin(question)
        kept.append(1000 * (time.perf_counter() - started))
    found = answer["freshness"]
    how = "complete" if found["complete"] else found["notes"][0][28:60]
    times = (
        f"first {first:6.1f} ms, then {harness.middle(took):6.2f} ms, of the loop {harness.middle(kept):5.2f} ms"
    )
    print(f"{name:48} {times}  {len(answer['issues'])} rows, {how}")


if __name__ == "__main__":
    main()

"""What scrubbing costs a first sync, and the audit log an answer.

Usage: python -m benchmarks.privacy [--issues N]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from contextlib import closing
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks import harness
from sentry_sync.answers.context import Answers
from sentry_sync.answers.issues import issues_question
from sentry_sync.store.audit_trail import Entry
from sentry_sync.store.privacy import held
from sentry_sync.store.privacy.erased import Erased
from sentry_sync.store.store import Store


def main() -> None:
    """A first sync as a process, over HTTP; and what scrubbing the rows that it brought takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--issues", type=int, default=5_000)
    issues = parser.parse_args().issues
    flags = ("--issues", str(issues), "--events-per-day", "5000", "--days", "2", "--static", "--rate-limit", "off")
    with tempfile.TemporaryDirectory() as folder, harness.simulator(*flags) as url:
        env = harness.environment(url, Path(folder), SENTRY_SYNC_RATE_LIMIT="10000")
        output = harness.run(harness.cli("sync", "projects", "issues", "events", "--json"), env)[2]
        whole = _seconds(output)
        with closing(Store(Path(folder))) as store:
            spent, rows = _scrubbing(store)
            print(f"first sync of {rows} rows: {whole:.2f} s; scrubbing them: {spent:.2f} s")
            print(harness.verdict("scrubbing, of a first sync", spent / whole, 0.10))
            _auditing(store)


def _seconds(output: str) -> float:
    summary = json.loads(output.splitlines()[-1])["summary"]
    started, ended = (datetime.fromisoformat(summary[name]) for name in ("started_at", "ended_at"))
    return (ended - started).total_seconds()


def _scrubbing(store: Store) -> tuple[float, int]:
    """Seconds that scrubbing takes of every row held, a hundred at a time as pages bring them, and how many."""
    scrubber, pages, rows = store.scrubber(), [], 0
    erased = Erased(scrubber.pseudonyms)
    with closing(store.read()) as reading, reading.begin():
        for kind in held.kinds():
            found = [_record(kind, one.row) for one in held.every(reading, kind)]
            pages += [found[at : at + 100] for at in range(0, len(found), 100)]
            rows += len(found)
    began = time.perf_counter()
    for page in pages:
        scrubber.records(page, erased)
    return time.perf_counter() - began, rows


def _record(kind: type, row: Any) -> Any:
    """A record of the held fields; the others, which no rule is about, are None."""
    found: Any = object.__new__(kind)
    for field in fields(kind):
        object.__setattr__(found, field.name, getattr(row, field.name, None))
    return found


def _auditing(store: Store) -> None:
    """An answer of 25 issues, and the entry that tells of it."""
    took: dict[bool, list[float]] = {True: [], False: []}
    with Answers(store) as answers:
        for turn in range(4000):
            began = time.perf_counter()
            answers.ask(issues_question(None))
            if turn % 2:
                answers.trail.note(
                    Entry("MCP client x over stdio", "get-issues", {"limit": 25}, "ok", "local", 25)
                )
            took[bool(turn % 2)].append(time.perf_counter() - began)
    share = statistics.median(took[True]) / statistics.median(took[False]) - 1
    print(harness.verdict("the audit log, of an answer's p50", share, 0.05))


if __name__ == "__main__":
    main()

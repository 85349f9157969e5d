"""The library's queries about the sync itself, beside what was written."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from sentry_sync.records.schedule import TOKEN_REFUSED, Entry, Rest
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.store import Store
from tests.support.clock import FakeClock
from tests.support.rows import NOW
from tests.trends.library_world import AT, COVERED, FAILED_RUN, MARKS, REQUESTS, ask
from tests.trends.seed import DAY, HOUR


def test_the_stream_furthest_behind_comes_first(world: StorePaths) -> None:
    rows = ask(world, "sync_lag")

    stream, scope, why = FAILED_RUN
    assert rows[0] == {
        **dict.fromkeys(rows[0]),
        "stream": stream,
        "scope": scope,
        "last_state": "failed",
        "last_error": why,
    }
    marked = sorted(MARKS, key=lambda key: (MARKS[key], key))
    assert [(row["stream"], row["scope"]) for row in rows[1:]] == marked
    for row in rows[1:]:
        at = MARKS[row["stream"], row["scope"]]
        assert (row["mark"], row["as_of"]) == (at, at)
        assert row["lag_minutes"] == (AT - at) / timedelta(minutes=1)


def test_what_failed_is_due_again_once_the_sync_no_longer_rests(tmp_path: Path) -> None:
    clock = FakeClock(AT)
    store = Store(tmp_path, clock)
    rest = Rest(AT + timedelta(minutes=5), TOKEN_REFUSED)
    with store.syncing():
        seen = []
        for held in (None, rest):
            with store.write() as uow:
                uow.keep_schedule(Entry("releases", timedelta(hours=1), AT - timedelta(minutes=1), 3, "503"), AT)
                uow.rest(held)
            (row,) = ask(store.paths, "sync_lag")
            seen.append((row["due_at"], row["overdue_minutes"], row["failures"]))
    store.close()
    assert seen == [(AT - timedelta(minutes=1), 1, 3), (rest.until, None, 3)]


def test_requests_are_counted_by_endpoint_and_lane(world: StorePaths) -> None:
    sent = Counter((endpoint, str(lane)) for _, endpoint, lane, _ in REQUESTS)

    rows = {(row["endpoint"], row["lane"]): row for row in ask(world, "budget_spent")}

    assert {key: row["requests"] for key, row in rows.items()} == sent
    assert {key: row["share"] for key, row in rows.items()} == {
        key: pytest.approx(many / len(REQUESTS)) for key, many in sent.items()
    }
    live = rows["issues", "live"]
    assert (live["refused"], live["failed"], live["busiest_minute"], live["mean_ms"]) == (1, 0, 2, 2000)
    assert (live["first_at"], live["last_at"]) == (NOW, NOW + timedelta(seconds=240))
    assert (rows["project_events", "hot"]["refused"], rows["project_events", "hot"]["failed"]) == (0, 2)
    early = ask(world, "budget_spent", until=NOW + timedelta(seconds=6))
    assert [row["requests"] for row in early] == [2]


def test_a_gap_is_what_lies_between_known_times_and_after_them(world: StorePaths) -> None:
    wanted = set()
    for resource, scopes in COVERED.items():
        for scope, parts in scopes.items():
            ends = [(before.end, after.start, "between") for before, after in pairwise(parts)]
            ends.append((parts[-1].end, AT, "newest"))
            wanted |= {
                (resource, scope, start, end, (end - start) / HOUR, kind, parts[0].start)
                for start, end, kind in ends
                if end - start > timedelta(minutes=10)
            }

    rows = ask(world, "coverage_gaps", longer_than_minutes=10)

    keys = ("resource", "scope", "gap_start", "gap_end", "hours", "kind", "known_from")
    assert {tuple(row[key] for key in keys) for row in rows} == wanted
    assert [row["hours"] for row in rows] == sorted((row["hours"] for row in rows), reverse=True)
    one = ask(world, "coverage_gaps", resource="error_counts", until=NOW - 9 * DAY - HOUR)
    assert [(row["scope"], row["kind"]) for row in one] == [("", "newest")]

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sentry_sync.records.intervals import Interval
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.store import Store
from sentry_sync.trends.freshness import TableState, describe
from sentry_sync.trends.session import run_sql
from tests.support.clock import FakeClock
from tests.support.rows import NOW
from tests.trends.seed import COUNTS_KNOWN

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def known(*hours: tuple[int, int], **others: Any) -> TableState:
    intervals = tuple(Interval(AT - start * HOUR, AT - end * HOUR) for start, end in hours)
    return replace(TableState("events", AT, intervals, covered=True), **others)


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (TableState("events", None), "events: never synced"),
        (TableState("projects", AT), "projects: as of 2026-11-20T12:00:00Z"),
        (
            known((5, 1)),
            "events: complete from 2026-11-20T07:00:00Z to 2026-11-20T11:00:00Z; as of 2026-11-20T12:00:00Z",
        ),
        (
            known((9, 8), (7, 4), (2, 0)),
            (
                "events: complete from 2026-11-20T03:00:00Z to 2026-11-20T12:00:00Z but for 2 gaps, the longest from "
                "2026-11-20T08:00:00Z to 2026-11-20T10:00:00Z; as of 2026-11-20T12:00:00Z"
            ),
        ),
        (
            known((3, 2), (1, 0), as_of=None),
            (
                "events: complete from 2026-11-20T09:00:00Z to 2026-11-20T12:00:00Z but for 1 gap, from "
                "2026-11-20T10:00:00Z to 2026-11-20T11:00:00Z"
            ),
        ),
        (known(as_of=None, scopes=3), "events: known for 3 scopes only, not as a whole"),
        (known(), "events: no time is complete; as of 2026-11-20T12:00:00Z"),
        (
            known((9, 0), served_since=AT - 5 * HOUR, as_of=None),
            (
                "events: complete from 2026-11-20T03:00:00Z to 2026-11-20T12:00:00Z; rows from before "
                "2026-11-20T07:00:00Z are held here only: Sentry no longer lists them"
            ),
        ),
        (
            known((1, 0), approximate=True, set_aside=4, removed=2, as_of=None),
            (
                "events: complete from 2026-11-20T11:00:00Z to 2026-11-20T12:00:00Z; in part sampled by the server; "
                "4 rows could not be read and left out; "
                "without 2 rows that Sentry no longer has (see removed_events)"
            ),
        ),
    ],
)
def test_a_tables_state_is_one_line(state: TableState, line: str) -> None:
    assert describe(state) == line


def test_an_answer_says_what_it_read_and_nothing_else(paths: StorePaths) -> None:
    found = run_sql(paths, "select count(*) from error_counts join projects p on p.id = project_id, marks")

    assert [state.table for state in found.tables] == ["error_counts", "projects"]
    assert found.tables[0].known == COUNTS_KNOWN
    assert found.notes == (
        (
            "error_counts: complete from 2026-11-05T12:00:00Z to 2026-11-20T11:55:00Z but for 1 gap, from "
            "2026-11-15T12:00:00Z to 2026-11-16T12:00:00Z; as of 2026-11-20T11:55:00Z"
        ),
        "projects: without 1 row that Sentry no longer has (see removed_projects); as of 2026-11-20T11:00:00Z",
    )


def test_issues_are_complete_by_their_last_event(paths: StorePaths) -> None:
    (note,) = run_sql(paths, "select count(*) from issues").notes

    assert "complete from 2026-08-22T12:00:00Z to 2026-11-20T11:59:00Z by last_seen" in note
    assert "without 2 rows that Sentry no longer has" in note


def test_events_known_project_by_project_are_not_called_complete(paths: StorePaths) -> None:
    (note,) = run_sql(paths, "select count(*) from events").notes

    assert note == "events: known for 1 scope only, not as a whole; as of 2026-11-20T12:00:00Z"


def test_a_sampled_table_says_so(paths: StorePaths) -> None:
    assert "in part sampled by the server" in run_sql(paths, "select count(*) from release_health").notes[0]


def test_two_streams_of_one_table_are_as_old_as_the_older(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", FakeClock(NOW))
    store.prepare()
    with store.write() as uow:
        uow.mark("transaction_windows.24h", "", NOW, NOW)
        uow.mark("transaction_windows.7d", "", NOW - 5 * HOUR, NOW - 5 * HOUR)
        uow.mark("deploys", "1.0", NOW, NOW)
        uow.mark("deploys", "1.1", NOW - HOUR, NOW - HOUR)
    store.close()

    (windows,) = run_sql(store.paths, "select count(*) from transaction_windows").tables
    (deploys,) = run_sql(store.paths, "select count(*) from deploys").tables

    assert windows.as_of == NOW - 5 * HOUR
    assert deploys.as_of == NOW - HOUR
    assert describe(deploys).startswith(
        "deploys: only those of the newest releases, and the last one of others; as of "
    )


def test_rows_set_aside_count_until_their_window_is_read_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", FakeClock(NOW))
    store.prepare()
    window = Interval(NOW - HOUR, NOW)
    with store.write() as uow:
        for other, rejects in ((window, ["x", "y"]), (Interval(NOW - 2 * HOUR, NOW - HOUR), ["z"])):
            run = uow.begin_pass("error_counts", "", other, NOW)
            uow.end_pass(uow.turn_page(run, None, 1, rejects, NOW), "done", NOW)
    assert run_sql(store.paths, "select 1 from error_counts").tables[0].set_aside == 3

    with store.write() as uow:
        again = uow.begin_pass("error_counts", "", window, NOW)
        uow.end_pass(uow.turn_page(again, None, 1, [], NOW), "done", NOW)
    store.close()

    assert run_sql(store.paths, "select 1 from error_counts").tables[0].set_aside == 1


def test_a_statement_without_tables_has_no_notes(paths: StorePaths) -> None:
    assert run_sql(paths, "select 1").notes == ()

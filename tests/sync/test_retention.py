"""A server that keeps less than we would like to know of."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sentry_sync.records.intervals import Interval, gaps
from sentry_sync.store import tables
from tests.support.rig import START, Rig


def test_time_older_than_the_server_keeps_is_asked_for_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path, retention_days=20)
    assert rig.sync("events").ok
    known = rig.coverage("issue_environments")
    assert gaps(Interval(START - timedelta(days=90), START), known) == []
    # That all of it was read is not said: a time that is known exactly begins within what the server keeps.
    exactly = [
        row for row in rig.rows(tables.coverage) if row.resource == "issue_environments" and not row.approximate
    ]
    assert all(row.end > START - timedelta(days=20) for row in exactly)
    assert exactly
    outlived = [run for run in rig.passes("issue_environments") if run.pages == 0]
    assert {run.state for run in outlived} == {"done"}
    rig.sim.requests.clear()
    rig.advance(60)
    rig.sync("events")
    assert {request.status for request in rig.sim.requests} == {200}
    rig.close()


def test_what_is_held_stays_when_the_server_no_longer_keeps_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path, retention_days=7)
    rig.sync("events")
    before = set(rig.rows(tables.issue_environments))
    rig.advance(20 * 86_400)
    assert rig.sync("events").ok
    assert before <= set(rig.rows(tables.issue_environments))
    rig.close()


@pytest.mark.parametrize(
    ("stream", "field", "claims"),
    # A pass that replaces what its window held is not gone on with so late: of the rest nothing is claimed at all.
    [("error_counts", "to_hour", []), ("issue_environments", "min", [True])],
)
def test_half_of_a_window_that_the_server_dropped_before_the_rest_was_read_is_not_called_known(
    tmp_path: Path, stream: str, field: str, claims: list[bool]
) -> None:
    rig = Rig(tmp_path, retention_days=7, page_rows=5)
    rig.sim.faults.add(field, "status", times=9, status=500, after=1)
    rig.sync("events")
    begun = next(run for run in rig.passes(stream) if run.cursor)
    rig.sim.faults.clear()
    rig.advance(20 * 86_400)
    assert rig.sync("events").ok
    missed = [
        row for row in rig.rows(tables.coverage) if row.resource == stream and row.start <= begun.start < row.end
    ]
    assert [row.approximate for row in missed] == claims
    rig.close()

"""A server that keeps less than we would like to know of."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sentry_sync.store import tables
from tests.support.rig import START, Rig


def test_time_older_than_the_server_keeps_is_asked_for_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path, retention_days=20)
    assert rig.sync("events").ok
    known = rig.coverage("issue_environments")
    assert [part.start for part in known] == [START - timedelta(days=90)]
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

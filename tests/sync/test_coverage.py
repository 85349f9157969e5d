"""What is known of which time: at what resolution, how exactly, and with which gaps."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sentry_sync.records.intervals import Interval, gaps
from sentry_sync.simulator import WorldSize
from sentry_sync.store import tables
from tests.support.rig import START, Rig

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_each_resource_says_how_fine_its_rows_are(rig: Rig) -> None:
    rig.sync()
    assert {row.resource: row.resolution for row in rig.rows(tables.coverage)} == {
        "issues": None,
        "events": 1,
        "issue_environments": 1,
        "error_counts": 3600,
        "transactions": 3600,
        "queries": 3600,
        "web_vitals": 3600,
        "release_health": 86400,
    }


def test_a_pass_that_was_sampled_on_its_first_page_is_approximate_to_its_last(tmp_path: Path) -> None:
    rig = Rig(tmp_path, size=WorldSize(projects=2, issues=40, events_per_day=400, releases=2, days=3))
    rig.sync("projects")
    first = b'"dataset":"errors"'
    served = []

    def sampled(body: bytes) -> bytes:
        if first not in body:
            return body
        served.append(body)
        return body.replace(first, first + b',"dataScanned":"partial"') if len(served) == 1 else body

    rig.after = sampled
    rig.sync("events")
    assert len(served) > 1
    approximate = [row for row in rig.rows(tables.coverage) if row.approximate]
    [done] = [row for row in rig.passes(approximate[0].resource) if row.end == START]
    assert (approximate[0].start, approximate[0].end) == (done.start, done.end)
    assert done.pages > 1
    rig.close()


def test_a_pass_that_was_sampled_before_it_was_interrupted_is_approximate_to_its_last(tmp_path: Path) -> None:
    rig = Rig(tmp_path, size=WorldSize(projects=2, issues=40, events_per_day=400, releases=2, days=3))
    rig.sync("projects")
    rig.after = lambda body: body.replace(b'"dataset":"errors"', b'"dataset":"errors","dataScanned":"partial"')
    asked = rig.asked("/events/")
    summary = rig.syncer().run(["events"], lambda: rig.asked("/events/") > asked)
    assert not summary.ok
    [begun] = [row for row in rig.rows(tables.passes) if row.state == "running"]
    rig.after = lambda body: body
    assert rig.sync("events").ok
    [part] = [row for row in rig.rows(tables.coverage) if row.approximate]
    assert (part.resource, part.start, part.end) == (begun.stream, begun.start, begun.end)
    rig.close()


@pytest.mark.parametrize("resource", ["issues", "events", "error_counts", "issue_environments", "release_health"])
def test_a_gap_after_downtime_is_filled_newest_first(rig: Rig, resource: str) -> None:
    rig.sync()
    rig.advance(2 * 86_400)
    with rig.store.write() as uow:
        uow.uncover(resource, "", Interval(START - 20 * HOUR, START - 15 * HOUR))
    before = {row.id for row in rig.rows(tables.passes)}
    assert rig.sync().ok
    stream = "issues.hot" if resource == "issues" else resource
    asked = [row for row in rig.passes(stream) if row.id not in before]
    assert [row.end for row in asked] == sorted((row.end for row in asked), reverse=True)
    assert len({row.start for row in asked}) == len(asked) >= 2
    assert gaps(Interval(START - DAY, rig.sim.now()), rig.coverage(resource)) == []

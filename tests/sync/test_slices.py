"""A ladder's turn in slices brings what it would have brought in one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sentry_sync.records.intervals import Interval
from sentry_sync.simulator import WorldSize
from sentry_sync.sync.run import Left, Slice, Terms
from sentry_sync.sync.stream import Ladder, Part
from sentry_sync.sync.streams import events, inventory, performance, reconcile
from tests.support.rig import START, Rig

HOUR = timedelta(hours=1)
NOON = START.replace(minute=0, second=0)


def slice_of(rig: Rig, ladder: Ladder, part: Part, *, pages: int | None = None, left: Left | None = None) -> Slice:
    """A slice that is told to stop after so many pages."""
    asked = rig.asked()
    syncer = rig.syncer()
    with rig.store.syncing():
        syncer.prepare()
        return syncer.slice(
            ladder,
            Terms(part, timedelta(), lambda: pages is not None and rig.asked() - asked >= pages, left),
        )


def windows_read(rig: Rig, stream: str) -> list[Interval]:
    return [Interval(row.start, row.end) for row in rig.passes(stream) if row.state == "done"]


def test_a_turn_that_gave_way_between_two_windows_reads_the_older_ones_again_all_the_same(rig: Rig) -> None:
    rig.sync()
    rig.advance(1800)
    before = len(windows_read(rig, "transactions"))
    first = slice_of(rig, performance.TRANSACTION_HOURS, Part.DUE, pages=1)
    assert first.result.state == "partial"
    assert first.left is not None
    second = slice_of(rig, performance.TRANSACTION_HOURS, Part.REST, left=first.left)
    assert (second.result.state, second.left) == ("done", None)
    now = rig.clock.now()
    hours = [Interval(NOON + HOUR, now), Interval(NOON, NOON + HOUR), Interval(NOON - HOUR, NOON)]
    assert windows_read(rig, "transactions")[before:] == hours


def test_a_list_that_goes_on_in_the_next_slice_is_read_once(rig: Rig) -> None:
    first = slice_of(rig, (inventory.PROJECTS,), Part.DUE, pages=0)
    assert (first.result.state, first.result.pages) == ("partial", 0)
    done = slice_of(rig, (inventory.PROJECTS,), Part.REST, left=first.left)
    assert (done.result.state, done.result.pages) == ("done", 1)


def test_a_sweep_that_goes_on_in_the_next_slice_is_made_once_though_the_servers_clock_is_behind(
    tmp_path: Path,
) -> None:
    rig = Rig(tmp_path, size=WorldSize(projects=2, issues=400, events_per_day=60, releases=2, days=6))
    rig.sync("issues")
    rig.advance(1800)
    rig.clock.advance(0.7)  # the Date header has whole seconds
    asked = rig.asked()
    first = slice_of(rig, (reconcile.SWEEP,), Part.DUE, pages=1)
    rest = slice_of(rig, (reconcile.SWEEP,), Part.REST, left=first.left)
    unresolved = sum(issue.status == "unresolved" for issue in rig.sim.world.issues.values())
    assert rest.result.state == "done"
    assert rig.asked() - asked == -(-unresolved // 100)
    rig.close()


def test_no_more_bodies_are_fetched_in_two_slices_than_in_one(rig: Rig) -> None:
    rig.sync("projects", "issues")
    first = slice_of(rig, (events.BODIES,), Part.DUE, pages=1)
    rest = slice_of(rig, (events.BODIES,), Part.REST, left=first.left)
    assert (first.result.pages, rest.result.pages) == (1, rig.policy.bodies_per_run - 1)


def test_what_happened_since_waits_for_the_next_turn(rig: Rig) -> None:
    rig.sync("projects")
    first = slice_of(rig, (events.EXPLORE,), Part.DUE, pages=1)
    rig.advance(60)
    slice_of(rig, (events.EXPLORE,), Part.REST, left=first.left)
    assert max(part.end for part in rig.coverage("events")) == START
    slice_of(rig, (events.EXPLORE,), Part.DUE)
    assert max(part.end for part in rig.coverage("events")) == START + timedelta(seconds=60)


def test_what_another_rung_left_is_planned_anew(rig: Rig) -> None:
    rig.sync("projects")
    elsewhere = Left("project_events", ())
    assert slice_of(rig, (events.EXPLORE,), Part.REST, left=elsewhere).result.pages > 0

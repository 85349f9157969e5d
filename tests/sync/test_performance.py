"""Performance rows: whose they are, and that a day or a week is read once it is over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from sentry_sync.records.intervals import Interval, floor
from sentry_sync.simulator import WorldSize
from sentry_sync.store import tables
from sentry_sync.sync.plan import HOUR
from sentry_sync.sync.run import Slice, Terms
from sentry_sync.sync.stream import Part
from sentry_sync.sync.streams import performance
from tests.support.rig import START, Rig

SIZE = WorldSize(projects=2, issues=4, events_per_day=9, releases=2, days=2)
DAY_STREAM = "transaction_windows.24h"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    found = Rig(tmp_path, size=SIZE)
    yield found
    found.close()


def read_day(rig: Rig) -> Slice:
    """The first thing a process does is to read the day."""
    with rig.store.syncing():
        return rig.syncer().slice(performance.DAY_WINDOW, Terms(Part.DUE, timedelta(), lambda: False))


def windows(rig: Rig) -> set[Interval]:
    found = tables.transaction_windows.c
    return {Interval(*row) for row in rig.rows(select(found.start, found.end).distinct())}


def marks(rig: Rig) -> list[tuple[str, object]]:
    found = tables.marks.c
    return [tuple(row) for row in rig.rows(select(found.scope, found.mark).where(found.stream == DAY_STREAM))]


def set_clocks(rig: Rig, past_the_hour: float, ours_ahead: float = 0) -> None:
    """The server's clock to so many seconds after a full hour."""
    rig.advance(3600 - rig.sim.now().timestamp() % 3600 + past_the_hour)
    rig.clock.advance(ours_ahead)


def test_the_rows_of_a_project_that_is_renamed_meanwhile_are_its_own(rig: Rig) -> None:
    project = rig.sim.world.projects[0]

    def before(request: httpx.Request) -> None:
        if "dataset=spans" in str(request.url) and project.slug != "renamed":
            rig.sim.mutate.rename_project(project.slug, "renamed")

    rig.before = before
    assert rig.sync("projects", "performance").ok
    for table in (tables.transaction_stats, tables.transaction_windows):
        assert {row.project_id for row in rig.rows(table)} == {each.id for each in rig.sim.world.projects}
    assert [row.rejected for row in rig.rows(tables.passes) if row.rejected] == []
    assert rig.asked("/organizations/acme/projects/") == 1


@pytest.mark.parametrize(("past_the_hour", "ours_ahead"), [(-2, 4), (-400, 900), (30, 0), (200, 0)])
def test_a_day_is_read_when_it_has_been_over_for_minutes_by_the_servers_clock(
    rig: Rig, past_the_hour: float, ours_ahead: float
) -> None:
    set_clocks(rig, past_the_hour, ours_ahead)
    last = floor(rig.sim.now() - performance.LAG, HOUR)
    assert read_day(rig).result.state == "done"
    assert windows(rig) == {Interval(last - 24 * HOUR, last)}
    assert marks(rig) == [("", last)]


def test_the_next_day_is_due_with_the_next_hour(rig: Rig) -> None:
    set_clocks(rig, 360)
    assert [read_day(rig).result.state, read_day(rig).result.state] == ["done", "fresh"]
    rig.advance(3600)
    assert read_day(rig).result.state == "done"


@pytest.mark.parametrize(("pages", "scopes"), [(99, []), (100, ["cut"])])
def test_a_day_with_more_rows_than_can_be_listed_is_marked_as_cut_off(
    rig: Rig, pages: int, scopes: list[str]
) -> None:
    finish = performance.DAY_WINDOW[0].finish
    assert finish
    rig.store.prepare()
    with rig.store.write() as uow:
        run = uow.begin_pass(DAY_STREAM, "", Interval(START - 24 * HOUR, START), START)
        for _ in range(pages):
            run = uow.turn_page(run, "c", 100, [], START)
        finish(uow, run)
    assert [scope for scope, _ in marks(rig)] == scopes


def test_a_day_that_was_left_half_read_long_ago_is_read_anew(tmp_path: Path) -> None:
    """To go on by counting rows of a list that has changed skips some."""
    rig = Rig(tmp_path, size=SIZE, page_rows=5)
    stops = iter([False, True, True])
    with rig.store.syncing():
        terms = Terms(Part.DUE, timedelta(), lambda: next(stops))
        assert rig.syncer().slice(performance.DAY_WINDOW, terms).result.state == "partial"
    rig.advance(3600)
    assert read_day(rig).result.state == "done"
    assert [row.state for row in rig.passes(DAY_STREAM)] == ["abandoned", "done"]
    rig.close()

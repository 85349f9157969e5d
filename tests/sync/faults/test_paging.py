"""Lists that don't lead on: the pass fails loudly, keeps its cursor, claims nothing, and goes on when they do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from sentry_sync.records.intervals import Interval, gaps
from sentry_sync.simulator import WorldSize
from sentry_sync.simulator.faults import FaultKind
from sentry_sync.store import tables
from sentry_sync.sync.headway import MOST_EMPTY
from tests.support.rig import START, Rig
from tests.sync.faults.site import BRIEF

MANY = WorldSize(projects=2, issues=420, events_per_day=20, releases=1, days=3)
WHOLE = Interval(START - timedelta(days=90), START)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path, size=MANY, policy=BRIEF)
    yield rig
    rig.close()


def claimed(rig: Rig) -> set[str]:
    """Issues whose last event lies in the time that is called complete."""
    known = rig.coverage("issues")
    issues = rig.sim.world.issues.values()
    return {i.id for i in issues if any(part.start <= i.last_seen < part.end for part in known)}


@pytest.mark.parametrize(
    ("kind", "after", "pages"),
    [
        ("repeat_cursor", 0, 1),
        ("repeat_cursor", 2, 3),
        ("cycle", 2, 3),
        ("shrunk_page", 0, 0),
        ("no_link", 0, 0),
        ("no_link", 4, 4),
    ],
)
def test_a_list_that_leads_nowhere_fails_its_pass_and_keeps_its_cursor(
    rig: Rig, kind: FaultKind, after: int, pages: int
) -> None:
    rig.sim.faults.add(path_contains="sort=date", kind=kind, after=after)
    summary = rig.sync("issues")
    failed = next(result for result in summary.results if result.stream == "issues.hot")
    [row] = rig.passes("issues.hot")
    assert (failed.state, row.state, row.pages) == ("failed", "failed", pages)
    assert row.error == failed.error
    assert (row.cursor is not None) == (pages > 0)
    held = {row.id for row in rig.rows(tables.issues)}
    assert claimed(rig) <= held
    assert gaps(WHOLE, rig.coverage("issues")) != []
    before = rig.asked()
    assert rig.sync("issues").ok
    assert rig.asked() - before <= (7 if kind == "cycle" else 6) - pages
    assert {row.id for row in rig.rows(tables.issues)} == set(rig.sim.world.issues)
    assert gaps(WHOLE, rig.coverage("issues")) == []


@pytest.mark.parametrize("kind", ["short_page", "empty_page"])
def test_short_and_empty_pages_with_more_behind_them_are_not_the_end(rig: Rig, kind: FaultKind) -> None:
    rig.sim.faults.add(path_contains="sort=date", kind=kind, times=1, after=1)
    assert rig.sync("issues").ok
    assert {row.id for row in rig.rows(tables.issues)} == set(rig.sim.world.issues)


def test_a_server_that_gives_empty_pages_for_ever_is_left_at_the_last_one(rig: Rig) -> None:
    rig.headers = lambda request, headers: {**headers, "Link": endless(rig.asked())}
    rig.after = lambda body: b"[]"
    assert not rig.sync("issues").ok
    [row] = rig.passes("issues.hot")
    assert (row.state, row.pages) == ("failed", MOST_EMPTY)
    assert "empty pages in a row" in row.error
    assert rig.coverage("issues") == []


def endless(number: int) -> str:
    cursor = f"{10**13 - number}:0:0"
    return f'<http://127.0.0.1/?cursor={cursor}>; rel="next"; results="true"; cursor="{cursor}"'


@pytest.mark.parametrize(
    ("path", "resource", "stream", "size"),
    [
        ("dataset=errors", "events", "events", WorldSize(2, 60, 400, 2, 2)),
        ("/releases/?", "releases", "releases", WorldSize(20, 20, 10, 4, 2)),
        ("/projects/?", "projects", "projects", WorldSize(52, 52, 1, 1, 1)),
    ],
)
def test_a_proxy_that_drops_the_link_header_does_not_make_a_full_page_the_whole(
    tmp_path: Path, path: str, resource: str, stream: str, size: WorldSize
) -> None:
    rig = Rig(tmp_path, size=size, policy=BRIEF)
    rig.sync("projects")
    rig.advance(3600)
    rig.sim.faults.add(path_contains=path, kind="no_link", times=99)
    results = {result.stream: result for result in rig.sync(resource).results}
    assert results[stream].state == "failed"
    assert "Link header" in (results[stream].error or "")
    assert all(row.removed_at is None for row in rig.rows(tables.projects))
    if resource == "events":
        assert rig.coverage("events") == []
    rig.close()


def test_one_row_with_a_wild_time_does_not_let_a_killed_pass_claim_what_it_never_read(tmp_path: Path) -> None:
    rig = Rig(
        tmp_path, size=WorldSize(projects=2, issues=60, events_per_day=500, releases=1, days=2), policy=BRIEF
    )
    rig.sync("projects")
    marker = b'"timestamp":"'

    def wild(body: bytes) -> bytes:
        place = body.find(marker) + len(marker)
        return body if place < len(marker) else body[:place] + b"1999" + body[place + 4 :]

    rig.after = wild
    rig.sim.faults.add(path_contains="field=user", status=503, times=99, after=2)
    assert not rig.sync("events").ok
    [known] = rig.coverage("events")
    held = {row.event_id for row in rig.rows(tables.events) if row.timestamp >= known.start}
    index = rig.sim.world.index
    inside = {
        rig.sim.world.event_id(number)
        for number in index.order
        if known.start.timestamp() <= index.timestamp[number] < START.timestamp()
    }
    assert len(inside) > 100
    assert len(inside - held) <= 2  # the wild ones themselves: their rows say 1999
    rig.close()


def test_a_short_list_without_the_link_header_is_not_taken_for_all(tmp_path: Path) -> None:
    """Servers list fewer rows on a page than they were asked for; Explore always says whether more follows."""
    rig = Rig(tmp_path, page_rows=5)
    rig.sync("projects")
    rig.advance(3600)
    rig.sim.faults.add(path_contains="to_hour", kind="no_link", times=99)
    results = {result.stream: result for result in rig.sync("events").results}
    assert results["error_counts"].state == "failed"
    assert rig.coverage("error_counts") == []
    rig.close()

"""What is remembered of windows that were too long for the server."""

from __future__ import annotations

from datetime import datetime, timedelta

import httpx

from sentry_sync.records.intervals import Interval, gaps
from sentry_sync.store import tables
from tests.support.rig import START, Rig

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def slow_beyond(rig: Rig, longest: timedelta, marker: str) -> None:
    """Make the server run out of time on every question with the marker whose window is longer."""

    def before(request: httpx.Request) -> None:
        asked = request.url.params
        if marker in asked.get_list("field"):
            start, end = (datetime.fromisoformat(asked[name]) for name in ("start", "end"))
            if end - start > longest:
                rig.sim.faults.add("/events/", "status", status=504)

    rig.before = before


def timeouts(rig: Rig) -> int:
    return sum(request.status == 504 for request in rig.sim.requests)


def test_a_window_the_server_had_no_time_for_is_not_asked_at_its_length_again(rig: Rig) -> None:
    rig.sync("projects")
    slow_beyond(rig, 7 * HOUR, "count_unique(user)")
    assert rig.sync("events").ok
    assert gaps(Interval(START - 3 * DAY, START), rig.coverage("error_counts")) == []
    assert timeouts(rig) == 2  # a 504 is asked once more, for bad luck
    [row] = rig.rows(tables.window_sizes)
    assert (row.stream, row.seconds) == ("error_counts", 6 * 3600)
    rig.sim.requests.clear()
    with rig.store.write() as uow:
        uow.uncover("error_counts", "", Interval(START - 2 * DAY, START - DAY))
    assert rig.sync("events").ok
    assert timeouts(rig) == 0
    assert gaps(Interval(START - 3 * DAY, START), rig.coverage("error_counts")) == []


def test_windows_grow_back_once_there_is_room_in_them(rig: Rig) -> None:
    rig.sync("projects")
    with rig.store.write() as uow:
        uow.resize("events", 6 * HOUR, START - HOUR)
    assert rig.sync("events").ok
    assert max(row.end - row.start for row in rig.passes("events")) == 12 * HOUR
    rig.advance(2 * 86_400)
    assert rig.sync("events").ok
    assert not [row for row in rig.rows(tables.window_sizes) if row.stream == "events"]


def test_minutes_of_timeouts_do_not_make_ninety_days_be_asked_hour_by_hour(rig: Rig) -> None:
    rig.sync("projects")
    with rig.store.write() as uow:
        uow.resize("issue_environments", HOUR, START)
    rig.sim.requests.clear()
    assert rig.sync("events").ok
    assert gaps(Interval(START - 89 * DAY, START), rig.coverage("issue_environments")) == []
    assert len(rig.passes("issue_environments")) < 200


def test_a_window_without_length_is_never_asked(rig: Rig) -> None:
    asked: list[tuple[str | None, str | None]] = []
    rig.before = lambda request: asked.append((request.url.params.get("start"), request.url.params.get("end")))
    for _ in range(4):
        assert rig.sync().ok
        assert rig.sync().ok
        rig.advance(1_700)
    windows = [(start, end) for start, end in asked if start and end]
    assert windows
    assert all(start < end for start, end in windows)

"""What is due, decided without a server."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sentry_sync.records.intervals import Interval, floor, gaps
from sentry_sync.sync.plan import OVERLAP, windows_due, worth_asking

NOW = datetime(2026, 11, 20, 12, 34, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def due(known: list[Interval], *, wanted: timedelta = 3 * DAY, settle: timedelta = HOUR) -> list[Interval]:
    return windows_due(Interval(NOW - wanted, NOW), known, bucket=HOUR, chunk=DAY, settle=settle)


def test_a_first_sync_asks_newest_first_and_ends_now() -> None:
    windows = due([])
    assert windows[0] == Interval(floor(NOW, DAY), NOW)
    assert [window.end for window in windows[1:]] == [window.start for window in windows[:-1]]
    assert windows[-1].start == floor(NOW - 3 * DAY, HOUR)


def test_what_is_known_is_not_asked_again_but_for_what_can_still_change() -> None:
    windows = due([Interval(NOW - 3 * DAY, NOW - timedelta(minutes=1))])
    assert windows == [Interval(floor(NOW - timedelta(minutes=1) - HOUR, HOUR), NOW)]
    assert due([Interval(NOW - 3 * DAY, NOW)]) == []


def test_what_was_read_young_before_a_downtime_is_read_again() -> None:
    stopped = NOW - DAY
    windows = due([Interval(NOW - 3 * DAY, stopped)])
    assert windows[-1].start == floor(stopped - HOUR, HOUR)


def test_a_gap_in_the_past_is_filled_after_the_present() -> None:
    known = [Interval(NOW - 3 * DAY, NOW - 2 * DAY), Interval(NOW - 1 * DAY, NOW - HOUR)]
    windows = due(known)
    assert windows[0].end == NOW
    assert gaps(Interval(NOW - 2 * DAY, NOW - DAY), windows) == []
    assert windows[0].start > windows[1].start


@given(
    st.lists(
        st.tuples(st.integers(0, 100), st.integers(1, 60)).map(
            lambda pair: Interval(NOW - timedelta(hours=pair[0] + pair[1]), NOW - timedelta(hours=pair[0]))
        ),
        max_size=6,
    )
)
def test_windows_cover_every_gap_without_overlap_in_pieces_of_a_chunk(known: list[Interval]) -> None:
    wanted = Interval(NOW - 4 * DAY, NOW)
    windows = due(known, wanted=4 * DAY)
    assert all(gaps(gap, windows) == [] for gap in gaps(wanted, known))
    assert all(later.start >= earlier.end for later, earlier in itertools.pairwise(windows))
    assert all(window.length <= DAY for window in windows)


def test_after_a_resumed_pass_only_what_is_older_or_much_newer_is_worth_a_pass() -> None:
    pinned = NOW - timedelta(minutes=3)
    known = [Interval(NOW - 3 * DAY, pinned)]
    head = Interval(pinned - OVERLAP, NOW)
    assert not worth_asking(head, known, pinned)
    assert worth_asking(head, known, None)
    assert worth_asking(head, [Interval(NOW - DAY, pinned - HOUR)], pinned)
    assert worth_asking(Interval(pinned - OVERLAP, NOW + HOUR), known, pinned)

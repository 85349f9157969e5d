"""How long windows become, decided without a server."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sentry_sync.records.intervals import Interval, floor, union
from sentry_sync.records.windows import GROW_AGAIN, STEADY, Limits, Size, fitted, grown, halves, shrunk

NOW = datetime(2026, 11, 20, 12, 34, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LIMITS = Limits(HOUR, DAY, 100)


def last(length: timedelta) -> Interval:
    return Interval(NOW - length, NOW)


def test_a_window_is_halved_on_the_grid_until_it_is_too_fine() -> None:
    window = Interval(NOW.replace(minute=0) - 3 * HOUR, NOW.replace(minute=0))
    parts = halves(window, HOUR)
    assert parts is not None
    assert (parts[0].end, parts[1].start, parts[0].start) == (window.end, window.start, parts[1].end)
    assert parts[0].start == floor(parts[0].start, HOUR)
    assert halves(Interval(NOW - HOUR, NOW), HOUR) is None


def sized(hours: int, age: timedelta = GROW_AGAIN) -> Size:
    return Size(hours * HOUR, NOW - age)


sizes = st.none() | st.integers(1, 23).map(sized)
windows = st.builds(
    lambda ago, length: Interval(NOW - timedelta(minutes=ago + length), NOW - timedelta(minutes=ago)),
    st.integers(0, 3000),
    st.integers(1, 1440),
)


@given(windows, sizes)
def test_a_window_is_asked_in_parts_that_make_it_up_and_are_none_too_long_and_none_empty(
    window: Interval, size: Size | None
) -> None:
    parts = fitted(window, size)
    assert union(parts) == [window]
    assert all(part.start < part.end for part in parts)
    assert all(later.start == earlier.end for later, earlier in itertools.pairwise(parts))
    assert size is None or all(part.length <= size.length for part in parts)


@given(windows, sizes, st.integers(1, 100))
def test_sizes_stay_on_the_grid_and_between_their_limits(window: Interval, size: Size | None, pages: int) -> None:
    for found in (shrunk(size, LIMITS, window), grown(size, LIMITS, window, pages, NOW)):
        assert found is None or (HOUR <= found < DAY and not found % HOUR)


@given(windows, sizes)
def test_a_window_that_was_too_long_is_not_asked_again_at_its_length(window: Interval, size: Size | None) -> None:
    asked = fitted(window, size)[0]
    assert shrunk(size, LIMITS, asked) < max(asked.length, 2 * HOUR)


def test_ten_thousand_rows_in_less_than_half_a_window_shrink_it_to_what_they_took() -> None:
    assert shrunk(None, LIMITS, last(DAY), 5 * HOUR) == 5 * HOUR
    assert shrunk(None, LIMITS, last(DAY), 20 * HOUR) == 12 * HOUR
    assert shrunk(sized(1), LIMITS, last(HOUR), timedelta(minutes=5)) == HOUR


def test_only_a_roomy_window_of_full_size_grows_and_the_limit_is_forgotten_at_the_widest() -> None:
    assert grown(sized(3), LIMITS, last(3 * HOUR), 25, NOW) == 6 * HOUR
    assert grown(sized(3), LIMITS, last(3 * HOUR), 26, NOW) == 3 * HOUR
    assert grown(sized(3), LIMITS, last(2 * HOUR), 1, NOW) == 3 * HOUR
    assert grown(sized(12), LIMITS, last(12 * HOUR), 1, NOW) is None
    assert grown(None, LIMITS, last(DAY), 1, NOW) is None


def test_a_size_stands_for_an_hour_or_many_windows_before_it_grows() -> None:
    young = sized(3, timedelta(minutes=59))
    assert grown(young, LIMITS, last(3 * HOUR), 1, NOW) == 3 * HOUR
    assert grown(young, LIMITS, last(3 * HOUR), 1, NOW, steady=STEADY - 1) == 3 * HOUR
    assert grown(young, LIMITS, last(3 * HOUR), 1, NOW, steady=STEADY) == 6 * HOUR

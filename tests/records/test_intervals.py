"""Interval arithmetic against a set of minutes that does the same the slow way."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_sync.records.intervals import Interval, cut, floor, gaps, subtract, union

START = datetime(2026, 11, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def interval(start: int, end: int) -> Interval:
    return Interval(START + start * MINUTE, START + end * MINUTE)


def minutes(intervals: list[Interval]) -> set[int]:
    return {
        minute
        for part in intervals
        for minute in range((part.start - START) // MINUTE, (part.end - START) // MINUTE)
    }


intervals = st.builds(
    lambda start, length: interval(start, start + length), st.integers(0, 60), st.integers(1, 30)
)
many = st.lists(intervals, max_size=8)


@given(many)
def test_a_union_knows_the_same_minutes_in_sorted_parts_that_do_not_touch(parts: list[Interval]) -> None:
    merged = union(parts)
    assert minutes(merged) == minutes(parts)
    assert all(left.end < right.start for left, right in itertools.pairwise(merged))


@given(intervals, many)
def test_gaps_are_the_wanted_minutes_nobody_knows(wanted: Interval, known: list[Interval]) -> None:
    assert minutes(gaps(wanted, known)) == minutes([wanted]) - minutes(known)


@given(many, intervals)
def test_subtracting_leaves_the_other_minutes(parts: list[Interval], removed: Interval) -> None:
    assert minutes(subtract(parts, removed)) == minutes(parts) - minutes([removed])


@given(intervals, st.integers(1, 20))
def test_cut_pieces_are_newest_first_and_make_up_the_whole(whole: Interval, step: int) -> None:
    pieces = list(cut(whole, step * MINUTE))
    assert minutes(pieces) == minutes([whole])
    assert all(later.start == earlier.end for later, earlier in itertools.pairwise(pieces))
    assert all(piece.length <= step * MINUTE for piece in pieces)
    assert all(piece.start == floor(piece.start, step * MINUTE) for piece in pieces[:-1])


def test_an_interval_without_length_is_refused() -> None:
    with pytest.raises(ValueError, match="starts before it ends"):
        interval(3, 3)

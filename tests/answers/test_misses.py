"""What is known against what was asked: every path on which an answer might be partial without saying so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_sync.answers.misses import (
    Miss,
    Reach,
    exact_window,
    newest_of,
    reach,
    search_edge,
    snapshot,
    still_good,
)
from sentry_sync.records.intervals import Interval

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(hours: float) -> datetime:
    """So many hours before now."""
    return NOW - hours * HOUR


def span(start: float, end: float) -> Interval:
    return Interval(at(start), at(end))


def test_what_is_known_reaches_back_to_the_first_gap() -> None:
    assert reach(at(0), [span(50, 30), span(20, 10), span(10, 0)]) == Reach(at(20), at(0))


def test_time_read_after_the_last_complete_pass_beyond_a_gap_does_not_count() -> None:
    assert reach(at(5), [span(50, 5), span(2, 0)]) == Reach(at(50), at(5))


def test_time_read_right_up_to_the_last_complete_pass_counts() -> None:
    assert reach(at(5), [span(50, 5), span(6, 1)]) == Reach(at(50), at(1))


def test_without_a_complete_pass_the_newest_known_time_counts() -> None:
    assert reach(None, [span(50, 30), span(2, 0)]) == Reach(at(2), at(0))


def test_nothing_is_known_later_than_the_coverage_says() -> None:
    assert reach(at(0), [span(50, 5)]) == Reach(at(50), at(5))


def test_nothing_known_reaches_nowhere() -> None:
    assert reach(at(0), []) is None
    assert reach(None, []) is None
    assert reach(at(60), [span(50, 5)]) is None


@given(
    st.one_of(st.none(), st.integers(0, 100)),
    st.lists(st.tuples(st.integers(1, 100), st.integers(1, 30)), max_size=6),
)
def test_every_moment_of_a_reach_is_covered(mark: int | None, parts: list[tuple[int, int]]) -> None:
    known = [span(start + length, start) for start, length in parts]
    found = reach(None if mark is None else at(mark), known)
    if found is None or found.since == found.as_of:
        return
    moment = found.since
    while moment < found.as_of:
        assert any(part.start <= moment < part.end for part in known)
        moment += HOUR


def test_the_newest_rows_are_all_there_when_the_last_of_them_lies_in_known_time() -> None:
    known = Reach(at(24), at(0))
    assert newest_of(known, at(23), at(2160)) is None
    assert newest_of(known, at(24), at(2160)) is None
    assert newest_of(known, at(25), at(2160)) is Miss.OUTSIDE_COVERAGE


def test_fewer_rows_than_wanted_are_all_there_only_when_nothing_older_can_be() -> None:
    assert newest_of(Reach(at(24), at(0)), None, at(2160)) is Miss.OUTSIDE_COVERAGE
    assert newest_of(Reach(at(24), at(0)), None, at(24)) is None


def test_nothing_known_was_never_synced() -> None:
    assert newest_of(None, at(1), at(24)) is Miss.NEVER_SYNCED
    assert snapshot(None) is Miss.NEVER_SYNCED
    assert snapshot(NOW) is None


def test_sentrys_search_sees_ninety_days() -> None:
    assert timedelta(days=89, hours=22) < NOW - search_edge(NOW) <= timedelta(days=90)


@pytest.mark.parametrize(
    ("read_at", "end", "miss"),
    [
        (at(0.1), at(0.2), None),  # read a moment ago
        (at(2), at(5), None),  # long over when it was read
        (at(2), at(2.5), Miss.OUTSIDE_COVERAGE),  # read too early to be final, too long ago to be fresh
        (None, at(5), Miss.OUTSIDE_COVERAGE),
    ],
)
def test_a_window_stands_when_it_is_final_or_fresh(
    read_at: datetime | None, end: datetime, miss: Miss | None
) -> None:
    assert exact_window(read_at, end, NOW, stale_after=timedelta(minutes=30), ever_synced=True) is miss


def test_a_window_never_read_of_a_resource_never_synced_says_so() -> None:
    found = exact_window(None, at(5), NOW, stale_after=HOUR, ever_synced=False)
    assert found is Miss.NEVER_SYNCED


def test_what_a_question_brought_is_good_until_it_would_be_stale() -> None:
    assert still_good(at(1), NOW, HOUR)
    assert not still_good(at(1.01), NOW, HOUR)
    assert not still_good(None, NOW, HOUR)

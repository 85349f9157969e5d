"""Pages that lose and double nothing, whatever the page borders and the order rows come in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sentry_sync.answers.event_filters import Wanted
from sentry_sync.answers.event_pages import SECOND, Listing, page, position
from tests.support.rows import NOW


@dataclass(frozen=True)
class Row:
    event_id: str
    timestamp: datetime


def row(seconds: float, name: str = "a") -> Row:
    return Row(name, NOW - timedelta(seconds=seconds))


def ids(rows: Sequence[Row]) -> list[str]:
    return [found.event_id for found in rows]


def test_within_a_second_the_ids_decide() -> None:
    rows = [Row("b", NOW + timedelta(milliseconds=900)), Row("c", NOW), Row("a", NOW + timedelta(milliseconds=1))]
    assert ids(page(rows, None, 10, exhausted=True).rows) == ["a", "b", "c"]


def test_a_last_second_that_may_go_on_is_not_shown_as_whole() -> None:
    rows = [row(0, "a"), row(1, "b"), row(1, "c")]
    assert page(rows, None, 1, exhausted=False).more is True
    unsettled = page(rows, None, 2, exhausted=False)
    assert (unsettled.more, unsettled.settled) == (None, False)
    assert page(rows, None, 3, exhausted=True).more is False


def test_nothing_read_is_nothing_there_once_all_was_read() -> None:
    assert page([], None, 5, exhausted=True).more is False
    assert page([], None, 5, exhausted=False).more is None


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 999)), max_size=30),
    st.integers(1, 7),
    st.integers(1, 9),
)
def test_pages_read_in_turn_are_the_whole(moments: list[tuple[int, int]], limit: int, chunk: int) -> None:
    rows = [
        Row(f"{number:03}", NOW - timedelta(seconds=second, milliseconds=-ms))
        for number, (second, ms) in enumerate(moments)
    ]
    newest_first = sorted(rows, key=lambda one: one.timestamp, reverse=True)
    shown: list[str] = []
    after = None
    while True:
        end = after[0] + SECOND if after else NOW + timedelta(days=1)
        within = [one for one in newest_first if one.timestamp < end]
        read = chunk
        while not (found := page(within[:read], after, limit, exhausted=read >= len(within))).settled:
            read += chunk
        shown += ids(found.rows)
        if not found.more:
            break
        after = position(found.rows[-1])
    assert shown == [one.event_id for one in sorted(rows, key=lambda one: (-_second(one), one.event_id))]


def _second(one: Row) -> float:
    return one.timestamp.replace(microsecond=0).timestamp()


def test_a_window_is_asked_for_to_the_hour_or_as_it_was_said() -> None:
    now = NOW + timedelta(minutes=7)
    open_ended = Listing(Wanted(), 10).window(now)
    assert (open_ended.end - now, open_ended.end.minute) == (timedelta(minutes=53), 0)
    behind = Listing(Wanted(), 10, since=NOW - timedelta(days=1), after=(NOW - timedelta(hours=1), "a")).window(
        now
    )
    assert (behind.start, behind.end) == (NOW - timedelta(days=1), NOW - timedelta(hours=1) + SECOND)

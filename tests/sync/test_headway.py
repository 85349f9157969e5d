"""Does a pass get on: which pages lead nowhere, and what a page proves to have been read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_sync.errors import SchemaDrift
from sentry_sync.records.intervals import Interval
from sentry_sync.sentry.page import Page
from sentry_sync.sync.headway import FULL_PAGE, MOST_EMPTY, Trail, follow, passed, reached

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAY = Interval(AT - timedelta(days=1), AT)


def page(body: Any, to: str | None, *, link: bool = True, hits: int | None = None) -> Page:
    return Page(body, to, has_link=link, server_time=AT, hits=hits, headers={})


def walked(*pages: Page, counted: bool = False) -> Trail:
    trail, cursor = Trail(), None
    for one in pages:
        trail = follow(trail, cursor, one, len(one.body), paged=True, counted=counted)
        cursor = one.next_cursor
    return trail


def test_pages_that_lead_on_are_followed_and_counted() -> None:
    trail = walked(page([1, 2], "a"), page([3], "b"), page([], "c"), page([4], None))
    assert (trail.rows, trail.empty) == (4, 0)


@pytest.mark.parametrize(
    "pages",
    [
        [page([1], "a"), page([2], "a")],
        [page([1], "a"), page([2], "b"), page([3], "a")],
        [page([1], "a"), page([2], "b"), page([1], "c"), page([2], "b")],
        [page([1], "a"), page([1], "b")],
    ],
    ids=["its own cursor", "there and back", "a circle under new names", "the same rows"],
)
def test_a_way_that_goes_round_is_not_followed(pages: list[Page]) -> None:
    walked(*pages[:-1])
    with pytest.raises(SchemaDrift, match="paging is broken"):
        walked(*pages)


def test_empty_pages_are_followed_but_not_for_ever() -> None:
    ways = [page([], str(number)) for number in range(MOST_EMPTY)]
    assert walked(*ways).empty == MOST_EMPTY
    assert walked(*ways, page([1], "x"), *(page([], f"{n}'") for n in range(MOST_EMPTY))).empty == MOST_EMPTY
    with pytest.raises(SchemaDrift, match="empty pages"):
        walked(*ways, page([], "on"))


def test_a_full_page_that_does_not_say_whether_more_follows_is_not_the_end() -> None:
    walked(page([1] * (FULL_PAGE - 1), None, link=False))
    walked(page([1] * FULL_PAGE, None))
    with pytest.raises(SchemaDrift, match="Link"):
        walked(page([1] * FULL_PAGE, None, link=False))


def test_a_list_that_ends_far_short_of_what_it_announced_is_not_whole() -> None:
    walked(page([1] * 60, None, hits=120), counted=True)
    walked(page([], None, hits=120))
    walked(page([1] * 40, "a", hits=1000), page([2] * 20, None, hits=120), counted=True)
    for rows in (0, 59):
        with pytest.raises(SchemaDrift, match=f"after {rows} rows although it announced 120"):
            walked(page([1] * rows, None, hits=120), counted=True)


@given(
    st.lists(st.integers(0, 86_399), min_size=2, max_size=30), st.integers(-(10**9), 86_399), st.integers(0, 30)
)
def test_one_wild_time_never_claims_what_was_not_read(seconds: list[int], wild: int, place: int) -> None:
    """Whatever one row says, nothing below the lowest of the true ones is taken for read."""
    times = sorted((DAY.start + timedelta(seconds=n) for n in seconds), reverse=True)
    spoiled = [*times[:place], DAY.start + timedelta(seconds=wild), *times[place:]]
    found = reached(spoiled, DAY, SECOND)
    assert found is not None
    assert found >= times[-1] + SECOND or found > DAY.start + timedelta(seconds=wild) >= times[-1]


def test_a_page_proves_nothing_by_rows_from_outside_of_what_was_asked() -> None:
    assert reached([AT - timedelta(days=2), AT - timedelta(days=3)], DAY, SECOND) is None
    assert reached([AT - SECOND, AT - 3 * SECOND, AT - 4 * SECOND], DAY, SECOND) == AT - 2 * SECOND


def test_a_list_without_a_window_has_passed_its_start_by_two_rows() -> None:
    before, after = DAY.start - SECOND, DAY.start + SECOND
    assert passed([after, before, before - SECOND], DAY.start)
    assert not passed([after, before], DAY.start)
    assert not passed([after, before, after], DAY.start)
    assert not passed([], DAY.start)

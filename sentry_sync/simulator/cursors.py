"""Sentry's cursors `value:offset:is_prev` and its Link header, and pages cut by each kind of paginator."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list: for key-set paging `value` is the score, for offset paging it is 0."""

    value: int
    offset: int
    backwards: bool = False

    def __str__(self) -> str:
        return f"{self.value}:{self.offset}:{int(self.backwards)}"


def parse(text: str) -> Cursor:
    """The cursor; ValueError for anything Sentry would not have written."""
    value, offset, backwards = text.split(":")
    cursor = Cursor(int(float(value)), int(offset), bool(int(backwards)))
    if cursor.offset < 0:
        raise ValueError("negative offset")
    return cursor


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and the cursors before and after them with whether anything is there."""

    rows: Sequence[T]
    previous: Cursor
    has_previous: bool
    next: Cursor
    has_next: bool
    here: Cursor
    """Another spelling of this page's own place: what a server that made no headway would call next."""


def by_offset(rows: Sequence[T], limit: int, cursor: Cursor | None) -> Page[T]:
    """Explore's and the event lists' paging (`0:N:0`): N rows are skipped."""
    start = cursor.offset if cursor else 0
    if cursor and cursor.backwards:
        start = max(start - limit, 0) if start >= limit else 0
    page = rows[start : start + limit]
    return Page(
        page,
        Cursor(0, max(start - limit, 0), backwards=True),
        start > 0,
        Cursor(0, start + limit),
        start + limit < len(rows),
        Cursor(1, start),
    )


def by_page(rows: Sequence[T], limit: int, cursor: Cursor | None) -> Page[T]:
    """Django's paging of projects, releases and teams (`limit:page:0`).

    Where pages are not all of one length, a cursor counts in single rows.
    """
    number = cursor.offset if cursor else 0
    start = number * (cursor.value if cursor and cursor.value else limit)
    end = start + limit
    return Page(
        rows[start : start + limit],
        Cursor(limit, max(number - 1, 0), backwards=True),
        number > 0,
        Cursor(1, end) if end % limit else Cursor(limit, end // limit),
        end < len(rows),
        Cursor(limit, number),
    )


def by_score(rows: Sequence[T], score: Callable[[T], int], limit: int, cursor: Cursor | None) -> Page[T]:
    """The issue list's paging: rows sorted by falling score; the cursor is a score and a place among ties."""
    start = 0
    if cursor is not None:
        start = bisect_left(rows, -cursor.value, key=lambda row: -score(row)) + cursor.offset
        if cursor.backwards:
            start = max(start - limit, 0)
    page = rows[start : start + limit]
    end = start + len(page)

    def at(position: int) -> tuple[int, int]:
        value = score(rows[position])
        return value, position - bisect_left(rows, -value, key=lambda row: -score(row))

    before = Cursor(*at(start), backwards=True) if page else Cursor(0, 0, backwards=True)
    after = Cursor(*at(end)) if end < len(rows) else Cursor(score(page[-1]) if page else 0, 0)
    here = Cursor(0, 0)
    if page:
        score_here, place = at(start)
        here = Cursor(score_here, place) if place else Cursor(score_here + 1, 0)
    return Page(page, before, start > 0 and bool(rows), after, end < len(rows), here)


def link_header(url: str, page: Page[T]) -> str:
    """Both rels, always, with `results` saying whether anything is there (docs: pagination)."""
    joint = "&" if "?" in url else "?"
    return ", ".join(
        f'<{url}{joint}cursor={cursor}>; rel="{rel}"; results="{str(has).lower()}"; cursor="{cursor}"'
        for rel, cursor, has in (
            ("previous", page.previous, page.has_previous),
            ("next", page.next, page.has_next),
        )
    )

"""Does a pass get on? What its pages must not do if it is to end, and to end with everything read.

Across a kill a pass remembers no more than its cursor and its counts; within a process it remembers its trail.
What is wrong is said loudly, as SchemaDrift, and the pass keeps the cursor it had: the next run asks again there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import nsmallest
from typing import TYPE_CHECKING

from sentry_sync.errors import SchemaDrift
from sentry_sync.records.intervals import Interval

if TYPE_CHECKING:
    from sentry_sync.sentry.page import Page

MOST_EMPTY = 50
"""Empty pages in a row that are followed. Sentry's search gives some when it filters what it found; a server that
goes on for longer walks nowhere, at a request each."""

FULL_PAGE = 50
"""Rows that may be a full page (GlitchTip's own default; Sentry's is a hundred): without a Link header there may
be more behind them. Fewer are taken to be all."""


@dataclass(frozen=True, slots=True)
class Trail:
    """What a pass has seen on its way in this process."""

    asked: frozenset[int] = frozenset()
    """Hashes of the cursors that were asked for: of batches of ids they are long."""
    before: Page | None = None
    rows: int = 0
    """On its pages so far, those of earlier processes included, whether they could be read or not."""
    empty: int = 0
    """Empty pages in a row."""


def follow(trail: Trail, cursor: str | None, page: Page, rows: int, *, paged: bool, counted: bool) -> Trail:
    """The trail with the page that was had for ``cursor`` and held ``rows``; SchemaDrift if it leads nowhere.

    ``paged``: a full page must tell whether more follows. ``counted``: ``X-Hits`` counts these rows.
    """
    _check_repeated(trail, page, rows)
    empty = 0 if rows else trail.empty + 1
    asked = trail.asked if cursor is None else trail.asked | {hash(cursor)}
    if page.next_cursor is None:
        _check_end(page, trail.rows + rows, rows, paged=paged, counted=counted)
    elif hash(page.next_cursor) in asked:
        raise SchemaDrift(
            "the server's next page is one that was already read: its paging is broken, try again later"
        )
    elif empty > MOST_EMPTY:
        raise SchemaDrift(f"the server gave {empty} empty pages in a row: its paging is broken, try again later")
    return replace(trail, asked=asked, before=page, rows=trail.rows + rows, empty=empty)


def _check_repeated(trail: Trail, page: Page, rows: int) -> None:
    """A page that is the one before once more, under whatever cursor."""
    if trail.before is not None and rows and page.body == trail.before.body:
        raise SchemaDrift("the server gave the same page twice in a row: its paging is broken, try again later")


def _check_end(page: Page, total: int, rows: int, *, paged: bool, counted: bool) -> None:
    """A list that ends must have said so, and have listed about as many rows as it announced."""
    if paged and not page.has_link and rows >= FULL_PAGE:
        raise SchemaDrift(
            f"the server's list of {rows} rows came without the Link header that says whether more follows: "
            "look for a proxy that drops it"
        )
    # An estimate, and rows may vanish on the way: only less than half of it can't be.
    if counted and page.hits is not None and 2 * total < page.hits:
        raise SchemaDrift(
            f"the server's list ended after {total} rows although it announced {page.hits}: try again later"
        )


def reached(times: Iterable[datetime], span: Interval, grain: timedelta) -> datetime | None:
    """Down to when all of ``span`` has been read by a page sorted from the newest; None if it doesn't tell.

    ``times`` are its rows'; more rows of the lowest one's ``grain`` may follow. One wild time must not claim what
    later pages still bring: those from before the span say nothing, and of the others the lowest but one counts.
    """
    lowest = nsmallest(2, (time for time in times if time + grain > span.start))
    return lowest[1] + grain if len(lowest) > 1 else None


def passed(times: Sequence[datetime], start: datetime) -> bool:
    """Whether a page sorted from the newest has gone beyond ``start``: by its last two rows, one may be wild."""
    return len(times) > 1 and max(times[-2:]) < start

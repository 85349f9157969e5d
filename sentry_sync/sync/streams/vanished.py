"""Events that a page of a list ought to show and does not: somebody deleted them.

A page tells of all events between its first row and its last; the first page of those before, the last of those
after, too. Nothing younger than an hour is missed, and nothing that may be too old for the server.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sentry_sync.records.audit import SETTLED
from sentry_sync.records.event import Event, EventGone
from sentry_sync.records.intervals import Interval, floor
from sentry_sync.sync.stream import Look, Work
from sentry_sync.sync.streams.explore import SECOND

if TYPE_CHECKING:
    from sentry_sync.sentry.page import Page


def told(
    window: Interval,
    seen: Sequence[datetime],
    *,
    first: bool,
    last: bool,
    served_since: datetime | None,
    now: datetime,
) -> Interval | None:
    """The time of which a page of ``window``, whose rows are of the times ``seen``, tells every event.

    To the second: those of its first and last row are inside, though rows of them may be on other pages.
    """
    start = min(seen, default=window.end)
    end = max(seen, default=window.start) + SECOND
    if first:
        end = window.end
    if last and served_since:
        start = min(start, served_since)
    # An event of the second in which the window ends may lie behind its end: times are told in whole seconds.
    start, end = max(start, window.start), floor(min(end, window.end, now - SETTLED), SECOND)
    return Interval(start, end) if start < end else None


def between_rows(page: Page, work: Work, look: Look, rows: Sequence[Event]) -> list[EventGone]:
    """What is gone by a list in the order of falling time and, within a second, of rising ids."""
    places = [_place(row) for row in rows]
    if places != sorted(places) or not all(_inside(row, work.span) for row in rows):
        return []  # one row with a wild time would make the page tell of time that other pages bring
    edges = (None if page.first else min(places, default=None), None if _last(page) else max(places, default=None))
    return [
        EventGone(row.project_id, row.event_id)
        for row in _missing(page, work, look, rows)
        if (edges[0] is None or edges[0] < _place(row)) and (edges[1] is None or _place(row) < edges[1])
    ]


def from_whole_list(page: Page, work: Work, look: Look, rows: Sequence[Event]) -> list[EventGone]:
    """What is gone by a list that is one page, whatever its order."""
    if not page.first or not _last(page):
        return []
    return [EventGone(row.project_id, row.event_id) for row in _missing(page, work, look, rows)]


def _missing(page: Page, work: Work, look: Look, rows: Sequence[Event]) -> list[Any]:
    retention = look.state.audits.retention("events")
    span = told(
        work.span,
        [floor(row.timestamp, SECOND) for row in rows],
        first=page.first,
        last=_last(page),
        served_since=retention.surely_since(page.server_time) if retention else None,
        now=page.server_time,
    )
    if span is None:
        return []
    listed = {(row.project_id, row.event_id) for row in rows}
    held = look.state.audits.held_events(span, work.scope)
    return [row for row in held if (row.project_id, row.event_id) not in listed]


def _last(page: Page) -> bool:
    return page.next_cursor is None


def _inside(row: Event, span: Interval) -> bool:
    return span.start - SECOND < row.timestamp < span.end + SECOND


def _place(row: Any) -> tuple[int, str]:
    """Where an event stands in the list: the smaller the earlier."""
    return -int(row.timestamp.timestamp()), row.event_id

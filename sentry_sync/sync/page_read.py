"""One page of a pass and what follows from it: pure, so that each case can be tried without a server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sentry_sync.records.intervals import Interval, floor
from sentry_sync.records.windows import Size, grown, shrunk
from sentry_sync.store.types import MICROSECOND
from sentry_sync.sync.stream import Harvest, Stream, Work

if TYPE_CHECKING:
    from sentry_sync.sentry.page import Page
    from sentry_sync.store.unit_of_work import Pass


@dataclass(frozen=True, slots=True)
class PageRead:
    """One page of a pass and what follows from it."""

    stream: Stream
    work: Work
    run: Pass | None
    page: Page
    harvest: Harvest
    approximate: bool
    """The server sampled, on this page or on one before it."""

    @property
    def window(self) -> Interval | None:
        """The pass's window, which never ends after the server's own time: a fast clock of ours must not show."""
        if self.run:
            return self.run.window
        window = self.work.window
        if window is None or window.end <= self.page.server_time or self.page.server_time <= window.start:
            return window
        return Interval(window.start, self.page.server_time)

    @property
    def capped(self) -> bool:
        """Whether this page is the last the server's offsets reach, with more behind it."""
        limit = self.stream.page_limit
        pages = (self.run.pages if self.run else 0) + 1
        return limit is not None and pages >= limit and self.page.next_cursor is not None

    @property
    def last(self) -> bool:
        """Whether the pass ends here."""
        return self.page.next_cursor is None or self.harvest.enough or self.capped

    @property
    def boundary(self) -> datetime | None:
        """Where the part of the window that was read begins."""
        reached, window = self.harvest.reached, self.window
        if reached is None or window is None:
            return None
        if self.cut_short:
            return max(window.start, floor(window.end - MICROSECOND, self.stream.grain))
        return max(window.start, reached)

    @property
    def cut_short(self) -> bool:
        """Whether even the smallest piece of the window holds more rows than the server will list."""
        reached, window = self.harvest.reached, self.window
        return self.capped and window is not None and (reached is None or reached >= window.end)

    def known(self, run: Pass) -> Interval | None:
        """How much of the window is known complete once this page is in."""
        window, boundary = run.window, self.boundary
        if window is None or (self.last and not (self.capped and boundary)):
            return window
        return Interval(boundary, window.end) if boundary and boundary < window.end else None

    def rest(self, run: Pass) -> list[Work]:
        """What a pass that met the offset cap leaves: the part of its window before what it reached."""
        window, boundary = run.window, self.boundary
        if not self.capped or window is None or boundary is None or boundary <= window.start:
            return []
        return [Work(self.work.scope, Interval(window.start, boundary))]

    def next_size(self, size: Size | None, run: Pass, at: datetime, steady: int) -> timedelta | None:
        """How long the stream's next windows may be, now that this one has ended."""
        limits, window = self.stream.limits, run.window
        if limits is None or window is None:
            return size.length if size else None
        if self.capped:
            return shrunk(size, limits, window, window.end - self.boundary if self.boundary else None)
        return grown(size, limits, window, run.pages, at, steady=steady)

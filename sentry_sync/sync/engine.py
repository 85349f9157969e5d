"""Runs streams: the only place that loops over pages.

A page's rows, the pass's cursor and what is covered by then are committed together, so a process killed anywhere
goes on at the next page. A pass that can't go on keeps its cursor and says why.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sentry_sync.errors import (
    BadRequest,
    Forbidden,
    NotFound,
    OutsideRetention,
    QueryTimeout,
    SchemaDrift,
    SentryError,
)
from sentry_sync.records.intervals import Interval, gaps
from sentry_sync.records.windows import fitted, halves, shrunk
from sentry_sync.store.store import Store
from sentry_sync.store.unit_of_work import Pass, UnitOfWork
from sentry_sync.sync.headway import Trail, follow
from sentry_sync.sync.order import Task, last_known, ordered
from sentry_sync.sync.page_read import PageRead
from sentry_sync.sync.plan import OVERLAP, worth_asking
from sentry_sync.sync.server_clock import ServerClock
from sentry_sync.sync.stream import Look, Part, Stream, Work

if TYPE_CHECKING:
    from sentry_sync.sentry.client import Page, SentryClient


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a stream stands: sent after each page and when a stream ends."""

    stream: str
    scope: str
    state: str
    """``page``, ``done``, ``partial``, ``failed``, ``unsupported`` or ``fresh``."""
    pages: int
    rows: int
    requests: int
    hits: int | None = None
    """How many rows the server expects in all, where it says so."""
    window: Interval | None = None
    detail: str | None = None


BEHIND = timedelta(minutes=1)
"""A clock slower than this makes a poll end too early to be called up to date; ingestion lags by as much."""

Report = Callable[[Progress], None]
Stop = Callable[[], bool]


@dataclass(slots=True)
class Tally:
    """What a stream has brought in this run."""

    pages: int = 0
    rows: int = 0
    rejected: int = 0


class _WrongClock(Exception):
    """Our clock was slow, or fast: the window planned by it ends too early, or has not ended yet."""


class Engine:
    """Runs one stream's works to their end, or as far as they come."""

    def __init__(self, store: Store, client: SentryClient, clock: ServerClock, report: Report, stop: Stop) -> None:
        self._store = store
        self._client = client
        self._clock = clock
        self._report = report
        self._stop = stop
        self._setback: SentryError | None = None
        self._steady = 0
        """How many windows were read in a row at the size they have now."""
        self._resumed: set[tuple[str, datetime | None]] = set()
        """Where passes go on, of a stream that has no coverage to tell."""
        self.left: tuple[Work, ...] | None = None
        """What a run did not come to that was told to stop; None if it had not planned yet."""

    def run(self, stream: Stream, look: Look, tally: Tally) -> bool:
        """Make every pass that is due, the newest first; False when it was told to stop before the end.

        Unfinished passes go on at their cursors. Raises what the client raises; the pass it happened in keeps its
        cursor. What is wrong with one scope, such as a project that the token may not read, is raised once the
        others are through.
        """
        tasks: deque[Task] = deque()
        if stream.covers is None:
            going_on = self._worth_resuming(stream, look)
            tasks.extend(Task(Work(run.scope, run.window), run) for run in going_on)
        self._resumed = {_place(task.work) for task in tasks}
        planned = False
        while tasks or not planned:
            if not tasks:
                tasks.extend(self._due(stream, look))
                planned = True
                continue
            if self._stop():
                self.left = tuple(task.work for task in tasks) if planned else None
                return False
            task = tasks.popleft()
            if task.run is None and (parts := _parts(stream, task.work, look)):
                tasks.extendleft(Task(part) for part in reversed(parts))
                continue
            try:
                more = self._attempt(stream, task, look, tally)
            except _WrongClock:
                look, planned = replace(look, now=self._clock.now()), False
                tasks.clear()
                continue
            if more is None:
                self.left = (task.work, *(later.work for later in tasks)) if planned else None
                return False
            tasks.extendleft(Task(part) for part in reversed(more))
        if self._setback is not None:
            raise self._setback
        return True

    def _due(self, stream: Stream, look: Look) -> list[Task]:
        """What is due now. What was just read to its end, an unfinished pass going on, is not read once more."""
        planned = list(look.left) if look.part is Part.REST else stream.plan(look)
        if stream.covers is None:
            return [Task(work) for work in planned if _place(work) not in self._resumed]
        resource = stream.covers
        unfinished = self._worth_resuming(stream, look)
        worth = [work for work in planned if _worth_asking(work, resource, look, unfinished)]
        order = ordered(
            worth,
            unfinished,
            lambda scope: look.state.coverage(resource, scope),
            replaces=stream.replaces is not None,
            newest=look.part is Part.DUE,
        )
        for run in order.dropped:
            self._end(run, "abandoned", look.now, "what was left of it is read by other passes")
        return order.tasks

    def _worth_resuming(self, stream: Stream, look: Look) -> list[Pass]:
        """Unfinished passes, but for those that would go on by counting rows of a list that may be another by now.

        Once an issue is deleted, those behind it stand nearer the front: going on at the old count skips some. In
        a quarter of an hour that is rare, and the hourly audit finds it; over a night it is not.
        """
        unfinished = look.state.unfinished(stream.name)
        if stream.page_limit is None:
            return unfinished
        stale = [run for run in unfinished if run.updated_at and look.now - run.updated_at > OVERLAP]
        for run in stale:
            self._end(run, "abandoned", look.now, "it stopped too long ago to go on by counting rows")
        return [run for run in unfinished if run not in stale]

    def _attempt(self, stream: Stream, task: Task, look: Look, tally: Tally) -> list[Work] | None:
        """One pass; what it leaves to ask in others, or None when told to stop."""
        work, run = task.work, task.run
        try:
            return self._pass(stream, work, run, look, tally)
        except QueryTimeout as error:
            parts = halves(work.window, stream.finest) if work.window else None
            if parts is None:
                raise
            if run is not None:
                self._end(run, "abandoned", look.now, str(error))
            self._narrow(stream, work, look)
            return [replace(work, window=part) for part in parts]
        except BadRequest:
            if run is None:
                raise
            # A cursor from an earlier run that the server no longer takes: what it covered stays covered.
            self._end(run, "abandoned", look.now, "the server no longer knows the cursor")
            self._resumed.discard(_place(work))
            return task.planned
        except (Forbidden, NotFound, SchemaDrift) as error:
            if not work.scope:
                raise
            self._setback = self._setback or error
            return []

    def _narrow(self, stream: Stream, work: Work, look: Look) -> None:
        """Remember that the server could not answer for so long a window."""
        if stream.limits and work.window:
            self._steady = 0
            with self._store.write() as uow:
                size = uow.window_size(stream.name)
                uow.resize(stream.name, shrunk(size, stream.limits, work.window), look.now)

    def _pass(self, stream: Stream, work: Work, run: Pass | None, look: Look, tally: Tally) -> list[Work] | None:
        """Read a pass's pages; what is left to ask in another pass, or None when told to stop."""
        cursor = run.cursor if run else None
        approximate = run is not None and _sampled(stream, run, look)
        trail = Trail(rows=run.rows + run.rejected if run else 0)
        while True:
            try:
                page = self._fetch(stream, work, cursor, look)
                harvest = stream.harvest(page, work, look)
                seen = harvest.rows + len(harvest.rejects)
                trail = follow(trail, cursor, page, seen, paged=stream.paged, counted=stream.counted)
            except SentryError as error:
                if self._means_nothing_there(stream, work, run, look, error):
                    return []
                self._fail(stream, work, run, look, error)
                raise
            self._check_clock(stream, work, run, look, page)
            # Of a pass that was sampled on one page, no page can say that the whole is exact.
            approximate = approximate or harvest.approximate
            read = PageRead(stream, work, run, page, harvest, approximate)
            run = self._commit(read)
            cursor = page.next_cursor
            tally.pages += 1
            tally.rows += harvest.rows
            tally.rejected += len(harvest.rejects)
            self._report(_progress(run, tally, page))
            if read.last:
                return read.rest(run)
            if self._stop():
                return None

    def _fetch(self, stream: Stream, work: Work, cursor: str | None, look: Look) -> Page:
        try:
            return stream.fetch(self._client, work, cursor, look)
        except NotFound:
            page = stream.absent(work, cursor, look, self._clock.now()) if stream.absent else None
            if page is None:
                raise
            return page

    def _check_clock(self, stream: Stream, work: Work, run: Pass | None, look: Look, page: Page) -> None:
        """Hear the server's time; a window that was to end now but ended before the server's is asked anew."""
        ahead = self._clock.hear(page.server_time)
        if run is not None or work.window is None:
            return
        too_early = ahead > BEHIND and work.window.end == look.now
        if too_early or (stream.exact and ahead < timedelta() and work.window.end > page.server_time):
            raise _WrongClock

    def _commit(self, read: PageRead) -> Pass:
        at = read.page.server_time
        with self._store.write() as uow:
            if read.run is None:
                # With the first page, not before: a typo in the address must not be remembered as ours.
                uow.claim(self._client.connection.base_url, self._client.connection.organization)
            run = read.run or uow.begin_pass(read.stream.name, read.work.scope, read.window, at)
            if run.pages == 0 and read.stream.replaces and read.window:
                table, column = read.stream.replaces
                covers = read.stream.covers or read.stream.name
                # Rows that an answer read, of one project perhaps, go with all the others.
                for scope in uow.scopes_of(covers) | {read.work.scope}:
                    uow.uncover(covers, scope, read.window, by=run.id)
                uow.clear(table, column, read.window)
            uow.upsert(read.harvest.records, seen_by=read.stream.name)
            uow.doubt(read.harvest.doubts)
            run = uow.turn_page(run, read.page.next_cursor, read.harvest.rows, read.harvest.rejects, at)
            known = read.known(run)
            if read.stream.covers and known:
                uow.cover(
                    read.stream.covers,
                    read.work.scope,
                    known,
                    source=read.stream.source,
                    approximate=read.approximate or read.cut_short,
                    resolution=read.stream.resolution,
                )
            if read.last:
                self._finish(uow, read, run, at)
        return run

    def _finish(self, uow: UnitOfWork, read: PageRead, run: Pass, at: datetime) -> None:
        uow.end_pass(run, "done", at)
        if read.stream.as_of:
            as_of = read.stream.as_of(uow, run)
        else:
            # A pass is true for the moment it was pinned to, not for the moment it ended.
            as_of = run.window.end if run.window else run.started_at
        if as_of is not None:
            uow.mark(read.stream.name, read.work.scope, as_of, as_of)
        if read.stream.limits and run.window:
            size = uow.window_size(read.stream.name)
            length = read.next_size(size, run, at, self._steady)
            self._steady = self._steady + 1 if size and size.length == length else 0
            uow.resize(read.stream.name, length, at)
        if read.stream.finish:
            read.stream.finish(uow, run)

    def _absent(self, stream: Stream, work: Work, run: Pass | None, at: datetime, error: NotFound) -> None:
        """There is nothing (any more) where the work was to look; a pass on its way there has nowhere to go on."""
        with self._store.write() as uow:
            if stream.absent_is_believed:
                uow.mark(stream.name, work.scope, at, at)
            if run is not None:
                uow.end_pass(run, "abandoned", at, str(error))

    def _means_nothing_there(
        self, stream: Stream, work: Work, run: Pass | None, look: Look, error: SentryError
    ) -> bool:
        """Whether the error is an answer, which has then been written down."""
        if isinstance(error, NotFound) and stream.absent_is_empty:
            self._absent(stream, work, run, look.now, error)
            return True
        if isinstance(error, OutsideRetention) and stream.covers and work.window:
            self._outlived(stream, work, run, look)
            return True
        return False

    def _outlived(self, stream: Stream, work: Work, run: Pass | None, look: Look) -> None:
        """The server keeps nothing of the window any more: it need not be asked for again.

        Whether all of it was read nobody can say, so that it's known is only approximately true.
        """
        covers, window = stream.covers, work.window
        with self._store.write() as uow:
            run = run or uow.begin_pass(stream.name, work.scope, window, look.now)
            for gap in gaps(window, look.state.coverage(covers, work.scope)) if covers and window else ():
                uow.cover(covers or "", work.scope, gap, source=stream.source, approximate=True)
            uow.end_pass(run, "done", look.now)

    def _fail(self, stream: Stream, work: Work, run: Pass | None, look: Look, error: SentryError) -> None:
        """Write down that the pass stopped and why. One that never had a page is written down too."""
        with self._store.write() as uow:
            run = run or uow.begin_pass(stream.name, work.scope, work.window, look.now)
            uow.end_pass(run, "failed", look.now, str(error))

    def _end(self, run: Pass, state: str, at: datetime, error: str) -> None:
        with self._store.write() as uow:
            uow.end_pass(run, state, at, error)


def _place(work: Work) -> tuple[str, datetime | None]:
    """Scope and where the window begins: its end may have been moved back to the server's time."""
    return work.scope, work.window.start if work.window else None


def _worth_asking(work: Work, resource: str, look: Look, unfinished: list[Pass]) -> bool:
    """Whether ``work`` is more than what happened since a run that was killed and is going on."""
    mine = [run for run in unfinished if run.scope == work.scope]
    if work.window is None or look.part is not Part.WHOLE or not mine:
        return True
    known = look.state.coverage(resource, work.scope)
    return worth_asking(work.window, known, last_known(mine, known))


def _sampled(stream: Stream, run: Pass, look: Look) -> bool:
    """Whether the server sampled on a page of the pass that an earlier run read, or on one read before it."""
    if stream.covers is None or run.window is None:
        return False
    known = look.state.coverage(stream.covers, run.scope)
    exact = look.state.coverage(stream.covers, run.scope, exactly=True)
    return gaps(run.window, known) != gaps(run.window, exact)


def _parts(stream: Stream, work: Work, look: Look) -> list[Work]:
    """The newest window of the work, as long as the server was seen to take them, and the rest of it.

    Nothing where it is one already. The rest is cut once it is its turn: by then the server may take longer ones.
    """
    if stream.limits is None or work.window is None:
        return []
    parts = fitted(work.window, look.state.window_size(stream.name))
    if len(parts) < 2:
        return []
    rest = Interval(work.window.start, parts[0].start)
    return [replace(work, window=parts[0]), replace(work, window=rest)]


def _progress(run: Pass, tally: Tally, page: Page) -> Progress:
    return Progress(run.stream, run.scope, "page", run.pages, run.rows, tally.pages, page.hits, run.window)

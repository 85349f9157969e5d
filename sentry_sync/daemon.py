"""Syncs until it is told to stop: one worker takes the most valuable ladder that is due and runs a slice of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from apscheduler.schedulers.background import BackgroundScheduler

from sentry_sync.errors import AuthFailed, SentrySyncError, StoreBusy, StoreError, StoreUnwritable
from sentry_sync.records.clock import Clock
from sentry_sync.records.schedule import AWAY, TOKEN_REFUSED, Entry, Rest
from sentry_sync.records.stoppable import Nudged
from sentry_sync.store.lake import Lake
from sentry_sync.store.lease import Lease
from sentry_sync.store.reads.state import State
from sentry_sync.store.store import Store
from sentry_sync.sync import schedule
from sentry_sync.sync.engine import Progress
from sentry_sync.sync.run import LADDERS, Left, Slice, StreamResult, Syncer, Terms
from sentry_sync.sync.schedule import RHYTHMS, Outcome
from sentry_sync.sync.server_clock import TOLERANCE
from sentry_sync.sync.stream import Part, Policy
from sentry_sync.sync.streams import hints
from sentry_sync.sync.streams.hints import EVENTS_WORTH

if TYPE_CHECKING:
    from sentry_sync.sentry.client import SentryClient
    from sentry_sync.store.unit_of_work import UnitOfWork

HINTED = (hints.ISSUES_NAME, hints.EVENTS_NAME)
"""What webhooks hurry: the newest hint stands for all."""

LADDER = {ladder[0].name: ladder for ladder in LADDERS}

ASLEEP = 2.0
"""Seconds of waiting at a stretch: so soon are wishes heard and, after a suspend or a set clock, what is due is
looked for again. Reading a table of a few rows costs nothing."""

LISTEN = timedelta(seconds=1)
"""How often it is looked for wishes while pages are read."""

PUNCTUAL = 0.75
"""Of a sweep's interval: how old the last one must be for its turn, which may come early, to find it due."""

REFUSED = timedelta(minutes=10)
"""How long all rests after the token was refused: it may be mended, and to ask more often only annoys."""

UNREACHABLE = timedelta(seconds=15)
"""How long all rests when the server is away; doubled each time up to LONGEST_REST."""

LONGEST_REST = timedelta(minutes=5)

THROUGH = ("done", "fresh")
"""How a turn ends that left nothing to read."""

RETRY_STORE = 30.0
"""Seconds until a store that refused a write is tried again: disks are emptied, permissions given back."""

TIDY = timedelta(hours=1)
"""How often old rows and surplus bodies are dropped."""

TIDY_FOR, TIDY_ON = timedelta(seconds=2), timedelta(seconds=30)
"""After so long it is gone on with after so long, since polls wait meanwhile: a first pruning of millions of rows
takes a sixteenth of the time."""

PUBLISH = timedelta(minutes=5)
"""How often it is looked whether parts of the lake are due: a look takes milliseconds, and SQL reads what waits
from the store."""

PUBLISH_FOR = timedelta(seconds=12)
"""After so long no further part is begun, since polls wait meanwhile. The lake of a large first copy is written
over many such turns, so that it takes a twenty-fifth of the time whatever its size."""


@dataclass(frozen=True, slots=True)
class Said:
    """One thing to tell whoever runs the daemon."""

    text: str
    result: StreamResult | None = None
    """The turn that ended, if it is about one."""
    rows: int = 0
    """What the whole turn brought."""
    requests: int = 0
    """What it cost."""


Tell = Callable[[Said], None]


class Worker:
    """The only thing of a daemon that syncs: a slice at a time, in the thread that calls ``turn``."""

    def __init__(
        self,
        store: Store,
        client: SentryClient,
        clock: Clock,
        *,
        policy: Policy,
        per_minute: int,
        tell: Tell,
        lake: Lake | None = None,
        nudgeable: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._lake = lake
        self._nudgeable = nudgeable
        self._store = store
        self._clock = clock
        self._syncer = Syncer(store, client, clock, policy, self._count)
        self._capacity = schedule.capacity(per_minute)
        self._share = schedule.quantum(per_minute)
        self._tell = tell
        self.entries: dict[str, Entry] = {}
        self._rows: dict[str, int] = {}
        self._began: dict[str, datetime] = {}
        self._left: dict[str, Left | None] = {}
        self._paid: dict[str, datetime] = {}
        self._pace = schedule.Pace()
        self._silent: frozenset[str] = frozenset()
        self._rests = 0
        self._rest: Rest | None = None
        self._told_rest: Rest | None = None
        self._last = self._tidied = self._published = clock.now()
        self._listened: datetime | None = None

    def start(self) -> None:
        """Take up the schedule where it was left; call it inside the store's ``syncing()``.

        A rest that another worker took is not gone on with: this one may have another token.

        Raises StoreMismatch when the store is of another organization.
        """
        self._syncer.prepare()
        with closing(self._store.read()) as reading:
            self.entries = schedule.opened(State(reading).schedule(), self._clock.now())
        with self._store.write() as uow:
            self._keep_rest(uow)

    def turn(self, stop: Callable[[], bool]) -> float:
        """Run one slice of what is due; the seconds until something is due if nothing was, else 0.

        Raises StoreError when the store can't be used, LeaseLost included: nothing can be done without it.
        """
        now = self._now()
        self._listen(now)
        self._publish(now, stop)
        self._tidy(now, stop)
        if self._rest and self._rest.until <= now:
            self._rest = None
        if self._rest != self._told_rest:
            with self._store.write() as uow:
                self._keep_rest(uow)
        if self._rest:
            return (self._rest.until - now).total_seconds()
        name = schedule.choose(self.entries, now, self._share)
        if name is None:
            return max(0.0, (schedule.next_due(self.entries) - now).total_seconds())
        self._run(name, now, stop)
        return 0.0

    def alarms(self) -> dict[str, datetime]:
        """When each ladder falls due that is not yet.

        What is overdue waits for the end of a rest: its alarm would ring at once, and again.
        """
        return {name: entry.due_at for name, entry in self.entries.items() if entry.due_at > self._last}

    def _publish(self, now: datetime, stop: Callable[[], bool]) -> None:
        """Write what of the lake is due. A lake that can't be written costs nobody a row: SQL reads the store."""
        if self._lake is None or timedelta() <= now - self._published < PUBLISH:
            return
        self._published = now
        lake = self._lake

        def publish() -> None:
            done = lake.publish(self._enough(now + PUBLISH_FOR, stop))
            if done.parts:
                self._tell(Said(f"lake: {done.rows} rows in {done.parts} parts, {done.seconds:.1f} s"))

        self._chore("the lake", publish)

    def _tidy(self, now: datetime, stop: Callable[[], bool]) -> None:
        """Drop what is not worth keeping, however much is due: a copy whose budget is never enough grows too."""
        if timedelta() <= now - self._tidied < TIDY:
            return
        self._tidied = now

        def tidy() -> None:
            if not self._syncer.tidy(self._enough(now + TIDY_FOR, stop)).whole:
                self._tidied = now - TIDY + TIDY_ON

        self._chore("tidying up", tidy)

    def _enough(self, until: datetime, stop: Callable[[], bool]) -> Callable[[], bool]:
        """Whether a chore is to end where it is, for now."""
        return lambda: stop() or self._clock.now() > until or self._is_waited_for()

    def _is_waited_for(self) -> bool:
        """Whether somebody wishes for what has not begun yet, and would wait for the end of a chore."""
        self._listen(self._now())
        now = self._last
        return any(entry.wished_at and entry.due_at <= now and not entry.open for entry in self.entries.values())

    def _chore(self, name: str, action: Callable[[], None]) -> None:
        """Do what may fail with nothing synced the worse for it: it is tried again when its time has come."""
        try:
            action()
        except StoreUnwritable as error:
            self._tell(Said(str(error)))
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 (as in _slice)
            self._tell(Said(f"{name}: {defect(error)}"))

    def _now(self) -> datetime:
        """The time; where the clock was set back, what lies ahead of it is planned anew."""
        now = self._clock.now()
        if now < self._last:
            self.entries = {name: schedule.settled(entry, now) for name, entry in self.entries.items()}
            self._rest = None
            self._tidied = min(self._tidied, now)
        self._last = now
        return now

    def nudge(self) -> bool:
        """Hear wishes at the next page, however soon that is; called in any thread.

        Whether hints are acted on then: not while they have spent their part of the budget.
        """
        self._listened = None
        return all(schedule.hurried(self._paid.get(name), self._clock.now()) for name in HINTED)

    def _listen(self, now: datetime) -> None:
        """Hear what somebody wishes for; a new wish ends a rest: it may be made because all is well again."""
        if self._listened and timedelta() <= now - self._listened < LISTEN:
            return
        self._listened = now
        with closing(self._store.read()) as reading:
            state = State(reading)
            wishes, hinted = state.wishes(), self._hints(state, now)
        self.entries, new = schedule.wished(self.entries, wishes, now)
        self.entries, _ = schedule.wished(self.entries, hinted, now)
        if new:
            self._rest = None

    def _keep_rest(self, uow: UnitOfWork) -> None:
        """Have readers told what this worker means to do: nothing before its rest is over."""
        uow.rest(self._rest)
        self._told_rest = self._rest

    def _hints(self, state: State, now: datetime) -> dict[str, datetime]:
        """When the newest hint came for each ladder that may be hurried."""
        newest = zip(HINTED, state.hints.newest(now - EVENTS_WORTH), strict=True)
        return {name: at for name, at in newest if at and schedule.hurried(self._paid.get(name), now)}

    def _run(self, name: str, now: datetime, stop: Callable[[], bool]) -> None:
        entry, part = self.entries[name], Part.REST
        if entry.due_at <= now:
            entry, part = schedule.begun(entry, now, self._fitted()[name]), Part.DUE
            self.entries[name] = entry
            self._rows[name], self._began[name], self._left[name] = 0, now, None
        terms = Terms(part, entry.every * PUNCTUAL, lambda: stop() or self._gives_way(name), self._left.get(name))
        before = entry.pages
        result = self._slice(name, terms)
        self._rows[name] = self._rows.get(name, 0) + result.rows
        ended = self._clock.now()
        spent = schedule.Spent(self.entries[name].pages - before, ended - now)
        self._pace = self._pace.after(spent.time.total_seconds(), spent.requests)
        if name in HINTED:
            self._paid[name] = schedule.paid_until(self._paid.get(name), name, spent, ended, self._capacity)
        outcome = Outcome(result.state, self._found(name), result.error)
        after = self.entries[name] = schedule.followed(self.entries[name], outcome, ended)
        with self._store.write() as uow:
            uow.keep_schedule(after, ended)
            self._keep_rest(uow)
            if after.wished_at and not after.open:
                uow.grant((name,), after.wished_at)
                # A hint stays until it was acted on: heard again at once, it would be tried again at once.
                if result.state != "failed" or name not in HINTED:
                    self.entries[name] = replace(after, wished_at=None)
        if result.state in THROUGH and after.pages:
            self.entries = schedule.due_with(self.entries, name, ended)
            if outcome.news:
                self.entries = schedule.hastened(self.entries, name, ended)
            rows, requests = self._rows[name], after.requests or 0
            self._tell(Said(f"{name}: {rows} rows in {requests} requests", result, rows, requests))
        elif result.state == "failed":
            wait = (max(after.due_at, self._rest.until if self._rest else ended) - ended).total_seconds()
            told = f"{name} failed: {result.error}; next try in {wait:.0f} s"
            self._tell(Said(told, result, self._rows[name], after.pages))

    def _slice(self, name: str, terms: Terms) -> StreamResult:
        """The ladder's result, whatever became of it: one stream's failure is no other's."""
        ladder = LADDER[name]
        try:
            with nullcontext() if name in HINTED else self._nudgeable():
                found = self._syncer.slice(ladder, terms)
        except Nudged:  # its passes keep their cursors
            return StreamResult(name, ladder[0].resource, "partial", 0, 0, 0)
        except AuthFailed as error:
            self._rest = Rest(self._clock.now() + REFUSED, TOKEN_REFUSED)
            return _failed(name, str(error), error.exit_code)
        except StoreError:
            raise
        except SentrySyncError as error:
            return _failed(name, str(error), error.exit_code)
        except Exception as error:  # noqa: BLE001 (a defect in one stream must not stop the others; its text may quote an event)
            return _failed(name, defect(error), 70)
        self._left[name] = found.left
        for note in found.notes:
            self._tell(Said(note))
        self._heed(found)
        return found.result

    def _heed(self, found: Slice) -> None:
        """Rest once two endpoints could not be had with nothing read in between: the server is away."""
        self._rest = None
        if found.result.pages and not found.silent:
            self._silent, self._rests = frozenset(), 0
        self._silent |= found.silent
        if found.silent and len(self._silent) > 1:
            rest = min(LONGEST_REST, UNREACHABLE * (1 << min(self._rests, 10)))
            self._rest = Rest(self._clock.now() + rest, AWAY)
            self._rests += 1

    def _gives_way(self, name: str) -> bool:
        """Whether the slice ends here: another goes first, or its own next turn has come."""
        now = self._now()
        self._listen(now)
        return self.entries[name].due_at <= now or schedule.choose(self.entries, now, self._share) != name

    def _fitted(self) -> dict[str, timedelta]:
        demands = {name: schedule.demand(entry, self._share) for name, entry in self.entries.items()}
        return schedule.stretched(demands, self._pace.per_minute(self._capacity))

    def _found(self, name: str) -> bool:
        """Whether its turn found anything new: rows, or for a sweep changes that nobody else had seen."""
        news = RHYTHMS[name].news
        if not news:
            return self._rows[name] > 0
        with closing(self._store.read()) as reading:
            return State(reading).changes_seen(news, self._began[name] - TOLERANCE) > 0

    def _count(self, step: Progress) -> None:
        if step.state == "page":
            entry = self.entries[step.stream]
            self.entries[step.stream] = replace(entry, pages=entry.pages + 1)


def defect(error: Exception) -> str:
    """What is told of an error that nobody foresaw: its kind alone, since its text may quote an event."""
    return f"a defect of sentry-sync: {type(error).__name__}; please report it"


def _failed(name: str, error: str, code: int) -> StreamResult:
    return StreamResult(name, LADDER[name][0].resource, "failed", 0, 0, 0, error, code)


class Daemon:
    """Runs a worker in a thread of its own; APScheduler's alarms wake it when a ladder is due."""

    def __init__(self, store: Store, worker: Worker, stopping: threading.Event, tell: Tell) -> None:
        self._store = store
        self._worker = worker
        self._successor: Callable[[], Worker] | None = None
        self._stopping = stopping
        self._tell = tell
        self._wake = threading.Event()
        self._waiting = False
        self._alarms = BackgroundScheduler(
            timezone=UTC,
            # However late an alarm comes, after a suspend or a jump of the clock: it rings once.
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def run(self) -> None:
        """Sync until ``stopping`` is set; while another process syncs into the store, wait for it to end.

        Raises StoreError when the store can't be used, and will not be by itself.
        """
        self._alarms.start()
        try:
            while not self._stopping.is_set():
                try:
                    self._sync()
                except (StoreBusy, StoreUnwritable) as error:
                    if self._stopping.is_set():
                        return  # it is only that waiting for another process was given up
                    self._tell(Said(f"{error}; next try in {RETRY_STORE:.0f} s"))
                    self._stopping.wait(RETRY_STORE)
        finally:
            # One that rings while their clock is stopped would be looked up in vain, with a traceback.
            self._alarms.remove_all_jobs()
            self._alarms.shutdown(wait=False)

    def _sync(self) -> None:
        with self._store.syncing(self._wait_for):
            self._waiting = False
            self._worker.start()
            while not self._stopping.is_set():
                self._succeed()
                seconds = self._worker.turn(self._is_to_end)
                if seconds > 0:
                    self._sleep(seconds)

    def _succeed(self) -> None:
        make = self._successor
        if make:
            # Where the store refuses it is tried again: the former's connections are closed by now.
            worker = make()
            worker.start()
            self._worker = worker
            if self._successor is make:
                self._successor = None

    def _is_to_end(self) -> bool:
        return self._stopping.is_set() or self._successor is not None

    def stop(self) -> None:
        """End the run at its page."""
        self._stopping.set()
        self._wake.set()

    def hand_over(self, make: Callable[[], Worker]) -> None:
        """From the next page on, let the worker that ``make`` makes do the work; called in any thread.

        The new one takes up the schedule where it is. ``make`` is called in the daemon's own thread.
        """
        self._successor = make
        self._wake.set()

    def nudge(self) -> bool:
        """Look at once for what somebody wishes for; called in any thread. Whether hints are acted on then."""
        hurried = self._worker.nudge()
        self._wake.set()
        return hurried

    def _sleep(self, seconds: float) -> None:
        for name, at in self._worker.alarms().items():
            self._alarms.add_job(self._wake.set, "date", run_date=at, id=name, replace_existing=True)
        self._wake.wait(min(seconds, ASLEEP))
        self._wake.clear()

    def _wait_for(self, holder: Lease | None) -> bool:
        if not self._waiting:
            self._waiting = True
            self._tell(Said(f"waiting for another sentry-sync ({holder or 'it writes'}) to end its sync"))
        return not self._stopping.is_set()

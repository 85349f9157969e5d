"""One run of the sync: every resource that was asked for, the most valuable first."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sentry_sync.errors import (
    AuthFailed,
    BadRequest,
    BudgetExhausted,
    Gone,
    NotSupported,
    SentryError,
    SentrySyncError,
    Unavailable,
)
from sentry_sync.records.clock import Clock
from sentry_sync.store.audit_trail import AuditTrail
from sentry_sync.store.pruning import Pruned, prune
from sentry_sync.store.reads.state import State
from sentry_sync.store.store import Store
from sentry_sync.store.unit_of_work import check_origin
from sentry_sync.sync import turn
from sentry_sync.sync.capabilities import Capabilities
from sentry_sync.sync.doubt import Doubt
from sentry_sync.sync.engine import Engine, Progress, Report, Stop, Tally
from sentry_sync.sync.schedule import RHYTHMS
from sentry_sync.sync.server_clock import ServerClock
from sentry_sync.sync.stream import Ladder, Look, Part, Policy, Stream, Work
from sentry_sync.sync.streams import (
    audit,
    counts,
    events,
    hints,
    inventory,
    issues,
    performance,
    reconcile,
    releases,
)
from sentry_sync.sync.turn import Turn

if TYPE_CHECKING:
    from sentry_sync.sentry.client import SentryClient

LADDERS: tuple[Ladder, ...] = (
    (inventory.PROJECTS,),
    hints.ISSUES,
    (issues.SENTRY, issues.GLITCHTIP),
    (hints.EVENTS,),
    (reconcile.REVIEW,),
    (releases.RELEASES,),
    performance.DAY_WINDOW,
    (counts.ERROR_COUNTS,),
    (releases.HEALTH,),
    (inventory.PROJECT_STATS,),
    (events.EXPLORE, events.BY_PROJECT, events.BY_ISSUE),
    performance.TRANSACTION_HOURS,
    performance.QUERIES,
    performance.VITALS,
    (audit.DAYS,),
    (counts.ISSUE_ENVIRONMENTS,),
    (reconcile.SWEEP, reconcile.SWEEP_GLITCHTIP),
    reconcile.CONFIRM,
    reconcile.VERIFY,
    (audit.RETENTION,),
    (audit.AUDIT,),
    (releases.SWEEP,),
    (releases.CONFIRM,),
    performance.WEEK_WINDOW,
    (releases.DEPLOYS,),
    (events.BODIES,),
    (inventory.ORGANIZATION,),
    (inventory.ENVIRONMENTS,),
)
"""Every stream, in the order of its value when the budget is short: the order of ``RHYTHMS``."""

RESOURCES = ("projects", "issues", "releases", "events", "performance")

FINE = ("done", "fresh", "unsupported")
"""States of a stream that has nothing left to bring."""


@dataclass(frozen=True, slots=True)
class StreamResult:
    """How one stream fared."""

    stream: str
    resource: str
    state: str
    """``done``, ``partial`` (told to stop), ``failed``, ``unsupported`` or ``fresh`` (nothing was due)."""
    pages: int
    rows: int
    rejected: int
    error: str | None = None
    exit_code: int = 0
    """What a command ends with that this error stops; see ``errors.py``."""
    failure: SentrySyncError | None = field(default=None, compare=False, repr=False)
    """The error itself, for whoever wants more of it than its line."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How far a run of one ladder goes."""

    part: Part
    age: timedelta
    """How old what was read as a whole must be before it is due again."""
    stop: Stop
    left: Left | None = None
    """What earlier slices of the turn did not come to."""


@dataclass(frozen=True, slots=True)
class Left:
    """What a slice did not come to, on the rung it stood on."""

    source: str
    works: tuple[Work, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """What a run or a slice goes by."""

    state: State
    doubt: Doubt
    able: Capabilities


@dataclass(frozen=True, slots=True)
class Slice:
    """How a slice of one ladder's turn ended."""

    result: StreamResult
    silent: frozenset[str]
    """The endpoint that could not be had."""
    notes: tuple[str, ...] = ()
    """What the store claimed and had to take back, a line each."""
    left: Left | None = None
    """What it did not come to; None if it must plan anew."""


@dataclass(frozen=True, slots=True)
class Summary:
    """How a run fared."""

    results: tuple[StreamResult, ...]
    started_at: datetime
    ended_at: datetime
    notes: tuple[str, ...] = ()
    """What whoever relies on the copy should know besides, a line each."""

    @property
    def requests(self) -> int:
        """Pages read."""
        return sum(result.pages for result in self.results)

    @property
    def ok(self) -> bool:
        """Whether everything that was due is in the store; a server that lacks something is no failure."""
        return all(result.state in FINE for result in self.results)


def _quiet(progress: Progress) -> None:
    """Report to nobody."""


def _never() -> bool:
    return False


class Syncer:
    """Brings the store up to date with the server."""

    def __init__(
        self, store: Store, client: SentryClient, clock: Clock, policy: Policy, report: Report = _quiet
    ) -> None:
        self._store = store
        self._client = client
        self._own = clock
        self._clock = ServerClock(clock)
        self._policy = policy
        self._report = report
        self._turn: Turn | None = None
        self._proven = False
        self._left: Left | None = None

    def run(self, resources: Sequence[str] = RESOURCES, stop: Stop = _never, *, full: bool = False) -> Summary:
        """Read what is due of ``resources`` and say how each stream fared.

        ``full`` makes a whole reconcile turn of the issues now: each issue held is looked at. One that was
        interrupted in the last quarter of an hour is continued.

        Raises StoreBusy when another process syncs or took over, StoreMismatch when the store is of another
        organization, AuthFailed when the token is refused. Any other failure of a stream is in its result.
        """
        with self._store.syncing():
            self.prepare()
            started = self._clock.now()
            with closing(self._store.read()) as reading:
                known = self._known(State(reading))
                known.able.heed_upgrade()
                self._turn = self._begin_turn(known.state) if full else None
                results = self._ladders(_wanted(resources, known.state), stop, known)
            if self._turn and all(r.state in FINE for r in results if r.resource == "issues"):
                with self._store.write() as uow:
                    turn.note(uow, self._turn, self._clock, done=True)
            self.tidy(stop)
            return Summary(tuple(results), started, self._clock.now(), tuple(known.doubt.notes))

    def prepare(self) -> None:
        """See that the store is this organization's; needed before the first slice, inside ``syncing()``."""
        connection = self._client.connection
        with closing(self._store.read()) as reading:
            check_origin(State(reading).origin(), (connection.base_url, connection.organization))

    def slice(self, ladder: Ladder, terms: Terms) -> Slice:
        """Run one ladder as far as ``terms`` let it.

        Whoever calls this holds the store's ``syncing()``. Raises AuthFailed when the token is refused.
        """
        with closing(self._store.read()) as reading:
            known = self._known(State(reading))
            known.able.heed_upgrade()
            result, silent = self._climb_surely(ladder, terms, known, proven=self._proven)
        self._proven = self._proven or result.pages > 0
        return Slice(result, frozenset(silent), tuple(known.doubt.notes), self._left)

    def tidy(self, stop: Stop = _never) -> Pruned:
        """Drop what is not worth keeping, until ``stop``: rows older than wanted, surplus bodies, old files."""
        with self._store.write() as uow:
            uow.deliveries.tidy(self._own.now())
        paths, keeping = self._store.paths, self._policy.keeping
        AuditTrail(paths.audit, self._own, paths.key).prune(keeping.since("audit", self._own.now()))
        return prune(self._store, self._own, keeping, self._clock.now(), self._policy.max_events, stop=stop)

    def _begin_turn(self, state: State) -> Turn:
        begun = turn.begin(state, self._own.now(), self._clock)
        if state.origin():
            with self._store.write() as uow:
                turn.note(uow, begun, self._clock, done=False)
        return begun

    def _known(self, state: State) -> _Known:
        doubt = Doubt(self._store, self._clock, state)
        doubt.settle(self._client)
        return _Known(state, doubt, Capabilities(self._store, self._clock, state))

    def _ladders(self, ladders: list[Ladder], stop: Stop, known: _Known) -> list[StreamResult]:
        results: list[StreamResult] = []
        down: set[str] = set()
        for ladder in ladders:
            if stop() or len(down) > 1:
                # Two endpoints in a row that could not be had: the others would be waited for in vain as well.
                error = Unavailable("the server could not be reached") if len(down) > 1 else None
                results.append(_result(ladder[0], "failed" if error else "partial", Tally(), error))
                continue
            # A login page in front of the server must not be taken for a server that lacks everything.
            proven = any(result.pages for result in results)
            terms = Terms(Part.WHOLE, RHYTHMS[ladder[0].name].longest, stop)
            result, silent = self._climb_surely(ladder, terms, known, proven=proven)
            if result.pages and not silent:
                down.clear()
            down |= silent
            results.append(result)
            self._report(
                Progress(
                    result.stream, "", result.state, result.pages, result.rows, result.pages, detail=result.error
                )
            )
        return results

    def _climb_surely(
        self, ladder: Ladder, terms: Terms, known: _Known, *, proven: bool
    ) -> tuple[StreamResult, set[str]]:
        found = self._climb(ladder, terms, known, proven=proven)
        # What it planned, it may have planned for another time.
        return self._climb(ladder, terms, known, proven=proven) if known.doubt.raised() else found

    def _climb(
        self, ladder: Ladder, terms: Terms, known: _Known, *, proven: bool
    ) -> tuple[StreamResult, set[str]]:
        """Run the best rung the server has; the result, and the endpoint that could not be had.

        ``proven`` says that the server has answered as Sentry does in this run: only then is a "no such endpoint"
        believed and remembered.
        """
        tally, able = Tally(), known.able
        able.probe(ladder)
        for rung in ladder:
            if able.lacks(rung):
                continue
            try:
                whole = self._step_on(rung, terms, known.state, tally)
            except AuthFailed:
                raise
            except BudgetExhausted as error:  # only where the client that was given has a deadline
                return _result(rung, "partial", tally, error), set()
            except (NotSupported, BadRequest, Gone) as error:
                read = tally.pages > 0
                if not rung.needs or not able.refused(rung.needs, error, proven=proven, read=read):
                    return _result(rung, "failed", tally, error), set()
                with self._store.write() as uow:
                    uow.forgive(rung.name)
                    uow.abandon(rung.name)
            except SentryError as error:
                silent = {error.endpoint} if isinstance(error, Unavailable) else set[str]()
                return _result(rung, "failed", tally, error), silent
            else:
                if rung.needs and tally.pages:
                    able.confirm(rung.needs)
                return _result(rung, _state(whole, tally), tally), set()
        return _result(ladder[0], "unsupported", tally), set()

    def _step_on(self, rung: Stream, terms: Terms, state: State, tally: Tally) -> bool:
        """Run one rung as far as ``terms`` let it, and keep what it did not come to; whether it came to all."""
        engine = Engine(self._store, self._client.lane(rung.lane), self._clock, self._report, terms.stop)
        left = terms.left.works if terms.left and terms.left.source == rung.source else None
        look = Look(
            state,
            self._policy,
            self._clock.now(),
            state.projects(),
            self._turn.began(self._clock) if self._turn else None,
            part=Part.DUE if terms.part is Part.REST and left is None else terms.part,
            left=left or (),
            age=terms.age,
        )
        self._left = None
        whole = engine.run(rung, look, tally)
        self._left = None if engine.left is None else Left(rung.source, engine.left)
        return whole


def _wanted(resources: Sequence[str], state: State) -> list[Ladder]:
    """The ladders of ``resources``; projects too where none is known yet and rows name them by slug."""
    named = {"events", "performance", "releases"} & set(resources)
    wanted = [ladder for ladder in LADDERS if ladder[0].resource in resources]
    if named and "projects" not in resources and not state.projects():
        return [(inventory.PROJECTS,), *wanted]
    return wanted


def _state(whole: bool, tally: Tally) -> str:
    if not whole:
        return "partial"
    return "done" if tally.pages else "fresh"


def _result(stream: Stream, state: str, tally: Tally, error: SentrySyncError | None = None) -> StreamResult:
    counts = (tally.pages, tally.rows, tally.rejected)
    if error is None:
        return StreamResult(stream.name, stream.resource, state, *counts)
    return StreamResult(stream.name, stream.resource, state, *counts, str(error), error.exit_code, error)

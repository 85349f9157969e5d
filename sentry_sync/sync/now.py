"""A sync that somebody waits for: by this process, or by the one that syncs, which is asked to go there next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sentry_sync.errors import BudgetExhausted, StoreBusy
from sentry_sync.records.clock import Clock
from sentry_sync.store import lease
from sentry_sync.store.lease import Lease
from sentry_sync.store.reads import passes
from sentry_sync.store.reads.passes import Moment, PassReport
from sentry_sync.store.reads.state import State
from sentry_sync.store.store import Store
from sentry_sync.sync.engine import Progress, Report
from sentry_sync.sync.run import FINE, LADDERS, StreamResult, Summary

LOOK_SECONDS = 0.5
"""How often whoever waits for another process looks how far it is."""


class Runs(Protocol):
    """What makes a run: a Syncer."""

    def run(self, resources: Sequence[str], stop: Callable[[], bool]) -> Summary:
        """Read what is due of ``resources``; raises StoreBusy when another process syncs."""
        ...


@dataclass(frozen=True, slots=True)
class Wait:
    """How long whoever asked waits."""

    clock: Clock
    until: datetime
    given_up: Callable[[], bool]

    def over(self) -> bool:
        """Whether nobody waits any more."""
        return self.given_up() or self.clock.now() >= self.until


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of it."""

    results: tuple[StreamResult, ...]
    holder: Lease | None = None
    """The process that syncs, where it was left to that one; None where this one did it."""
    pending: tuple[str, ...] = ()
    """Streams that the other process was not through with when the wait ended."""
    notes: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether all that was due is in the store."""
        return not self.pending and all(result.state in FINE for result in self.results)


def streams_of(resource: str) -> list[str]:
    """The streams that a resource is made of, the most valuable first."""
    return [ladder[0].name for ladder in LADDERS if ladder[0].resource == resource]


def bring(store: Store, syncer: Runs, resource: str, wait: Wait, report: Report) -> Brought:
    """Have what is due of ``resource`` read now, for as long as ``wait`` lasts.

    Where another process syncs, its streams are wished for, which a daemon hears within seconds; should that
    process end, this one takes over. What is not through when the wait ends goes on with the next sync: passes
    keep their cursors, and wishes stay. Raises AuthFailed, BudgetExhausted when not one request could be sent, and
    StoreErrors other than that somebody syncs.
    """
    streams, asked_at = streams_of(resource), wait.clock.now()
    waiting: _Waiting | None = None
    while True:
        try:
            summary = syncer.run((resource,), wait.over)
        except StoreBusy:
            waiting = waiting or _Waiting(store, streams, asked_at)
        else:
            with store.write() as uow:
                uow.grant(streams, asked_at)
            return Brought(_sent(summary).results, notes=summary.notes)
        pending = waiting.watch(wait, report)
        if not pending or wait.over():
            return Brought(waiting.results(), waiting.holder, pending)


def _sent(summary: Summary) -> Summary:
    exhausted = next((r.failure for r in summary.results if isinstance(r.failure, BudgetExhausted)), None)
    if exhausted and not summary.requests:
        raise exhausted
    return summary


class _Waiting:
    """For another process to take the turns that are wished for."""

    def __init__(self, store: Store, streams: Sequence[str], asked_at: datetime) -> None:
        self._store = store
        with closing(store.read()) as connection:
            self._then: Moment = passes.moment(connection, streams)
            with connection.begin():
                self.holder = lease.read(connection)
        with store.write() as uow:
            uow.wish(streams, asked_at)

    def watch(self, wait: Wait, report: Report) -> tuple[str, ...]:
        """The streams still wished for once the wait is over, nobody syncs any more, or all had their turn."""
        told: dict[int, int] = {}
        while True:
            with closing(self._store.read()) as connection:
                wishes = State(connection).wishes()
                runs = passes.since(connection, self._then)
                with connection.begin():
                    held = lease.held(lease.read(connection), wait.clock.now(), self._store.paths)
            for run in runs:
                if told.get(run.id) != run.pages:
                    told[run.id] = run.pages
                    report(Progress(run.stream, run.scope, "page", run.pages, run.rows, run.pages))
            pending = tuple(name for name in self._then.streams if name in wishes)
            if not pending or held is None or wait.over():
                return pending
            self.holder = held
            wait.clock.sleep(LOOK_SECONDS)

    def results(self) -> tuple[StreamResult, ...]:
        """How the streams fared, by the records of the other process's passes."""
        with closing(self._store.read()) as connection:
            found = passes.since(connection, self._then)
        by_stream = {name: [run for run in found if run.stream == name] for name in self._then.streams}
        return tuple(_result(name, runs) for name, runs in by_stream.items() if runs)


def _result(stream: str, runs: Sequence[PassReport]) -> StreamResult:
    resource = next(ladder[0].resource for ladder in LADDERS if ladder[0].name == stream)
    failed = next((run for run in runs if run.state == "failed"), None)
    running = any(run.state == "running" for run in runs)
    return StreamResult(
        stream,
        resource,
        "failed" if failed else "partial" if running else "done",
        sum(run.pages for run in runs),
        sum(run.rows for run in runs),
        sum(run.rejected for run in runs),
        failed.error if failed else None,
    )

"""The daemon's worker, the real engine, store, client and ledger against a simulated Sentry, on a clock we move.

A request takes 0.2 to 0.5 seconds of that clock, and what waits moves it on. So an hour of an organization of
300,000 errors a day passes in a minute or so, and each request and each row of it is real.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from sqlalchemy import Connection as Reading
from sqlalchemy import func, select

from benchmarks.simulation import Figures
from sentry_sync.daemon import ASLEEP, Said, Worker
from sentry_sync.records.intervals import Interval, gaps
from sentry_sync.sentry.client import SentryClient
from sentry_sync.sentry.connection import Connection
from sentry_sync.simulator import Simulator, SimulatorOptions, WorldSize
from sentry_sync.store import tables
from sentry_sync.store.ledger import RequestLedger
from sentry_sync.store.reads import shape as reads
from sentry_sync.store.reads.state import State
from sentry_sync.store.store import Store
from sentry_sync.sync.costs import Shape
from sentry_sync.sync.plan import HOUR
from sentry_sync.sync.run import Syncer
from sentry_sync.sync.stream import Policy

LOOK = 5.0
"""Seconds of virtual time between two looks at the store."""

PEOPLE = 180.0
"""Seconds between two issues that somebody resolves or ignores by hand: twenty an hour."""

SYNC = ("issues", "projects", "releases", "events", "performance")


class Moving:
    """The simulator's clock: waiting moves it on, and whoever watches is called on the way."""

    def __init__(self, sim: Simulator) -> None:
        self._sim = sim
        self._watchers: list[tuple[float, Callable[[], None], list[float]]] = []
        self.seconds = 0.0

    def now(self) -> datetime:
        """The simulator's time."""
        return self._sim.now()

    def every(self, seconds: float, watch: Callable[[], None]) -> None:
        """Call ``watch`` each time so many seconds have passed."""
        self._watchers.append((seconds, watch, [self.seconds + seconds]))

    def sleep(self, seconds: float) -> None:
        """Move on."""
        end = self.seconds + seconds
        while True:
            step = min([end, *(due[0] for _, _, due in self._watchers)])
            self._sim.advance(max(0.0, step - self.seconds))
            self.seconds = max(self.seconds, step)
            for length, watch, due in self._watchers:
                if due[0] <= self.seconds:
                    due[0] += length
                    watch()
            if self.seconds >= end:
                return


class Hour:
    """One organization, its copy, and the worker that keeps it."""

    def __init__(self, folder: Path, size: WorldSize, per_day: int, start: datetime) -> None:
        options = SimulatorOptions(size=size, start=start, frozen=True, rate_limit=None, arrivals_per_day=per_day)
        self.sim = Simulator(options)
        self.clock = Moving(self.sim)
        self.store = Store(folder / "store", self.clock)
        self.store.paths.create()
        self.figures = Figures()
        self._random = random.Random(1)
        self._ledger = RequestLedger(self.store.paths.ledger, self.clock, per_minute=None)
        self._policy = Policy(history_days=1, performance_hours=3)
        self._delay = 0.0
        self._measuring: datetime | None = None
        self._known: set[str] = set()
        self._counted: set[datetime] = set()

    def first_sync(self) -> None:
        """Copy everything as if a request cost no time and there was no budget; nothing happens meanwhile."""
        client = self._client(None)
        for _ in range(2):  # the second one fetches what the first one's issues led to
            Syncer(self.store, client, self.clock, self._policy).run(SYNC)

    def run(self, settle: timedelta, length: timedelta) -> None:
        """Let the worker keep the copy: first a while in which it comes to its rhythm, then one that counts."""
        worker = Worker(
            self.store, self._client(100), self.clock, policy=self._policy, per_minute=100, tell=self._hear
        )
        self._delay = 1.0
        self.clock.every(PEOPLE, self._people)
        with self.store.syncing():
            worker.start()
            self._work(worker, settle)
            self._measuring = self.clock.now()
            self._known = set(self.sim.world.issues)
            self.sim.requests.clear()
            self.clock.every(LOOK, self._look)
            self._work(worker, length)
        self._count_requests()
        self.store.close()

    def _work(self, worker: Worker, length: timedelta) -> None:
        until = self.clock.now() + length
        while self.clock.now() < until:
            left = (until - self.clock.now()).total_seconds()
            seconds = worker.turn(lambda: self.clock.now() >= until)
            if seconds > 0:
                self.clock.sleep(min(seconds, left, ASLEEP))

    def shape(self) -> Shape:
        """The organization in numbers, as it was in the hour that was measured."""
        world, end = self.sim.world, self.clock.now()
        since = int((end - HOUR).timestamp())
        index = world.index
        events = [event for event in index.order if index.timestamp[event] >= since]
        with closing(self.store.read()) as connection:
            held = reads.read(connection, end)
        keys = {(index.issue[event], index.environment[event], index.release[event]) for event in events}
        return Shape(
            projects=len(world.projects),
            unresolved=sum(issue.status == "unresolved" for issue in world.issues.values()),
            issues=len(world.issues),
            events_per_day=len(events) * 24,
            issues_per_hour=len({index.issue[event] for event in events}),
            count_rows_per_hour=len(keys),
            releases_per_day=held.releases,  # a world of one day has made them all within it
            releases=len(world.releases.all),
            transactions=held.transactions,
            queries=held.queries,
            vitals=held.vitals,
            silent_per_hour=3600 / PEOPLE,
        )

    # -- the server ---------------------------------------------------------------------------------------------

    def _client(self, per_minute: int | None) -> SentryClient:
        ledger = RequestLedger(self.store.paths.ledger, self.clock, per_minute=per_minute)
        connection = Connection("http://127.0.0.1", "sntryu_simulator", "acme")
        return SentryClient(connection, ledger, self.clock, transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        way = self._delay * self._random.uniform(0.1, 0.25)
        self.clock.sleep(way)
        parts = urlsplit(str(request.url))
        status, headers, body = self.sim.handle(request.method, f"{parts.path}?{parts.query}", request.headers)
        headers.pop("Content-Length", None)
        self.clock.sleep(way)
        return httpx.Response(status, headers=headers, content=body)

    def _people(self) -> None:
        quiet = [issue.id for issue in self.sim.world.issues.values() if issue.status == "unresolved"]
        chosen = self._random.choice(quiet)
        (self.sim.mutate.resolve if self._random.random() < 0.75 else self.sim.mutate.ignore)(chosen)

    # -- what is measured ---------------------------------------------------------------------------------------

    def _hear(self, said: Said) -> None:
        if said.result is not None and said.result.error:
            print(f"     {said.text}")

    def _look(self) -> None:
        now = self.clock.now()
        with closing(self.store.read()) as connection:
            covered = State(connection).coverage("error_counts")
            self._look_for_new(connection, now)
            if round(self.clock.seconds) % 60 < LOOK:
                issues = tables.issues.c
                rows = connection.execute(
                    select(issues.verified_at).where(issues.status == "unresolved", issues.removed_at.is_(None))
                ).scalars()
                self.figures.status_ages += [(now - at).total_seconds() for at in rows]
            hour = now.replace(minute=0, second=0, microsecond=0)
            new = hour not in self._counted and self._measuring is not None and hour > self._measuring
            if new and not gaps(Interval(hour - HOUR, hour), covered):
                self._counted.add(hour)
                self.figures.counts.append((now - hour).total_seconds())

    def _look_for_new(self, connection: Reading, now: datetime) -> None:
        new = set(self.sim.world.issues) - self._known
        if not new:
            return
        issues = tables.issues.c
        for key in connection.execute(select(issues.id).where(issues.id.in_(new))).scalars():
            self._known.add(key)
            born = self.sim.world.issues[key].first_second
            self.figures.new_issues.append(now.timestamp() - born)

    def _count_requests(self) -> None:
        passes = tables.passes.c
        with closing(self.store.read()) as connection:
            rows = connection.execute(
                select(passes.stream, func.sum(passes.pages))
                .where(passes.started_at >= self._measuring)
                .group_by(passes.stream)
            ).all()
        self.figures.requests.update({stream: int(pages) for stream, pages in rows})
        # The one stream whose page is two answers.
        self.figures.requests["project_stats"] *= 2
        start = self._measuring or datetime.now(UTC)
        self.figures.sent_at = [(request.at - start).total_seconds() for request in self.sim.requests]

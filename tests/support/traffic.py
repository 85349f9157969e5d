"""Many processes and one server in virtual time: what the ledger lets through, and when the server sees it."""

from __future__ import annotations

import heapq
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from sentry_sync.records.budget import Lane, Limits, Refusal, Reservation, Wait
from sentry_sync.store.ledger import RequestLedger
from tests.support.clock import FakeClock

START = datetime(2026, 11, 20, 12, 0, 7, 300_000, tzinfo=UTC)


@dataclass(frozen=True)
class Reply:
    """What a server says to one arrival."""

    status: int = 200
    limits: Limits | None = None


@dataclass
class FixedWindowServer:
    """Counts arrivals like Sentry: aligned windows, headers without the window's length."""

    limit: int | None
    seconds: int = 60
    ahead: float = 0.0
    """How far its clock is ahead of ours."""
    taken_by_others: int = 0
    """Requests of other clients in each window."""
    used: dict[int, int] = field(default_factory=dict)

    def __call__(self, now: float, endpoint: str) -> Reply:
        if self.limit is None:
            return Reply()
        theirs = now + self.ahead
        window = math.floor(theirs / self.seconds)
        used = self.used[window] = self.used.get(window, self.taken_by_others) + 1
        refused = used > self.limit
        limits = Limits(
            limit=self.limit,
            remaining=max(0, self.limit - used),
            reset=(window + 1) * self.seconds,
            concurrent_limit=25,
            server_time=math.floor(theirs),
            refusal=Refusal.WINDOW if refused else None,
        )
        return Reply(429 if refused else 200, limits)


Server = Callable[[float, str], Reply]


@dataclass(frozen=True)
class Job:
    """A worker's requests, one after the other: endpoint names; where and when it works."""

    lane: Lane
    endpoints: Sequence[str]
    process: int = 0
    starts: float = 0.0


@dataclass(frozen=True)
class Arrival:
    """One request as the server saw it; seconds since 1970 by our clock."""

    at: float
    lane: Lane
    endpoint: str
    status: int


@dataclass
class Traffic:
    """Runs jobs through ledgers that share one file, with random latencies from a seed."""

    path: Path
    server: Server
    seed: int = 0
    longest_way: float = 2.0
    """Seconds to the server and back are each up to this long."""
    per_minute: int | None = 100
    live_reserve: int = 20
    arrivals: list[Arrival] = field(default_factory=list)
    waits: dict[Lane, list[float]] = field(default_factory=dict)
    finished_at: float = 0.0
    most_under_way: dict[str, int] = field(default_factory=dict)
    _under_way: Counter[str] = field(default_factory=Counter)

    def run(self, jobs: Sequence[Job], until: float = 7200.0) -> Traffic:
        """Play every job to its end, at most ``until`` seconds of virtual time."""
        clock = FakeClock(START)
        ledgers: dict[int, RequestLedger] = {}
        self._random = random.Random(self.seed)
        self._order = count()
        self._heap: list[tuple[float, int, Iterator[float]]] = []
        for job in jobs:
            ledger = ledgers.setdefault(
                job.process,
                RequestLedger(self.path, clock, per_minute=self.per_minute, live_reserve=self.live_reserve),
            )
            self._push(job.starts, self._worker(ledger, job, clock))
        while self._heap:
            at, _, worker = heapq.heappop(self._heap)
            assert at < until, "the jobs never finish"
            clock.current = START + timedelta(seconds=at)
            pause = next(worker, None)
            self.finished_at = max(self.finished_at, at)
            if pause is not None:
                self._push(at + pause, worker)
        for ledger in ledgers.values():
            ledger.close()
        return self

    def _push(self, at: float, worker: Iterator[float]) -> None:
        heapq.heappush(self._heap, (at, next(self._order), worker))

    def _worker(self, ledger: RequestLedger, job: Job, clock: FakeClock) -> Iterator[float]:
        for endpoint in job.endpoints:
            waited = 0.0
            while isinstance(leave := ledger.reserve(endpoint, job.lane), Wait):
                assert leave.seconds > 0
                waited += min(leave.seconds, 5.0)
                yield min(leave.seconds, 5.0)
            self.waits.setdefault(job.lane, []).append(waited)
            assert isinstance(leave, Reservation)
            self._under_way[endpoint] += 1
            self.most_under_way[endpoint] = max(self.most_under_way.get(endpoint, 0), self._under_way[endpoint])
            yield self._random.random() * self.longest_way
            reply = self.server(clock.now().timestamp(), endpoint)
            self.arrivals.append(Arrival(clock.now().timestamp(), job.lane, endpoint, reply.status))
            yield self._random.random() * self.longest_way
            ledger.settle(leave, reply.status, reply.limits)
            self._under_way[endpoint] -= 1

    @property
    def refused(self) -> int:
        """How many 429s the server gave."""
        return sum(1 for arrival in self.arrivals if arrival.status == 429)

    def busiest(self, seconds: float = 60.0, endpoint: str | None = None) -> int:
        """The most arrivals in any ``seconds``, both ends included."""
        times = sorted(a.at for a in self.arrivals if endpoint in {None, a.endpoint})
        most = first = 0
        for last, at in enumerate(times):
            while at - times[first] > seconds:
                first += 1
            most = max(most, last - first + 1)
        return most

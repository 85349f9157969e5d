"""A discrete-event simulation of the schedule and the budget: the real functions and the real ledger, no HTTP.

One worker runs ladders by ``sync.schedule`` as the daemon does; their requests cost what ``sync.costs`` says and
take 0.2 to 0.5 seconds. Assistants ask live questions at times. All spend one request ledger.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from sentry_sync.records.budget import Lane, Wait
from sentry_sync.store.ledger import RequestLedger
from sentry_sync.sync import costs, schedule
from sentry_sync.sync.costs import Shape
from sentry_sync.sync.plan import HOUR
from sentry_sync.sync.run import LADDERS
from sentry_sync.sync.schedule import RHYTHMS, Outcome

LANES = {ladder[0].name: ladder[0].lane for ladder in LADDERS}
LONGEST_SLEEP = 5.0
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Shaped = Callable[[datetime], Shape]
"""What the organization is like at a moment."""


@dataclass
class Still:
    """A clock that the simulation moves."""

    current: datetime

    def now(self) -> datetime:
        """The simulation's time."""
        return self.current

    def sleep(self, seconds: float) -> None:
        """Nobody sleeps here: who waits hands the time back."""
        raise AssertionError(seconds)


@dataclass
class Figures:
    """What a simulation saw."""

    requests: Counter[str] = field(default_factory=Counter)
    sent_at: list[float] = field(default_factory=list)
    status_ages: list[float] = field(default_factory=list)
    new_issues: list[float] = field(default_factory=list)
    counts: list[float] = field(default_factory=list)
    live_waits: list[float] = field(default_factory=list)

    def busiest(self, seconds: float = 60.0) -> int:
        """The most requests in any so many seconds."""
        times, most, first = sorted(self.sent_at), 0, 0
        for last, at in enumerate(times):
            while at - times[first] > seconds:
                first += 1
            most = max(most, last - first + 1)
        return most


class Simulation:
    """One organization's copy, already complete, kept up to date for a while."""

    def __init__(
        self, shape: Shaped, start: datetime, ledger: Path, *, per_minute: int = 100, seed: int = 1
    ) -> None:
        self._shape = shape
        self._start = start
        self._clock = Still(start)
        self._random = random.Random(seed)
        self._ledger = RequestLedger(ledger, self._clock, per_minute=per_minute)
        self._room = schedule.capacity(per_minute)
        self._share = schedule.quantum(per_minute)
        self._entries = {
            name: replace(entry, every=RHYTHMS[name].every, due_at=self._first(name))
            for name, entry in schedule.opened({}, start).items()
        }
        self._begun = {name: start - RHYTHMS[name].every for name in RHYTHMS}
        self._owed: dict[str, float] = dict.fromkeys(RHYTHMS, 0.0)
        self._done: Counter[str] = Counter()
        self._swept = [start - RHYTHMS["issues.sweep"].every * self._random.random()] * 10_000
        self._polled = start
        self._pace = schedule.Pace()
        self.figures = Figures()

    def _first(self, name: str) -> datetime:
        """Ladders of a daemon that has run for long are due at any time of their interval."""
        if RHYTHMS[name].after is not None:
            return schedule.following(name, self._start, RHYTHMS[name].every)
        return self._start + RHYTHMS[name].every * self._random.random()

    def run(self, length: timedelta) -> Figures:
        """Let it run."""
        order, end = count(), length.total_seconds()
        heap: list[tuple[float, int, Iterator[float]]] = []
        for process in (self._worker(), self._assistant(), self._observer()):
            heapq.heappush(heap, (0.0, next(order), process))
        while heap:
            at, _, process = heapq.heappop(heap)
            if at >= end:
                break
            self._clock.current = self._start + timedelta(seconds=at)
            heapq.heappush(heap, (at + next(process), next(order), process))
        self._ledger.close()
        return self.figures

    # -- those who live in it -----------------------------------------------------------------------------------

    def _worker(self) -> Iterator[float]:
        while True:
            now = self._clock.now()
            name = schedule.choose(self._entries, now, self._share)
            if name is None:
                yield max(0.001, (schedule.next_due(self._entries) - now).total_seconds())
                continue
            if self._entries[name].due_at <= now:
                self._begin(name, now)
            pages = self._done[name]
            while self._owed[name] >= 1:
                yield from self._request(name, LANES[name])
                self._turned(name)
                after = self._clock.now()
                due = self._entries[name].due_at <= after
                if due or schedule.choose(self._entries, after, self._share) != name:
                    break
            took = (self._clock.now() - now).total_seconds()
            self._pace = self._pace.after(took, self._done[name] - pages)
            if self._owed[name] < 1:
                self._end(name)

    def _begin(self, name: str, now: datetime) -> None:
        demands = {each: schedule.demand(entry, self._share) for each, entry in self._entries.items()}
        every = schedule.stretched(demands, self._pace.per_minute(self._room))[name]
        self._entries[name] = schedule.begun(self._entries[name], now, every)
        shape, since = self._shape(now), self._begun[name]
        if name in costs.CLOCKED:
            hours = costs.hours_between((since - EPOCH) / HOUR, (now - EPOCH) / HOUR)
            self._owed[name] += costs.clocked(shape, name, hours)
        elif name != "issues.sweep" or self._owed[name] < 1:
            self._owed[name] += costs.turn(shape, name, now - since)
        self._begun[name] = now
        self._done[name] = 0

    def _turned(self, name: str) -> None:
        """A page came in: what is known by it."""
        now, entry = self._clock.now(), self._entries[name]
        self._entries[name] = replace(entry, pages=entry.pages + 1)
        self._owed[name] -= 1
        self._done[name] += 1
        if name == "issues.sweep":
            self._swept[self._done[name] - 1] = now
        elif name == "issues.hot" and self._done[name] == 1:
            # What happened since the last poll was pinned is on the first pages, evenly spread over that time.
            pinned, waited = self._begun[name], (self._begun[name] - self._polled).total_seconds()
            late = (now - pinned).total_seconds()
            self.figures.new_issues += [late + waited * part / 10 for part in range(10)]
            self._polled = pinned
        elif name == "error_counts":
            self._count_hour(now)

    def _count_hour(self, now: datetime) -> None:
        """Note when the page with the end of the last full hour is read, the first time."""
        begun = self._begun["error_counts"]
        full = begun.replace(minute=0, second=0, microsecond=0)
        running = (begun - full) / HOUR
        if running < schedule.RHYTHMS["error_counts"].every / HOUR:
            until = costs.clocked(self._shape(begun), "error_counts", [running, 1.0] if running else [1.0])
            if self._done["error_counts"] == until:
                self.figures.counts.append((now - full).total_seconds())

    def _end(self, name: str) -> None:
        entry = self._entries[name]
        pages, now = entry.pages, self._clock.now()
        news = pages > 0 and self._found(name, now)
        self._entries[name] = schedule.followed(entry, Outcome("done" if pages else "fresh", news), now)
        if pages:
            self._entries = schedule.due_with(self._entries, name, now)

    def _found(self, name: str, now: datetime) -> bool:
        shape = self._shape(now)
        if name == "issues.sweep":
            likely: float = shape.silent_per_hour * (self._entries[name].every / HOUR)
            return self._random.random() < 1 - math.exp(-likely)
        rows = {"transactions": shape.transactions, "queries": shape.queries, "web_vitals": shape.vitals}
        return rows.get(name, shape.events_per_day) > 0

    def _assistant(self) -> Iterator[float]:
        """Somebody asks three to eight live questions every five minutes or so."""
        while True:
            yield self._random.expovariate(1 / 300)
            for _ in range(self._random.randint(3, 8)):
                before = self._clock.now()
                yield from self._request("live", Lane.LIVE)
                self.figures.live_waits.append((self._clock.now() - before).total_seconds())
                yield self._random.uniform(0.5, 5)

    def _observer(self) -> Iterator[float]:
        """Looks once a minute at how old the statuses of the unresolved are: as old as their page of the sweep."""
        while True:
            yield 60.0
            now = self._clock.now()
            held = costs.pages(self._shape(now).unresolved)
            self.figures.status_ages += [(now - at).total_seconds() for at in self._swept[:held]]

    def _request(self, name: str, lane: Lane) -> Iterator[float]:
        while isinstance(leave := self._ledger.reserve(name, lane), Wait):
            yield min(leave.seconds, LONGEST_SLEEP)
        way = self._random.uniform(0.1, 0.25)
        yield way
        self.figures.requests[name] += 1
        self.figures.sent_at.append((self._clock.now() - self._start).total_seconds())
        yield way
        self._ledger.settle(leave, 200, None)

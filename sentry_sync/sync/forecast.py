"""What the schedule makes of an organization: requests, freshness and how long the past takes. Pure.

It plans with the functions the daemon schedules with, so that a short budget is stretched and shared as there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sentry_sync.sync.schedule import MINUTE, RHYTHMS, Demand, Rhythm, capacity, quantum, step_of, stretched

Turn = Callable[[str, timedelta], float]
"""Requests of a ladder's turn at an interval."""

ROUNDS = 20
"""Intervals and what a turn costs at them depend on each other; they settle in a few rounds."""


@dataclass(frozen=True, slots=True)
class Line:
    """One ladder's forecast."""

    stream: str
    every: timedelta
    """How often its turn begins."""
    requests: float
    """What a whole turn costs."""
    wanted: float
    """Requests a minute that it would spend."""
    spent: float
    """Requests a minute that it gets."""
    backfill: float
    """Requests that the past still costs."""
    backfill_takes: timedelta | None
    """Until the past is read; None where nothing is left over for it."""
    age: timedelta
    """The median age of what is held."""

    @property
    def share(self) -> float:
        """How much of what it asks for it gets."""
        return min(1.0, self.spent / self.wanted) if self.wanted else 1.0


@dataclass(frozen=True, slots=True)
class Forecast:
    """All ladders, the most valuable first."""

    lines: tuple[Line, ...]
    capacity: float
    """Requests a minute that background work may send."""

    @property
    def spent(self) -> float:
        """Requests a minute in all, but for the past."""
        return sum(line.spent for line in self.lines)

    @property
    def fits(self) -> bool:
        """Whether everything gets what it asks for."""
        return all(line.share > 0.99 for line in self.lines)


def forecast(turn: Turn, past: Mapping[str, float], per_minute: int, *, idle: bool = False) -> Forecast:
    """What the schedule makes of these costs. ``idle`` says that nothing new is found anywhere."""
    room, most = capacity(per_minute), quantum(per_minute)
    wished = {name: _wished(rhythm, idle=idle) for name, rhythm in RHYTHMS.items()}
    every = dict(wished)
    for _ in range(ROUNDS):
        demands = {name: Demand(wished[name], min(turn(name, every[name]), most)) for name in RHYTHMS}
        every = {name: step_of(name, length) for name, length in stretched(demands, room).items()}
    for name, rhythm in RHYTHMS.items():
        if rhythm.follows:
            every[name] = min(every[name], every[rhythm.follows])
    costs = {name: turn(name, every[name]) for name in RHYTHMS}
    wanted = {name: costs[name] * (MINUTE / every[name]) for name in RHYTHMS}
    entitled = {name: min(costs[name], most) * (MINUTE / every[name]) for name in RHYTHMS}
    spent = _shared(wanted, entitled, room)
    takes = _finished({name: past.get(name, 0.0) for name in RHYTHMS}, room - sum(spent.values()))
    lines = (
        Line(
            stream=name,
            every=every[name],
            requests=costs[name],
            wanted=wanted[name],
            spent=spent[name],
            backfill=past.get(name, 0.0),
            backfill_takes=takes[name],
            age=_age(every[name], costs[name], wanted[name], spent[name], room),
        )
        for name in RHYTHMS
    )
    return Forecast(tuple(lines), room)


def _wished(rhythm: Rhythm, *, idle: bool) -> timedelta:
    return rhythm.longest if idle else rhythm.shortest


def _shared(wanted: Mapping[str, float], entitled: Mapping[str, float], room: float) -> dict[str, float]:
    """Each gets what his first quanta cost; what is left goes in equal parts to those who want more."""
    spent = dict(entitled)
    left = room - sum(spent.values())
    while left > 1e-9:
        open_still = [name for name in wanted if wanted[name] - spent[name] > 1e-9]
        if not open_still:
            break
        part = min(left / len(open_still), *(wanted[name] - spent[name] for name in open_still))
        for name in open_still:
            spent[name] += part
        left -= part * len(open_still)
    return spent


def _finished(past: Mapping[str, float], left: float) -> dict[str, timedelta | None]:
    """When each ladder's past is read: they get equal parts of what is left, the shortest ends first."""
    takes: dict[str, timedelta | None] = {name: timedelta() for name in past}
    waiting = sorted((name for name in past if past[name] > 0), key=past.__getitem__)
    if left <= 1e-9:
        return takes | dict.fromkeys(waiting)
    minutes, read = 0.0, 0.0
    for place, name in enumerate(waiting):
        minutes += (past[name] - read) * (len(waiting) - place) / left
        read = past[name]
        takes[name] = MINUTE * minutes
    return takes


def _age(every: timedelta, requests: float, wanted: float, spent: float, room: float) -> timedelta:
    """Half of the time between two turns, and half of what one takes; longer where it never comes through."""
    slowed = wanted / spent if spent else 1.0
    return (every * max(1.0, slowed) + MINUTE * (requests / room)) / 2

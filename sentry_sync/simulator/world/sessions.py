"""Release health: how many sessions each release had in each environment and hour, and how they ended."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from sentry_sync.simulator.moments import HOUR
from sentry_sync.simulator.seeded import fraction, mix
from sentry_sync.simulator.world.projects import Project
from sentry_sync.simulator.world.releases import Release
from sentry_sync.simulator.world.traffic import weight
from sentry_sync.simulator.world.world import World

_ENVIRONMENT_SHARE = (0.93, 0.05, 0.01, 0.01)
STATUSES = ("healthy", "errored", "crashed", "abnormal")


@dataclass(frozen=True, slots=True)
class Ended:
    """Sessions by how they ended; the parts add up to the whole."""

    sessions: int = 0
    errored: int = 0
    crashed: int = 0
    abnormal: int = 0

    def __add__(self, other: Ended) -> Ended:
        return Ended(
            self.sessions + other.sessions,
            self.errored + other.errored,
            self.crashed + other.crashed,
            self.abnormal + other.abnormal,
        )

    def of(self, status: str) -> int:
        """Sessions that ended with this status."""
        if status == "healthy":
            return self.sessions - self.errored - self.crashed - self.abnormal
        return int(getattr(self, status))


@dataclass(frozen=True, slots=True)
class Cell:
    """One hour of one release in one environment of one project."""

    hour: int
    project: Project
    release: Release
    environment: str
    ended: Ended

    def part(self, start: int, end: int) -> Ended:
        """What of it lies in start <= t < end: parts of an hour add up to the hour."""
        if start <= self.hour and end >= self.hour + HOUR:
            return self.ended
        low = min(max(start - self.hour, 0), HOUR)
        high = min(max(end - self.hour, 0), HOUR)

        def between(total: int) -> int:
            return total * high // HOUR - total * low // HOUR

        errored, crashed = between(self.ended.errored), between(self.ended.crashed)
        abnormal = between(self.ended.abnormal)
        whole = between(self.ended.of("healthy")) + errored + crashed + abnormal
        return Ended(whole, errored, crashed, abnormal)


def cells(world: World, projects: list[Project], start: int, end: int) -> Iterator[Cell]:
    """Every cell that has sessions between two moments; none before the history begins or after now."""
    first = max(start, world.start)
    last = min(end, world.clock.seconds())
    for project in projects:
        if project.has_sessions:
            for hour in range(first - first % HOUR, last, HOUR):
                yield from _hour(world, project, hour)


def hourly_base(world: World, project: Project) -> float:
    """Sessions the project has in a peak hour."""
    return 40 + 900 * fraction(world.seed, "sessions", project.number) ** 2


def user_pool(world: World, project: Project) -> int:
    """How many people use the project at all."""
    return int(hourly_base(world, project) * 12)


def _hour(world: World, project: Project, hour: int) -> Iterator[Cell]:
    total = hourly_base(world, project) * weight(hour) * world.releases.flaw_at(project, hour).traffic
    trouble = world.incident.factor(hour, project.number)
    for release, share in world.releases.shares(project, hour + HOUR // 2):
        rates = _rates(world, release, trouble)
        for place, environment in enumerate(project.environments):
            draw = mix(world.seed ^ hour, release.number * 64 + project.number * 8 + place)
            sessions = int(total * share * _ENVIRONMENT_SHARE[place] + (draw & 0xFF) / 0x100)
            if sessions:
                ended = _ended(sessions, rates, draw)
                yield Cell(hour, project, release, environment, ended)


def _rates(world: World, release: Release, trouble: float) -> tuple[float, float, float]:
    """Chances of a session to end errored, crashed, abnormal."""
    usual = 0.001 + 0.004 * fraction(world.seed, "crash rate", release.version)
    crashed = usual if release.flaw.crashed is None else release.flaw.crashed
    return 0.03 * trouble, min(crashed * trouble, 0.3), 0.0015


def _ended(sessions: int, rates: tuple[float, float, float], draw: int) -> Ended:
    errored, crashed, abnormal = (
        min(int(sessions * rate + (draw >> shift & 0xFF) / 0x100), sessions // 3)
        for rate, shift in zip(rates, (8, 16, 24), strict=True)
    )
    return Ended(sessions, errored, crashed, abnormal)


def unique(count: int, pool: int) -> int:
    """How many different people make that many sessions, if everyone is as likely: not a sum of parts."""
    return min(count, round(pool * (1 - math.exp(-count / pool)))) if count and pool else 0

"""When things happen: day and night, weekends, and one incident that multiplies the errors."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import accumulate
from random import Random

from sentry_sync.simulator.moments import DAY, HOUR


@dataclass(frozen=True, slots=True)
class Incident:
    """Some hours in which one project breaks: five times the errors, three times the latency."""

    start: int
    end: int
    project: int
    others: tuple[Incident, ...] = ()
    """Further ones, of a world that has more."""

    def factor(self, second: int, project: int) -> float:
        """How many times the usual number of errors this project has at this moment."""
        mine = 5.0 if project == self.project and self.start <= second < self.end else 1.0
        return max([mine, *(other.factor(second, project) for other in self.others)]) if self.others else mine


@lru_cache(maxsize=65_536)
def weight(second: int) -> float:
    """Relative traffic of the hour this second is in: 1 at the daily peak of a working day."""
    moment = datetime.fromtimestamp(second, UTC)
    daily = 0.55 + 0.45 * math.cos((moment.hour - 14) / 24 * math.tau)
    return daily * (0.55 if moment.weekday() >= 5 else 1.0)


class Calendar:
    """Draws moments of the past so that they are as dense as the traffic was."""

    def __init__(
        self, start: int, end: int, incident: Incident, project: int, traffic: Callable[[int], float] | None = None
    ) -> None:
        self._first = start - start % HOUR
        hours = range(self._first, max(end, start + 1), HOUR)
        self._cumulative = [
            0.0,
            *accumulate(
                weight(hour) * incident.factor(hour, project) * (traffic(hour) if traffic else 1.0)
                for hour in hours
            ),
        ]

    def _position(self, second: int) -> float:
        hour, rest = divmod(second - self._first, HOUR)
        hour = min(max(hour, 0), len(self._cumulative) - 2)
        below, above = self._cumulative[hour], self._cumulative[hour + 1]
        return below + (above - below) * min(rest / HOUR, 1.0)

    def draw(self, random: Random, start: int, end: int, count: int) -> list[int]:
        """That many moments of [start, end], in no order."""
        low, high = self._position(start), self._position(end)
        moments = []
        for _ in range(count):
            spot = low + random.random() * (high - low)
            hour = min(max(bisect_right(self._cumulative, spot) - 1, 0), len(self._cumulative) - 2)
            below, above = self._cumulative[hour], self._cumulative[hour + 1]
            share = (spot - below) / (above - below) if above > below else random.random()
            moments.append(min(max(self._first + hour * HOUR + int(share * HOUR), start), end))
        return moments


def incident(random: Random, start: int, end: int, projects: int) -> Incident:
    """The world's incident: three hours about two days ago, or in the middle of a short history."""
    middle = end - 2 * DAY if end - start > 4 * DAY else (start + end) // 2
    begin = middle - middle % HOUR
    return Incident(begin, begin + 3 * HOUR, random.randrange(projects))

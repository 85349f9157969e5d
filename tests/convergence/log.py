"""When each event arrived and where it belonged since, and what each pass could have seen: the oracle's diary.

Moments are places in one sequence of arrivals and answers, since the clock stands still while a sync runs.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from sentry_sync.simulator.identifiers import issue_id
from sentry_sync.simulator.simulator import Simulator
from sentry_sync.sync.engine import Progress
from tests.convergence.held import micros


@dataclass
class Reading:
    """One pass: its stream, scope and window, and when its first page was answered."""

    stream: str
    scope: str
    start: int
    end: int
    """Microseconds."""
    began: int
    until: int
    """Epoch seconds of its latest page."""
    done: bool = False


@dataclass
class Life:
    """An event's life: when and where it came, the issues it belonged to, and when it was deleted with its issue."""

    came: int
    project: str
    moves: list[tuple[int, int]] = field(default_factory=list)
    """Since when it belonged to which issue."""
    gone: int | None = None

    @property
    def homes(self) -> list[int]:
        """Every issue it ever belonged to."""
        return [home for _, home in self.moves]

    def was_in(self, scope: str, moment: int) -> bool:
        """Whether a list of the scope showed it at that moment."""
        if not scope.startswith("issue:"):
            return scope in ("", f"project:{self.project}")
        home = max((move for move in self.moves if move[0] <= moment), default=(0, -1))[1]
        return scope == f"issue:{issue_id(home)}"


class Log:
    """Watches a world and the passes that read it."""

    def __init__(self, sim: Simulator) -> None:
        self._sim = sim
        self._version = -1
        self.now = 0
        self.lives: list[Life] = []
        self.readings: dict[int, Reading] = {}
        self.answered = (0, 0)
        """The moment and the second of the last answer."""
        self.look()

    def look(self) -> None:
        """Take note of what has happened in the world since the last look."""
        world = self._sim.world
        if world.version == self._version:
            return
        self._version = world.version
        self.now += 1
        index = world.index
        for number in range(index.ever):
            if number == len(self.lives):
                project = world.by_number[index.issue[number]].project.id if index.issue[number] >= 0 else ""
                self.lives.append(Life(self.now, project))
            life, home = self.lives[number], index.issue[number]
            if home < 0:
                life.gone = life.gone or self.now
            elif not life.moves or life.moves[-1][1] != home:
                life.moves.append((self.now, home))

    def answer(self) -> None:
        """The server answers a request now."""
        self.look()
        self.now += 1
        self.answered = self.now, self._sim.world.clock.seconds()

    def page(self, progress: Progress, database: sqlite3.Connection) -> None:
        """A page of a pass was committed."""
        if progress.window is None:
            return
        query = "SELECT max(id), state FROM passes WHERE stream = ? AND scope = ?"
        key, state = database.execute(query, (progress.stream, progress.scope)).fetchone()
        if key not in self.readings:
            window = micros(progress.window.start), micros(progress.window.end)
            self.readings[key] = Reading(progress.stream, progress.scope, *window, *self.answered)
        self.readings[key].done = state == "done"
        self.readings[key].until = self.answered[1]

    def last_read(self, stream: str, life: Life, moment: int) -> Reading | None:
        """The pass on whose word it is known that the event of the time ``moment`` is held.

        The latest complete one that saw its list; else the first that began.
        """
        over = [
            reading
            for reading in self.readings.values()
            if reading.stream == stream
            and reading.start <= moment < reading.end
            and life.was_in(reading.scope, reading.began)
        ]
        whole = [reading for reading in over if reading.done]
        if whole:
            return max(whole, key=lambda reading: reading.began)
        return min(over, key=lambda reading: reading.began, default=None)

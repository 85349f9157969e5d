"""When each event arrived and where it belonged since, and what each pass could have seen: the oracle's diary.

Moments are places in one sequence of arrivals and answers, since the clock stands still while a sync runs.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field, replace

from sentry_sync.simulator.identifiers import issue_id
from sentry_sync.simulator.simulator import Simulator
from sentry_sync.simulator.world.issues import Issue
from sentry_sync.sync.engine import Progress
from tests.convergence.held import micros

NEW_FOR = 7 * 86_400
"""Seconds for which an issue counts as new."""


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
    ended: int = 0
    """The moment of its latest page."""
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


@dataclass(frozen=True)
class State:
    """What an issue was from a moment on: all that a row of it shows."""

    since: int
    """Epoch seconds."""
    stored: tuple[str, str | None, int | None]
    """Status, substatus and the end of a snooze, as the server has stored them."""
    priority: str
    assignee: str | None
    count: int
    first: int
    last: int
    resolve_age: int

    def shown(self, at: int) -> tuple[str, str | None]:
        """Status and substatus as Sentry derives them at a moment."""
        status, substatus, until = self.stored
        if self.resolve_age and status == "unresolved" and at - self.last > self.resolve_age:
            return "resolved", None
        if status == "ignored" and until is not None and at >= until:
            return "unresolved", "ongoing"
        if status not in ("unresolved", "ignored"):
            return status, None
        if substatus == "new" and at - self.first > NEW_FOR:
            return status, "ongoing"
        return status, substatus


def state_of(issue: Issue, since: int) -> State:
    """What the issue is now."""
    return State(
        since=since,
        stored=(issue.stored_status, issue.stored_substatus, issue.ignore_until),
        priority=issue.priority,
        assignee=issue.assigned_to["id"] if issue.assigned_to else None,
        count=len(issue.events),
        first=issue.first_second,
        last=issue.last_second,
        resolve_age=issue.project.resolve_age,
    )


class Log:
    """Watches a world and the passes that read it."""

    def __init__(self, sim: Simulator) -> None:
        self._sim = sim
        self._version = -1
        self.now = 0
        self.lives: list[Life] = []
        self.states: dict[str, list[State]] = {}
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

        second = world.clock.seconds()
        for issue in world.issues.values():
            states = self.states.setdefault(issue.id, [])
            state = state_of(issue, states[-1].since if states else 0)
            if not states or states[-1] != state:
                states.append(replace(state, since=second))

    def could_be(self, issue: str, second: int) -> list[State]:
        """What the issue was at some time of a second."""
        states = self.states.get(issue, [])
        before = [state for state in states if state.since < second][-1:]
        return before + [state for state in states if state.since == second]

    def answer(self) -> None:
        """The server answers a request now."""
        self.look()
        self.now += 1
        self.answered = self.now, self._sim.world.clock.seconds()

    def page(self, progress: Progress, database: sqlite3.Connection) -> None:
        """A page of a pass was committed."""
        if progress.window is None:
            return
        window = micros(progress.window.start), micros(progress.window.end)
        query = 'SELECT max(id), state FROM passes WHERE stream = ? AND scope = ? AND start = ? AND "end" = ?'
        key, state = database.execute(query, (progress.stream, progress.scope, *window)).fetchone()
        if key not in self.readings:
            self.readings[key] = Reading(progress.stream, progress.scope, *window, *self.answered)
        self.readings[key].done = state == "done"
        self.readings[key].ended, self.readings[key].until = self.answered

    def shifted(self, reading: Reading) -> bool:
        """Whether rows left a list between its pages: then others behind them may have been passed over.

        Offsets allow no better; the hourly audit finds it, so that in the end there is no excuse.
        """
        return any(
            reading.began < moment <= reading.ended
            for life in self.lives
            for moment in (life.gone or 0, *(since for since, _ in life.moves[1:]))
        )

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

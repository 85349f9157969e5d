"""What must hold after every step: the store never claims what it doesn't hold, nor holds what it mustn't."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sentry_sync.simulator.identifiers import issue_id
from tests.convergence.held import Held, Row
from tests.convergence.log import Life, Log
from tests.support.rig import Rig

MICRO = 1_000_000
HOUR = 3_600

OF_AN_ISSUE = ("events", "event_bodies", "issue_environments", "error_counts")


class Claims:
    """One look at the store beside the diary of the world. ``broken`` says what doesn't hold."""

    def __init__(self, rig: Rig, held: Held, log: Log) -> None:
        self._held, self._log = held, log
        self._world, self._dialect = rig.sim.world, rig.sim.options.profile
        self._retention = rig.sim.options.retention_days * 86_400
        self._now = self._world.clock.seconds()
        self._issues = {row["id"]: row for row in held.rows("issues")}
        self.broken: list[str] = []

    def check(self) -> list[str]:
        """Everything that doesn't hold, one line each."""
        self._books()
        self._graves()
        self._events()
        self._pairs()
        self._issue_rows()
        self._looks()
        self._counts()
        return self.broken

    def _say(self, what: str) -> None:
        self.broken.append(what)

    def _books(self) -> None:
        """Marks, coverage and history are of this world's past; no row was set aside in silence."""
        limit = (self._now + 1) * MICRO
        for mark in self._held.rows("marks"):
            if max(mark["mark"], mark["as_of"]) >= limit:
                self._say(f"mark {mark['stream']} is ahead of the server's clock")
        for known in self._held.rows("coverage"):
            if known["end"] >= limit or known["start"] >= known["end"]:
                self._say(f"coverage of {known['resource']} is empty or in the future")
        for change in self._held.rows("issue_history"):
            if change["after"] > change["at"] or change["at"] >= limit:
                self._say(f"history of {change['issue_id']}: {change['field']} changed before it was known")
        for run in self._held.rows("passes", "rejected > 0"):
            self._say(f"pass {run['stream']} set rows aside: {run['reject_reason']}")

    def _graves(self) -> None:
        """What is known to be deleted or merged is held nowhere under its id."""
        graves = {row["id"]: row["removed_as"] for row in self._issues.values() if row["removed_as"]}
        for table in OF_AN_ISSUE:
            for row in self._held.rows(table):
                how = graves.get(row["issue_id"])
                if how in ("deleted", "merged"):
                    self._say(f"{table}: a row of {row['issue_id']}, which is known to be {how}")
        for raw in self._held.rows("issue_raw"):
            if graves.get(raw["issue_id"]) == "deleted":
                self._say(f"issue_raw: the row of {raw['issue_id']}, which is known to be deleted")

    def _claimed(self, resource: str, stream: str) -> Iterator[tuple[int, int, Life]]:
        """Number, time and life of the events that the store says it took into account."""
        covered = self._held.covered(resource)
        times = self._world.index.timestamp
        for number, life in enumerate(self._log.lives):
            if life.gone is not None:
                continue
            moment = times[number] * MICRO
            if not any(
                start <= moment < end and life.was_in(scope, self._log.now) for scope, start, end in covered
            ):
                continue
            reading = self._log.last_read(stream, life, moment)
            if reading is None:
                kept = times[number] >= self._now - self._retention
                if kept and any(not scope.startswith("issue:") for scope, _, _ in covered):
                    self._say(f"{resource} claims {times[number]}, which no pass has read")
            elif (
                life.came < reading.began
                and times[number] >= reading.until - self._retention
                and not (stream != "issues.hot" and self._log.shifted(reading))
            ):
                yield number, times[number], life

    def _events(self) -> None:
        held = {row["event_id"].hex(): row for row in self._held.rows("events")}
        numbers = {self._world.event_id(number): number for number in range(len(self._log.lives))}
        for event, row in held.items():
            life = self._log.lives[numbers[event]] if event in numbers else None
            if life is None or row["issue_id"] not in map(issue_id, life.homes):
                self._say(f"event {event} never was of issue {row['issue_id']}")
        for number, moment, _ in self._claimed("events", "events"):
            row_held = held.get(self._world.event_id(number))
            if row_held is None:
                self._say(f"event {number} of {moment} is covered and not held")
            elif row_held["timestamp"] // MICRO != moment:
                self._say(f"event {number} is held with another time")

    def _pairs(self) -> None:
        held = {(row["issue_id"], row["environment"]): row for row in self._held.rows("issue_environments")}
        for number, moment, life in self._claimed("issue_environments", "issue_environments"):
            name = self._world.environment_of(number) or ""
            rows = [held.get((issue_id(home), name)) for home in life.homes]
            if not any(row and row["first_seen"] <= moment * MICRO <= row["last_seen"] for row in rows):
                self._say(f"issue_environments claims {moment} and lacks issue {life.homes} in {name!r}")

    def _issue_rows(self) -> None:
        for _, moment, life in self._claimed("issues", "issues.hot"):
            rows = [self._issues.get(issue_id(home)) for home in life.homes]
            if not any(_knows(row, moment) for row in rows):
                self._say(f"issues claims {moment} and lacks issue {life.homes}, or what it last did")

    def _looks(self) -> None:
        """An issue's row is what the server showed at the moment it was looked at."""
        if self._dialect == "glitchtip":
            return
        for key, row in self._issues.items():
            if row["removed_at"] is not None:
                continue
            second = row["verified_at"] // MICRO
            said = (row["status"], row["substatus"], row["priority"], row["assigned_id"], row["count"])
            true = [
                (*state.shown(second), state.priority, state.assignee, state.count)
                for state in self._log.could_be(key, second)
            ]
            if said not in true:
                self._say(f"issue {key} is held as {said}; when it was looked at it was {true}")

    def swept(self) -> list[str]:
        """After an issue sync that came through, nothing open is held that the last sweep did not show.

        A sweep is followed by a look at each issue it ought to have shown: so no status is older than it.
        """
        marks = {row["stream"]: row["as_of"] for row in self._held.rows("marks")}
        since = marks.get("issues.sweep", 0)
        for key, row in self._issues.items():
            visible = (row["last_seen"] or 0) // MICRO >= self._now - self._retention + HOUR
            if (
                row["removed_at"] is None
                and row["status"] == "unresolved"
                and visible
                and row["verified_at"] < since
            ):
                self._say(f"issue {key} is held as unresolved; the sweep of {since // MICRO} did not show it")
        return self.broken

    def _counts(self) -> None:
        """By hour, project, environment and release; a merge may still be unknown, so issues are added up."""
        held: Counter[tuple[str, str, str, int]] = Counter()
        for row in self._held.rows("error_counts"):
            key = (row["project_id"], row["environment"], row["release"], row["hour"] // MICRO)
            held[key] += row["count"]
        least = Counter(
            self._group(number, life) for number, _, life in self._claimed("error_counts", "error_counts")
        )
        most = Counter(self._group(number, life) for number, life in enumerate(self._log.lives))
        for key, count in least.items():
            if held[key] < count:
                self._say(f"error_counts claims {key} and holds {held[key]} of {count}")
        for key, count in held.items():
            if count > most[key]:
                self._say(f"error_counts holds {count} of {most[key]} in {key}")

    def _group(self, number: int, life: Life) -> tuple[str, str, str, int]:
        world = self._world
        release, moment = world.release_of(number), world.index.timestamp[number]
        version = release.version if release else ""
        return life.project, world.environment_of(number) or "", version, moment - moment % HOUR


def _knows(row: Row | None, moment: int) -> bool:
    return row is not None and row["removed_at"] is None and row["last_seen"] // MICRO >= moment

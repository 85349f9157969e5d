"""Simulated organizations whose releases are labelled good or bad, told to a store as a sync would, hour by hour.

What a sync reads is written without its requests: a world of three weeks is told in seconds, so that many can be.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sentry_sync.answers.context import Answers
from sentry_sync.records.event import ErrorCount
from sentry_sync.records.intervals import Interval
from sentry_sync.records.issue import Issue
from sentry_sync.records.organization import Project
from sentry_sync.records.performance import TransactionStat
from sentry_sync.records.release import Release, ReleaseHealth, ReleaseProject
from sentry_sync.simulator import Simulator, SimulatorOptions, WorldSize
from sentry_sync.simulator.world import performance, sessions
from sentry_sync.simulator.world import world as simulated
from sentry_sync.simulator.world.issues import Issue as Occurring
from sentry_sync.simulator.world.releases import Release as Shipped
from sentry_sync.store.store import Store

HOUR = 3_600
DAY = 24 * HOUR
START = datetime(2026, 11, 20, tzinfo=UTC)
SIZE = WorldSize(projects=5, issues=120, events_per_day=1_500, releases=10, days=24, flawed=True)
BUSY = 8
"""Transactions told of each project, the busiest: quantiles are what a simulated hour costs."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One labelled release."""

    project: str
    release: Shipped
    followed: int
    """When the next one came, or the world's end."""


class StillClock:
    """The time the teller says it is."""

    def __init__(self) -> None:
        self.current = START

    def now(self) -> datetime:
        """The told time."""
        return self.current

    def sleep(self, seconds: float) -> None:
        """Wait in no time."""
        self.current += timedelta(seconds=seconds)


class Told:
    """A store that knows a world up to ``now``."""

    def __init__(self, seed: int, folder: Path, size: WorldSize = SIZE) -> None:
        options = SimulatorOptions(seed=seed, size=size, static=True, frozen=True, start=START)
        self.world: simulated.World = Simulator(options).world
        self.clock = StillClock()
        self.store = Store(folder, self.clock)
        self.store.prepare()
        self.answers = Answers(self.store, self.clock)
        self.now = self.world.start
        self._transactions = self._busiest()
        with self.store.write() as uow:
            uow.claim("https://sentry.example", "acme")
            uow.upsert(
                Project(
                    p.id, p.slug, p.name, p.platform, "active", None, None, p.has_sessions, True, _at(self.now)
                )
                for p in self.world.projects
            )
        self._events = self._by_hour()

    def trials(self) -> Iterator[Trial]:
        """The releases that may have a flaw: neither a project's first two nor one of several projects."""
        for project in self.world.projects:
            timeline = self.world.releases.current_list(project)
            for release in timeline[2:]:
                if len(release.projects) == 1 and release.created < self.world.began:
                    followed = self.world.releases.followed(release, project) or self.world.began
                    yield Trial(project.slug, release, min(followed, self.world.began))

    def tell(self, until: int) -> None:
        """Let the store know everything up to ``until``, an hour's end."""
        since, self.now = self.now, until
        self.clock.current = _at(until)
        whole = Interval(_at(self.world.start), _at(until))
        with self.store.write() as uow:
            uow.upsert(self._releases(until))
            uow.upsert(self._counts(since, until))
            uow.upsert(self._issues(until))
            uow.upsert(self._sessions(since, until))
            uow.upsert(self._hours(since, until))
            for resource in ("error_counts", "release_health", "transactions"):
                uow.cover(resource, "", whole, source="simulator")
            for stream in ("projects", "releases", "error_counts", "release_health", "transactions", "issues.hot"):
                uow.mark(stream, "", _at(until), _at(until))

    def _by_hour(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for number in self.world.index.order:
            moment = self.world.index.timestamp[number]
            found[moment - moment % HOUR].append(number)
        return found

    def _counts(self, since: int, until: int) -> Iterator[ErrorCount]:
        world = self.world
        for hour in range(since - since % HOUR, until, HOUR):
            counted: Counter[tuple[int, str, str]] = Counter()
            for number in self._events.get(hour, ()):
                release, issue = world.release_of(number), world.index.issue[number]
                environment = world.environment_of(number) or ""
                counted[issue, environment, release.version if release else ""] += 1
            for (number, environment, version), count in counted.items():
                issue_of = world.by_number[number]
                yield ErrorCount(issue_of.project.id, issue_of.id, environment, version, _at(hour), count, count)

    def _issues(self, until: int) -> Iterator[Issue]:
        for one in self.world.issues.values():
            seen = [n for n in one.events if self.world.index.timestamp[n] < until]
            if seen:
                times = self.world.index.timestamp
                yield _issue(one, _at(times[seen[0]]), _at(times[seen[-1]]), len(seen), _at(until))

    def _releases(self, until: int) -> Iterator[Release | ReleaseProject]:
        for one in self.world.releases.all:
            if one.created < until:
                at = _at(until)
                created = _at(one.created)
                yield Release(
                    one.version, None, "open", None, None, created, None, None, None, None, None, None, at
                )
                yield from (ReleaseProject(one.version, project.id, None, True, at) for project in one.projects)

    def _sessions(self, since: int, until: int) -> Iterator[ReleaseHealth]:
        first = since - since % DAY
        found: dict[tuple[str, str, str, int], sessions.Ended] = {}
        for cell in sessions.cells(self.world, self.world.projects, first, until):
            key = (cell.release.version, cell.project.id, cell.environment, cell.hour - cell.hour % DAY)
            found[key] = found.get(key, sessions.Ended()) + cell.part(first, until)
        for (version, project, environment, day), ended in found.items():
            free = 1 - ended.crashed / ended.sessions if ended.sessions else None
            yield ReleaseHealth(version, project, environment, _at(day), ended.sessions, None, free, None, None)

    def _busiest(self) -> list[performance.Series]:
        every = performance.all_series(self.world, "transaction")
        return [one for one in every if one.environment == "production" and one.number < BUSY]

    def _hours(self, since: int, until: int) -> Iterator[TransactionStat]:
        for hour in range(since - since % HOUR, until, HOUR):
            for one in self._transactions:
                spans = performance.parts(self.world, one, hour, hour + HOUR)
                count = performance.total(spans)
                if count:
                    p50, p95 = (performance.quantile(spans, share) for share in (0.5, 0.95))
                    failed = sum(part.failed for part in spans) / count
                    figures = (count, None, None, p50, None, p95, None, failed, None, None, False)
                    yield TransactionStat(one.project.id, one.environment, one.name, _at(hour), *figures)

    def close(self) -> None:
        """Let go of the store."""
        self.answers.close()
        self.store.close()


def _issue(one: Occurring, first: datetime, last: datetime, count: int, at: datetime) -> Issue:
    return Issue(
        id=one.id, project_id=one.project.id, short_id=one.short_id, title=one.title, culprit=None, type="error",
        issue_type="error", category="error", level=one.level, platform=None, logger=None, status="unresolved",
        substatus="ongoing", priority=one.priority, unhandled=True, first_seen=first, last_seen=last,
        count=count, user_count=None, assigned_type=None, assigned_id=None, assigned_to=None, permalink=None,
        exception_type=None, exception_value=None, filename=None, function=None, num_comments=0,
        first_release=None, verified_at=at,
    )  # fmt: skip


def _at(second: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)

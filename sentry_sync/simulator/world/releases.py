"""Releases: a cadence for each project, one clearly bad release, and which release runs when."""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import pairwise
from random import Random

from sentry_sync.simulator.moments import DAY, HOUR
from sentry_sync.simulator.seeded import stream

from .flaws import BAD, SOUND, Flaw, draw
from .projects import Project

# How long after its deploy a release still runs beside its successor, by kind of platform.
_STICKY = {"android": 0.35, "cocoa": 0.3, "javascript": 0.12}
_PACKAGES = {"android": "com.acme.shop", "cocoa": "com.acme.Shop"}


@dataclass(slots=True)
class Release:
    """A version, unique in the organization; it may belong to several projects."""

    number: int
    version: str
    created: int
    released: int | None
    projects: list[Project]
    flaw: Flaw = SOUND
    commits: int = 0
    status: str = "open"
    deploys: list[tuple[str, int]] = field(default_factory=list)
    """(environment, finished) of each deploy."""

    @property
    def bad(self) -> bool:
        """Whether it makes things worse."""
        return self.flaw.bad


class Releases:
    """All releases, and for each project the timeline of which one was current."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.all: list[Release] = []
        self.by_version: dict[str, Release] = {}
        self.timeline: dict[int, list[tuple[int, int]]] = {}
        self.next_due: dict[int, int] = {}
        self._cadence: dict[int, int] = {}

    def plan(self, projects: list[Project], start: int, end: int, count: int, *, flawed: bool = False) -> None:
        """Make each project's past releases between `start` and `end`; the last but one of one is bad.

        `flawed`: instead every release that follows a sound one, but for the first two, has a flaw drawn for it.
        """
        for project in projects:
            random = stream(self._seed, "releases", project.number)
            self._cadence[project.number] = cadence = max((end - start) // count, HOUR)
            times = [start - DAY + random.randrange(HOUR)]
            times += [
                start + cadence * k - cadence // 3 + random.randrange(max(cadence // 4, 1))
                for k in range(1, count)
            ]
            for ordinal, created in enumerate(times):
                self._ship(project, projects, ordinal, created, random)
            self.next_due[project.number] = end + cadence // 2 + random.randrange(cadence)
        if flawed:
            self._flaw(projects)
        elif count >= 2:
            self.current_list(projects[min(1, len(projects) - 1)])[-2].flaw = BAD

    def _flaw(self, projects: list[Project]) -> None:
        random = stream(self._seed, "flaws")
        for project in projects:
            timeline = self.current_list(project)
            for before, release in pairwise(timeline[1:]):
                if before.flaw is SOUND and len(release.projects) == 1:
                    flaw = draw(random)
                    unseen = flaw.label == "crashes" and not project.has_sessions
                    release.flaw = SOUND if unseen else flaw

    def flaw_at(self, project: Project, at: int) -> Flaw:
        """The flaw of the project's newest release at that moment."""
        number = self.running(project, at, 1.0)
        return SOUND if number < 0 else self.all[number].flaw

    def flaws(self, project: Project) -> tuple[tuple[int, Flaw], ...]:
        """Since when the project had which."""
        return tuple((at, self.all[number].flaw) for at, number in self.timeline.get(project.number, ()))

    def followed(self, release: Release, project: Project) -> int | None:
        """When the release after this one came, if one did."""
        timeline = self.timeline[project.number]
        place = next(at for at, (_, number) in enumerate(timeline) if number == release.number)
        return timeline[place + 1][0] if place + 1 < len(timeline) else None

    def _ship(
        self, project: Project, projects: list[Project], ordinal: int, created: int, random: Random
    ) -> Release:
        # The fifth project ships one version together with the first: a release that spans projects.
        shared = self.current_list(projects[0]) if project.number == 4 and ordinal == 2 else []
        if len(shared) > 2:
            release = shared[2]
            self.attach(release, project, release.created)
            return release
        version = self._version(project, ordinal)
        return self.add(
            version, created, [project], released=random.random() < 0.7, commits=random.randrange(1, 30)
        )

    def _version(self, project: Project, ordinal: int) -> str:
        major, minor = 1 + project.number % 4, 4 + ordinal
        if project.number % 5 == 3:
            return blake2b(f"{self._seed}:{project.slug}:{ordinal}".encode(), digest_size=20).hexdigest()
        if project.event_platform in _PACKAGES:
            suffix = "" if project.number < 10 else f".{project.number // 10}"
            return f"{_PACKAGES[project.event_platform]}{suffix}@{major}.{minor}.0+{3000 + ordinal}"
        if ordinal == 1 and project.number == 0:
            return f"{project.slug}@feature/checkout v2+7"
        return f"{project.slug}@{major}.{minor}.{ordinal % 3}"

    def add(
        self,
        version: str,
        created: int,
        projects: list[Project],
        *,
        released: bool = True,
        commits: int = 3,
        since: int | None = None,
    ) -> Release:
        """A new release that becomes current in the given projects at `created`, or `since` a later moment."""
        random = stream(self._seed, "release", version)
        release = Release(
            number=len(self.all),
            version=version,
            created=created,
            released=created + 600 if released else None,
            projects=[],
            commits=commits,
        )
        self.all.append(release)
        self.by_version[version] = release
        for project in projects:
            self.attach(release, project, created if since is None else since)
        names = dict.fromkeys(name for project in projects for name in project.environments)
        for step, name in enumerate(reversed(list(names))):
            if random.random() < 0.85:
                release.deploys.append((name, created + 300 + step * 900))
        return release

    def attach(self, release: Release, project: Project, at: int) -> None:
        """Make a release current in one more project from `at` on."""
        release.projects.append(project)
        insort(self.timeline.setdefault(project.number, []), (at, release.number))

    def current_list(self, project: Project) -> list[Release]:
        """The project's releases, oldest first."""
        return [self.all[number] for _, number in self.timeline.get(project.number, [])]

    def running(self, project: Project, at: int, draw: float) -> int:
        """The number of the release an event of that moment came from (-1 before the first).

        `draw` in [0, 1): the current one for most, an older one for those who have not updated.
        """
        timeline = self.timeline.get(project.number, [])
        position = bisect_right(timeline, (at, 1 << 60)) - 1
        if position < 0:
            return -1
        sticky = _STICKY.get(project.event_platform, 0.04)
        while position > 0 and draw < sticky:
            draw /= sticky
            position -= 1
        return timeline[position][1]

    def shares(self, project: Project, at: int) -> list[tuple[Release, float]]:
        """Which part of the project's sessions runs which release at that moment; newest first, sums to 1."""
        timeline = self.timeline.get(project.number, [])
        position = bisect_right(timeline, (at, 1 << 60)) - 1
        spread = {"android": 2 * DAY, "cocoa": DAY}.get(project.event_platform, 4 * HOUR)
        rest, shares = 1.0, []
        while position >= 0 and rest > 0.004:
            since, number = timeline[position]
            age = at - since
            taken = rest if position == 0 else rest * min(age / spread, 0.97)
            shares.append((self.all[number], taken))
            rest -= taken
            position -= 1
        return shares

    def sharing(self, project: Project, at: int, draw: float) -> int:
        """Like `running`, but by who has which release: errors then come from the sessions that there are."""
        shares = self.shares(project, at)
        for release, share in shares:
            if draw < share:
                return release.number
            draw -= share
        return shares[-1][0].number if shares else -1

    def due(self, project: Project, now: int) -> Release | None:
        """The project's next release if its time has come by `now`; makes it."""
        if self.next_due.get(project.number, now + 1) > now:
            return None
        ordinal = len(self.timeline[project.number])
        release = self.add(self._version(project, ordinal), self.next_due[project.number], [project])
        random = stream(self._seed, "cadence", project.number, ordinal)
        cadence = self._cadence[project.number]
        self.next_due[project.number] += cadence // 2 + random.randrange(cadence)
        return release

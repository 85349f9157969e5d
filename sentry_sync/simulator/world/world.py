"""A simulated organization: everything that exists in it, and the ways it changes."""

from __future__ import annotations

import heapq
from array import array
from dataclasses import replace
from typing import Any

from sentry_sync.simulator import identifiers
from sentry_sync.simulator.clock import VirtualClock
from sentry_sync.simulator.moments import DAY, HOUR
from sentry_sync.simulator.options import WorldSize
from sentry_sync.simulator.seeded import mix, stream

from . import catalogue
from .event_index import NONE, EventIndex, Happening
from .hostile import poison
from .issues import NEW_FOR, WAKE_AFTER, Issue
from .people import EndUser, end_user
from .projects import Project, make_projects
from .releases import Release, Releases
from .traffic import Incident, incident

_LEVELS = ("error", "error", "error", "error", "fatal", "warning", "error", "error", "info", "error")
_PRIORITY = {"fatal": "high", "error": "medium", "warning": "low", "info": "low"}


class World:
    """All truth of one simulated organization. Not thread-safe: whoever uses it holds the simulator's lock."""

    def __init__(self, seed: int, size: WorldSize, clock: VirtualClock, organization: str = "acme") -> None:
        self.seed = seed
        self.size = size
        self.clock = clock
        self.organization = organization
        self.began = clock.seconds()
        self.start = self.began - size.days * DAY
        self.projects: list[Project] = make_projects(size.projects, self.start)
        self.environments: list[str] = list(
            dict.fromkeys(name for project in self.projects for name in project.environments)
        )
        self.releases = Releases(seed)
        self.releases.plan(self.projects, self.start, self.began, size.releases, flawed=size.flawed)
        self.incident: Incident = incident(stream(seed, "incident"), self.start, self.began, size.projects)
        if size.flawed:
            self.incident = self._incidents()
        self.index = EventIndex()
        self.issues: dict[str, Issue] = {}
        self.by_number: dict[int, Issue] = {}
        self.redirects: dict[int, int] = {}
        self.removed: set[int] = set()
        self.version = 0
        self.series: dict[str, tuple[object, list[Any]]] = {}
        """The series of spans by kind, with what they were made of; `performance` keeps them here."""
        self.user_pool = 200 + size.events_per_day * size.days // 20
        self._next_issue = 1
        self._transitions: list[tuple[int, int]] = []
        self._removals: list[tuple[int, int, int]] = []

    def _incidents(self) -> Incident:
        """An incident in the middle of each release that is labelled so, and the world's own."""
        random, found = stream(self.seed, "incidents"), []
        for release in self.releases.all:
            if release.flaw.incident:
                project = release.projects[0]
                end = self.releases.followed(release, project) or self.began
                start = release.created + random.randrange(max((end - release.created) // 2, 1))
                found.append(Incident(start, start + random.randrange(2, 5) * HOUR, project.number))
        return replace(self.incident, others=tuple(found))

    # -- looking things up ------------------------------------------------------------------

    def project(self, id_or_slug: str) -> Project | None:
        """The project with this id or slug (former slugs not included)."""
        return next((p for p in self.projects if id_or_slug in (p.id, p.slug)), None)

    def issue(self, text: str) -> Issue | None:
        """The issue with this numeric id or short id, a merged one's parent included."""
        if text.isdecimal():
            return self.issues.get(identifiers.issue_id(self._survivor(int(text) - identifiers.ISSUE_BASE)))
        return next((issue for issue in self.issues.values() if issue.short_id == text.upper()), None)

    def _survivor(self, number: int) -> int:
        while number in self.redirects:
            number = self.redirects[number]
        return number

    def event_id(self, number: int) -> str:
        """The 32-hex id of an event."""
        return identifiers.event_id(self.seed, number)

    def event(self, text: str) -> int | None:
        """The number of the event with this id, if it exists."""
        number = identifiers.event_number(self.seed, text)
        return number if number is not None and self.index.has(number) else None

    def end_user(self, event: int) -> EndUser | None:
        """Whom the event happened to."""
        number = self.index.user[event]
        return None if number == NONE else end_user(self.seed, number)

    def environment_of(self, event: int) -> str | None:
        """The event's environment."""
        number = self.index.environment[event]
        return None if number == NONE else self.environments[number]

    def release_of(self, event: int) -> Release | None:
        """The event's release."""
        number = self.index.release[event]
        return None if number == NONE else self.releases.all[number]

    @property
    def span_version(self) -> tuple[int, tuple[str, ...]]:
        """What spans depend on besides the clock: a bad release slows its project, a project may go."""
        return (len(self.releases.all), tuple(project.slug for project in self.projects))

    def known(self, issue: Issue) -> bool:
        """Whether the issue still exists (pending ones do)."""
        return issue.number in self.by_number

    # -- making things ----------------------------------------------------------------------

    def make_issue(self, project: Project, *, hostile: str | None = None) -> Issue:
        """A new issue without events; it takes the next id and the project's next short id."""
        number = self._next_issue
        self._next_issue += 1
        random = stream(self.seed, "issue", number)
        kind = catalogue.kind(random, project.event_platform, number)
        if hostile is not None:
            kind = poison(kind, hostile)
        level = _LEVELS[mix(self.seed, number) % len(_LEVELS)] if kind.type else "info"
        issue = Issue(
            number=number,
            project=project,
            kind=kind,
            level=level,
            priority=_PRIORITY[level],
            index=self.index,
            clock=self.clock.seconds,
            short_number=project.next_short + 1,
        )
        project.next_short += 1
        self.issues[issue.id] = issue
        self.by_number[number] = issue
        return issue

    def usual_event(self, issue: Issue, at: int, received: int | None = None) -> Happening:
        """An event of this issue as it would happen at that moment."""
        return self.draw_event(issue, at, mix(self.seed ^ issue.number, self.index.ever), received)

    def draw_event(self, issue: Issue, at: int, draw: int, received: int | None = None) -> Happening:
        """An event of this issue; `draw` (64 random bits) decides environment, release and user."""
        project = issue.project
        pick, environment = (draw & 0xFFFF) / 0x10000 * sum(project.environment_weights), NONE
        for name, weight in zip(project.environments, project.environment_weights, strict=True):
            if pick < weight:
                environment = self.environments.index(name)
                break
            pick -= weight
        if draw >> 16 & 0xFF < 3:
            environment = NONE
        running = self.releases.sharing if self.size.flawed else self.releases.running
        release = running(project, at, (draw >> 24 & 0xFFFF) / 0x10000)
        if draw >> 40 & 0xFF < 5:
            release = NONE
        pool = 1 + mix(self.seed, issue.number) % max(2, self.user_pool // 8)
        user = (issue.number * 7_919 + (draw >> 48 & 0x7FFF) % pool) % self.user_pool
        if draw >> 63 or (project.platform == "python-celery" and draw >> 62 & 1):
            user = user if draw >> 61 & 1 else NONE
        return Happening(at, at if received is None else received, issue.number, environment, release, user)

    def record(self, issue: Issue, happening: Happening) -> int:
        """Let an event arrive now; a resolved issue regresses. Returns the event's number."""
        if issue.stored_status == "resolved" and happening.timestamp >= self._resolved_at(issue):
            issue.reopen(happening.timestamp, regressed=True)
        number = self.index.add(happening, issue.events)
        if len(issue.events) == 1:
            issue.note("first_seen", happening.timestamp)
            issue.stored_substatus, issue.inbox_since = "new", happening.timestamp
        issue.kept_first_seen = issue.first_second
        issue.changed()
        self.watch(issue)
        self.version += 1
        return number

    @staticmethod
    def _resolved_at(issue: Issue) -> int:
        return max((entry.at for entry in issue.activity if entry.type == "set_resolved"), default=0)

    # -- changing things --------------------------------------------------------------------

    def merge(self, parent: Issue, children: list[Issue]) -> None:
        """Give the children's events to the parent; their ids lead to the parent from now on."""
        for child in children:
            if child is parent or not self.known(child):
                continue
            parent.events = self.index.move(child.events, parent.events, parent.number)
            parent.merged += [child.number, *child.merged]
            self._drop(child)
            self.redirects[child.number] = parent.number
        parent.kept_first_seen = parent.first_second
        parent.note("merge", self.clock.seconds(), None, issues=[{"id": child.id} for child in children])
        parent.changed()
        self.watch(parent)
        self.version += 1

    def delete(self, issue: Issue) -> None:
        """Remove an issue and its events for good."""
        if self.known(issue):
            self.index.forget(issue.events)
            issue.events = array("i")
            self._drop(issue)
            self.removed.add(issue.number)
            self.version += 1

    def _drop(self, issue: Issue) -> None:
        del self.issues[issue.id]
        del self.by_number[issue.number]

    def remove_later(self, issue: Issue, at: int, parent: Issue | None = None) -> None:
        """Delete the issue (or merge it into the parent) once the clock reaches `at`, as Sentry's workers do."""
        issue.pending("pending_merge" if parent else "pending_deletion")
        heapq.heappush(self._removals, (at, issue.number, parent.number if parent else 0))
        self.version += 1

    def watch(self, issue: Issue) -> None:
        """Remember the moments at which this issue's shown status changes by the clock alone."""
        now = self.clock.seconds()
        moments = [issue.first_second + NEW_FOR + 1]
        if issue.project.resolve_age:
            moments.append(issue.last_second + issue.project.resolve_age + 1)
        if issue.ignore_until is not None:
            moments += [issue.ignore_until, issue.ignore_until + WAKE_AFTER]
        for moment in moments:
            if moment > now:
                heapq.heappush(self._transitions, (moment, issue.number))

    def settle(self) -> None:
        """Carry out what is due by the clock: derived statuses, pending deletions and merges."""
        now = self.clock.seconds()
        while self._transitions and self._transitions[0][0] <= now:
            _, number = heapq.heappop(self._transitions)
            if number in self.by_number:
                self.by_number[number].wake(now)
                self.by_number[number].changed()
                self.version += 1
        while self._removals and self._removals[0][0] <= now:
            _, number, parent = heapq.heappop(self._removals)
            issue = self.by_number.get(number)
            if issue is None:
                continue
            if parent and parent in self.by_number:
                self.merge(self.by_number[parent], [issue])
            elif not parent:
                self.delete(issue)

    def bad_release(self) -> Release | None:
        """The release that broke things."""
        return next((release for release in self.releases.all if release.bad), None)

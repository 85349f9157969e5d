"""What can be done to a world from outside: events arrive, people decide, things go away."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from .seeded import mix
from .world.issues import Issue
from .world.people import assignee
from .world.world import World


class Mutations:
    """Changes to the world, each one atomic; ids are Sentry's (text), KeyError for an unknown issue."""

    def __init__(self, world: World, guard: Callable[[], AbstractContextManager[Any]]) -> None:
        self._world = world
        self._guard = guard
        self._draws = 0

    def new_events(self, issue_id: str | None = None, count: int = 1, at: datetime | None = None) -> list[str]:
        """Let events of one issue (or of any) arrive; they happened now, or at `at`. Returns their ids."""
        with self._guard():
            world = self._world
            moment = int(at.timestamp()) if at is not None else world.clock.seconds()
            made = []
            for _ in range(count):
                issue = self._issue(issue_id) if issue_id is not None else self._any()
                made.append(world.record(issue, world.usual_event(issue, moment, world.clock.seconds())))
            return [world.event_id(number) for number in made]

    def new_issues(self, count: int = 1, *, project: str | None = None, hostile: str | None = None) -> list[str]:
        """Let issues begin now, each with one event. Returns their ids."""
        with self._guard():
            world = self._world
            made = []
            for _ in range(count):
                chosen = world.project(project) if project else world.projects[self._draw() % len(world.projects)]
                if chosen is None:
                    raise KeyError(project)
                issue = world.make_issue(chosen, hostile=hostile)
                world.record(issue, world.usual_event(issue, world.clock.seconds()))
                made.append(issue.id)
            return made

    def bump(self, count: int) -> list[str]:
        """Let `count` different issues get a new event each. Returns the issues' ids."""
        with self._guard():
            world = self._world
            pool = [issue for issue in world.issues.values() if issue.stored_status == "unresolved"]
            start = self._draw() % max(len(pool), 1)
            chosen = (pool[start:] + pool[:start])[:count]
            for issue in chosen:
                world.record(issue, world.usual_event(issue, world.clock.seconds()))
            return [issue.id for issue in chosen]

    def late_event(self, issue_id: str | None = None, seconds_ago: float = 3_600) -> str:
        """Let an event arrive now that happened a while ago. Returns its id."""
        with self._guard():
            world, issue = self._world, self._issue(issue_id) if issue_id is not None else self._any()
            now = world.clock.seconds()
            return world.event_id(world.record(issue, world.usual_event(issue, now - int(seconds_ago), now)))

    def resolve(self, ids: str | Iterable[str]) -> None:
        """Somebody resolves the issues."""
        self._each(ids, lambda issue, now: issue.resolve(now))

    def unresolve(self, ids: str | Iterable[str]) -> None:
        """Somebody reopens the issues."""
        self._each(ids, lambda issue, now: issue.reopen(now))

    def ignore(self, ids: str | Iterable[str], for_seconds: float | None = None) -> None:
        """Somebody archives the issues, for a time or until they escalate."""
        self._each(
            ids,
            lambda issue, now: issue.ignore(now, until=None if for_seconds is None else now + int(for_seconds)),
        )

    def assign(self, ids: str | Iterable[str], who: str | None) -> None:
        """Somebody assigns the issues: to `ada@acme.example`, `user:9001`, the team `#backend`, or nobody."""

        def act(issue: Issue, now: int) -> None:
            issue.assigned_to = assignee(who)
            issue.note("assigned" if who else "unassigned", now, None, assignee=who)
            issue.changed()

        self._each(ids, act)

    def set_priority(self, ids: str | Iterable[str], priority: str) -> None:
        """Somebody sets the priority: high, medium or low."""
        if priority not in ("high", "medium", "low"):
            raise ValueError("A priority is high, medium or low.")

        def act(issue: Issue, now: int) -> None:
            issue.priority, issue.priority_locked_at = priority, now
            issue.note("set_priority", now, None, priority=priority)
            issue.changed()

        self._each(ids, act)

    def merge(self, parent: str, children: str | Iterable[str], pending_seconds: float = 0) -> None:
        """Merge issues into the parent; with `pending_seconds` they say pending_merge until then."""
        with self._guard():
            target, issues = self._issue(parent), [self._issue(child) for child in _ids(children)]
            if pending_seconds <= 0:
                self._world.merge(target, issues)
                return
            for issue in issues:
                self._world.remove_later(issue, self._world.clock.seconds() + int(pending_seconds), target)

    def delete(self, ids: str | Iterable[str], pending_seconds: float = 0) -> None:
        """Delete issues and their events; with `pending_seconds` they say pending_deletion until then."""
        with self._guard():
            for issue in [self._issue(issue_id) for issue_id in _ids(ids)]:
                if pending_seconds > 0:
                    self._world.remove_later(issue, self._world.clock.seconds() + int(pending_seconds))
                else:
                    self._world.delete(issue)

    def new_release(self, project: str, version: str, seconds_ago: float = 0) -> str:
        """Add a release, back-dated by `seconds_ago` as Sentry does when sessions name one first."""
        with self._guard():
            world, found = self._world, self._world.project(project)
            if found is None:
                raise KeyError(project)
            now = world.clock.seconds()
            world.releases.add(version, now - int(seconds_ago), [found], since=now)
            world.version += 1
            return version

    def deploy(self, version: str, environment: str) -> None:
        """Ship a release to an environment now; KeyError for an unknown release."""
        with self._guard():
            world = self._world
            world.releases.by_version[version].deploys.append((environment, world.clock.seconds()))
            world.version += 1

    def rename_project(self, project: str, slug: str) -> None:
        """Give a project another slug; the old one answers with a redirect."""
        with self._guard():
            found = self._world.project(project)
            if found is None:
                raise KeyError(project)
            found.former_slugs.append(found.slug)
            found.slug = slug
            self._world.version += 1

    def delete_project(self, project: str) -> None:
        """Delete a project with its issues and events."""
        with self._guard():
            world, found = self._world, self._world.project(project)
            if found is None:
                raise KeyError(project)
            for issue in [issue for issue in world.issues.values() if issue.project is found]:
                world.delete(issue)
            world.projects.remove(found)
            world.version += 1

    def perform(self, action: str, arguments: dict[str, Any]) -> Any:
        """Do one of the above by name, for the control over HTTP; ValueError for an unknown action."""
        if action.startswith("_") or action == "perform" or not hasattr(type(self), action):
            raise ValueError(f"Unknown action {action!r}.")
        if isinstance(arguments.get("at"), str):
            arguments = {**arguments, "at": datetime.fromisoformat(arguments["at"])}
        return getattr(self, action)(**arguments)

    def _each(self, ids: str | Iterable[str], act: Callable[[Issue, int], None]) -> None:
        with self._guard():
            now = self._world.clock.seconds()
            for issue_id in _ids(ids):
                issue = self._issue(issue_id)
                act(issue, now)
                self._world.watch(issue)
            self._world.version += 1

    def _issue(self, issue_id: str) -> Issue:
        issue = self._world.issue(str(issue_id))
        if issue is None:
            raise KeyError(issue_id)
        return issue

    def _any(self) -> Issue:
        pool = [issue for issue in self._world.issues.values() if issue.stored_status == "unresolved"]
        return pool[self._draw() % len(pool)]

    def _draw(self) -> int:
        self._draws += 1
        return mix(self._world.seed ^ 0x3117, self._draws)


def _ids(ids: str | Iterable[str]) -> list[str]:
    return [ids] if isinstance(ids, str) else [str(one) for one in ids]

"""What is so in the world, as the store's tables would say it: worked out from the world itself, not by its API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from sentry_sync.simulator.identifiers import issue_id
from sentry_sync.simulator.world import performance, sessions
from sentry_sync.simulator.world.world import World

HOUR, DAY = 3_600, 86_400

Facts = dict[Any, Any]


def releases(world: World) -> Facts:
    """Version to what its row says, of the releases that have begun and have a project."""
    now, index = world.clock.seconds(), world.index
    new = Counter(index.release[issue.events[0]] for issue in world.issues.values() if issue.events)
    seen: dict[int, list[int]] = {}
    for number in index.order:
        seen.setdefault(index.release[number], []).append(index.timestamp[number])
    found = {}
    for release in world.releases.all:
        if release.created > now or not any(project in world.projects for project in release.projects):
            continue
        times = seen.get(release.number, [])
        found[release.version] = {
            "date_created": release.created,
            "date_released": release.released,
            "first_event": min(times, default=None),
            "last_event": max(times, default=None),
            "new_issues": new[release.number],
            "commit_count": release.commits,
            "deploy_count": sum(finished <= now for _, finished in release.deploys),
        }
    return found


def release_projects(world: World) -> Facts:
    """Version and project to the issues that began there."""
    new = Counter(
        (world.index.release[issue.events[0]], issue.project.number)
        for issue in world.issues.values()
        if issue.events
    )
    return {
        (release.version, project.id): new[release.number, project.number]
        for release in world.releases.all
        if release.created <= world.clock.seconds()
        for project in release.projects
        if project in world.projects
    }


def deploys(world: World) -> Facts:
    """Version, environment and time of every deploy that has come through."""
    now = world.clock.seconds()
    return {
        (release.version, environment, finished): 1
        for release in world.releases.all
        if release.created <= now and any(project in world.projects for project in release.projects)
        for environment, finished in release.deploys
        if finished <= now
    }


def error_counts(world: World, numbers: Iterable[int]) -> Facts:
    """Project, issue, environment, release and hour to events and users, over some of the events."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for number in numbers:
        release, moment = world.release_of(number), world.index.timestamp[number]
        issue = world.by_number[world.index.issue[number]]
        key = (
            *(issue.project.id, issue.id, world.environment_of(number) or ""),
            *(release.version if release else "", moment - moment % HOUR),
        )
        groups.setdefault(key, []).append(world.index.user[number])
    return {key: (len(users), len(set(users) - {-1})) for key, users in groups.items()}


def pairs(world: World, numbers: Iterable[int]) -> Facts:
    """Issue and environment to the first and last of some of the events."""
    found: dict[tuple[str, str], list[int]] = {}
    for number in numbers:
        key = issue_id(world.index.issue[number]), world.environment_of(number) or ""
        found.setdefault(key, []).append(world.index.timestamp[number])
    return {key: (min(times), max(times)) for key, times in found.items()}


def health(world: World, day: int, until: int) -> Facts:
    """Release, project and environment to sessions, their crash-free share and adoption, in a day up to a moment."""
    counted: dict[tuple[str, str, str], list[int]] = {}
    for cell in sessions.cells(world, world.projects, day, until):
        part = cell.part(day, until)
        sums = counted.setdefault((cell.release.version, cell.project.id, cell.environment), [0, 0])
        sums[0] += part.sessions
        sums[1] += part.crashed
    totals: Counter[tuple[str, str]] = Counter()
    for (_, project, environment), (count, _) in counted.items():
        totals[project, environment] += count
    return {
        key: (count, 1 - crashed / count if count else None, count / total if (total := totals[key[1:]]) else None)
        for key, (count, crashed) in counted.items()
    }


def transactions(world: World, hour: int, until: int) -> Facts:
    """Project, environment and transaction to count and 95th percentile, in an hour up to a moment."""
    return _spans(world, "transaction", hour, until, lambda one: one.name)


def vitals(world: World, hour: int, until: int) -> Facts:
    """Project, environment and transaction of browsers to count and 75th percentile of the largest paint."""
    found = {}
    location, spread = performance.VITALS["lcp"]
    for series in performance.all_series(world, "transaction"):
        parts = performance.parts(world, series, hour, until)
        if (count := performance.total(parts)) and series.project.event_platform == "javascript":
            # A page that is slow to load paints late too, only less so.
            slower = (sum(part.location for part in parts) / len(parts) - 6.5) * 0.3
            paints = [performance.Part(count, location + slower, spread, 0)]
            found[series.project.id, series.environment, series.name] = (count, performance.quantile(paints, 0.75))
    return found


def stats(world: World, since: int, until: int) -> Facts:
    """Project to events (errors and transactions), errors and sessions in a time."""
    index = world.index
    errors = Counter(
        world.by_number[index.issue[number]].project.id
        for number in index.order
        if since <= index.received[number] < until
    )
    events = Counter(errors)
    for series in performance.all_series(world, "transaction"):
        events[series.project.id] += performance.counted(world, series, since, until)
    ended: Counter[str] = Counter()
    for cell in sessions.cells(world, world.projects, since, until):
        ended[cell.project.id] += cell.part(since, until).sessions
    return {project.id: (events[project.id], errors[project.id], ended[project.id]) for project in world.projects}


def queries(world: World, hour: int, until: int) -> Facts:
    """Project, environment and query to count and 95th percentile."""
    return _spans(world, "db", hour, until, lambda one: one.attribute("span.group"))


def _spans(world: World, kind: str, hour: int, until: int, name: Any) -> Facts:
    found = {}
    for series in performance.all_series(world, kind):
        parts = performance.parts(world, series, hour, until)
        if count := performance.total(parts):
            key = series.project.id, series.environment, name(series)
            found[key] = (count, performance.quantile(parts, 0.95))
    return found

"""A search that the store understands, read from it: by issues, or where that does not tell, by their events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sentry_sync.answers.asking import View
from sentry_sync.answers.issue_reach import reach_of, reach_there, reach_with_events
from sentry_sync.answers.locating import Project
from sentry_sync.answers.misses import Miss, Reach, newest_of, search_edge
from sentry_sync.answers.search_page import OnWay, Page, Window, local
from sentry_sync.answers.searching import Answerable
from sentry_sync.store.reads import search
from sentry_sync.store.reads.issues import EPOCH
from sentry_sync.store.reads.knowledge import Knowledge
from sentry_sync.store.reads.search import IssueSearch


@dataclass(frozen=True, slots=True)
class Scene:
    """What one look at the store goes by."""

    view: View
    known: Knowledge
    project: Project | None
    window: Window
    at: OnWay
    sort: str
    limit: int

    @property
    def project_id(self) -> str | None:
        """None for every project."""
        return self.project.id if self.project else None


def read(scene: Scene, asked: Answerable) -> Page:
    """The page as the store has it, with what is wrong with it."""
    if asked.needs_events:
        return _read_events(scene, asked)
    page = _read(scene, asked)
    held = reach_with_events(scene.known, scene.project_id)
    # By events held for the whole window nothing is left open; by fewer nothing more is known than by issues.
    if page.uncertain and scene.project and held and held.since <= scene.window.since:
        again = _read_events(scene, asked)
        return page if again.miss else again
    return page


def _read(scene: Scene, asked: Answerable) -> Page:
    """By what is known of issues, and of issues in environments."""
    found = reach_of(scene.known) if asked.environment is None else reach_there(scene.known)
    wanted = _wanted(scene, asked, found)
    return _judged(scene, replace(wanted, environment=asked.environment), found, asked)


def _read_events(scene: Scene, asked: Answerable) -> Page:
    """By the events that are held."""
    found = reach_with_events(scene.known, scene.project_id)
    view, project, since = scene.view, scene.project, scene.window.since
    if project is None or not search.few_events(view.snapshot, project.id, since):
        return Page(miss=Miss.UNSUPPORTED_FILTER, why="too many events would have to be read: ask for less time")
    held = replace(
        _wanted(scene, asked, found),
        of_events=asked.of_events,
        held_since=found.since if found else scene.view.now,
    )
    return _judged(scene, held, found, asked, of_events=True)


def _wanted(scene: Scene, asked: Answerable, found: Reach | None) -> IssueSearch:
    until = scene.window.until
    return IssueSearch(
        now=scene.at.now,
        since=scene.window.since,
        served=search.served(scene.view.snapshot, scene.view.now),
        until=until if until and found and until <= found.as_of else None,
        project_id=scene.project_id,
        conditions=asked.conditions,
        text=asked.text,
        sort=scene.sort,
        limit=scene.limit + 1,
        newest_since=asked.since or EPOCH,
        after=scene.at.place,
    )


def _judged(
    scene: Scene,
    wanted: IssueSearch,
    found: Reach | None,
    asked: Answerable,
    *,
    of_events: bool = False,
) -> Page:
    page = local(search.find(scene.view.snapshot, wanted), scene.sort, scene.limit, found)
    in_part = of_events or asked.environment is not None
    edge, oldest = _edge(scene, page.rows), _oldest(scene, wanted, found, asked, in_part=in_part)
    miss = newest_of(found, edge, oldest)
    if miss is None and in_part:
        other = search.newest_that_is_no_error(scene.view.snapshot, scene.project_id)
        miss = Miss.OUTSIDE_COVERAGE if other and (edge is None or other >= edge) else None
    if miss is not None:
        return page.missed(miss, "not all of the time it is about was read")
    if page.uncertain:
        why = f"whether {len(page.uncertain)} of these issues fit, or where they stand, is not known"
        return page.missed(Miss.OUTSIDE_COVERAGE, why)
    # A full page may be all that is known; what comes behind it is then not.
    ends = page.more or newest_of(found, None, oldest) is None
    return page if ends else replace(page, more=None)


def _oldest(
    scene: Scene, wanted: IssueSearch, found: Reach | None, asked: Answerable, *, in_part: bool
) -> datetime:
    """Before when no issue that belongs here had its last event; ``in_part``: known by its error events."""
    edges = [wanted.since, asked.since, search_edge(found.as_of if found else scene.view.now)]
    if in_part:
        edges.append(wanted.served.nothing_before)
    oldest = max(edge for edge in edges if edge)
    if in_part and found and found.since > oldest:
        # No event is older than the oldest issue.
        oldest = max(oldest, search.oldest_first_seen(scene.view.snapshot, scene.project_id) or oldest)
    return oldest


def _edge(scene: Scene, rows: Sequence[Any]) -> datetime | None:
    """When the last wanted row was last seen, if everything seen later must be among the wanted."""
    if len(rows) < scene.limit or scene.sort == "frequency":
        return None
    last = rows[scene.limit - 1]
    if scene.sort == "priority" and last.priority != "high":
        return None
    edge: datetime | None = last.edge
    return edge

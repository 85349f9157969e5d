"""Projects and what belongs to the organization as a whole: small, read whole each time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sentry_sync.errors import BadRequest, Gone, NotSupported
from sentry_sync.records.budget import Lane
from sentry_sync.records.fields import Raw, integer, mapping, required, text
from sentry_sync.records.organization import (
    ProjectStats,
    parse_environment,
    parse_organization,
    parse_project,
    project_environments,
)
from sentry_sync.sync.stream import Harvest, Look, Stream, Work, sift, sift_one

if TYPE_CHECKING:
    from sentry_sync.sentry.client import Page, SentryClient
    from sentry_sync.store.unit_of_work import Pass, UnitOfWork


def _always(look: Look) -> list[Work]:
    return [Work()]


def _when_older(stream: str) -> Callable[[Look], list[Work]]:
    """A list of what all but never changes: read anew once it is as old as a run may let it get."""

    def plan(look: Look) -> list[Work]:
        mark = look.state.mark(stream)
        return [] if mark and look.now - mark.as_of < look.age else [Work()]

    return plan


def _organization(page: Page, work: Work, look: Look) -> Harvest:
    records, rejects = sift_one(page.body, lambda raw: parse_organization(raw, page.server_time))
    return Harvest(records, len(records), rejects)


def _projects(page: Page, work: Work, look: Look) -> Harvest:
    at = page.server_time
    records, rejects = sift(page.body, lambda raw: [parse_project(raw, at), *project_environments(raw, at)])
    return Harvest(records, len(page.body) - len(rejects), rejects)


def _settle_projects(uow: UnitOfWork, run: Pass) -> None:
    """A complete list: what it no longer names is gone, and what it names for the first time was never read."""
    uow.remove_unseen_projects(run.started_at)
    uow.doubt_new_projects(run.started_at)


def _environments(page: Page, work: Work, look: Look) -> Harvest:
    records, rejects = sift(page.body, lambda raw: parse_environment(raw, page.server_time))
    return Harvest(list(dict.fromkeys(records)), len(records), rejects)


def _fetch_stats(client: SentryClient, work: Work, cursor: str | None, look: Look) -> Page:
    """Two small answers as one page: what was accepted by category, and sessions where the server has them."""
    accepted = client.stats_v2(
        fields=("sum(quantity)",), group_by=("project", "category"), stats_period="24h", outcomes=("accepted",)
    )
    try:
        end = accepted.server_time
        sessions = client.sessions(
            fields=("sum(session)",),
            group_by=("project",),
            start=end - timedelta(hours=24),
            end=end,
            interval="1h",
        ).body
    except (NotSupported, BadRequest, Gone):
        # What was accepted is known all the same, and this says nothing of `stats_v2`.
        sessions = None
    return replace(accepted, body={"accepted": accepted.body, "sessions": sessions}, next_cursor=None)


def _stats(page: Page, work: Work, look: Look) -> Harvest:
    accepted, rejects = _by_project(page.body["accepted"], "sum(quantity)")
    sessions, more = _by_project(page.body["sessions"], "sum(session)") if page.body["sessions"] else (None, [])
    if rejects or more:
        # A total that lacks a part is a wrong total, and the part may be anyone's.
        return Harvest([], 0, rejects + more)
    records = [
        ProjectStats(
            project_id=project,
            events_24h=_of(EVENT_CATEGORIES, accepted.get(project, {})),
            errors_24h=_of(ERROR_CATEGORIES, accepted.get(project, {})),
            sessions_24h=None if sessions is None else sum(sessions.get(project, {}).values()),
            as_of=page.server_time,
        )
        for project in look.projects.values()
    ]
    return Harvest(records, len(records))


ERROR_CATEGORIES = ("error", "default", "security")
"""What stats_v2 may call an error event; newer servers add the other two up into ``error``."""

EVENT_CATEGORIES = (*ERROR_CATEGORIES, "transaction")
"""What is an event at all. The others count bytes (attachments, logs), milliseconds (profiles), or what came
along with a transaction."""


def _of(categories: Collection[str], counted: Mapping[str, int]) -> int:
    return sum(counted.get(kind, 0) for kind in categories)


def _by_project(body: Any, field: str) -> tuple[dict[str, dict[str, int]], list[str]]:
    """Totals by project id and category, ``""`` where the answer has none; and why groups could not be read.

    Raises SchemaDrift for an answer without groups: nothing received and nothing said are not the same.
    """
    groups, rejects = sift(body.get("groups") if isinstance(body, dict) else None, lambda raw: _group(raw, field))
    found: dict[str, dict[str, int]] = {}
    for project, category, total in groups:
        found.setdefault(project, {})[category] = total
    return found, rejects


def _group(raw: Raw, field: str) -> tuple[str, str, int]:
    by = mapping(raw.get("by"), "by")
    return (
        required(by, "project"),
        text(by, "category") or "",
        integer(mapping(raw.get("totals"), "totals"), field) or 0,
    )


ORGANIZATION = Stream(
    name="organization",
    resource="projects",
    lane=Lane.WARM,
    plan=_when_older("organization"),
    fetch=lambda client, work, cursor, look: client.organization(),
    harvest=_organization,
    source="organization",
)

PROJECTS = Stream(
    name="projects",
    resource="projects",
    lane=Lane.HOT,
    plan=_always,
    fetch=lambda client, work, cursor, look: client.projects(cursor=cursor),
    harvest=_projects,
    source="projects",
    paged=True,
    counted=True,
    finish=_settle_projects,
)

ENVIRONMENTS = Stream(
    name="environments",
    resource="projects",
    lane=Lane.WARM,
    plan=_when_older("environments"),
    fetch=lambda client, work, cursor, look: client.environments(),
    harvest=_environments,
    source="environments",
)

PROJECT_STATS = Stream(
    name="project_stats",
    resource="projects",
    lane=Lane.WARM,
    plan=_always,
    fetch=_fetch_stats,
    harvest=_stats,
    source="stats_v2",
    needs="stats_v2",
)

"""Projects and their numbers, fetched for a question that the store could not answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sentry_sync.answers.asking import Learned
from sentry_sync.answers.fetching import streams
from sentry_sync.sync.stream import Work
from sentry_sync.sync.streams import inventory

if TYPE_CHECKING:
    from sentry_sync.answers.live import Live
    from sentry_sync.store.unit_of_work import UnitOfWork

MOST_PAGES = 20
"""2,000 projects: more than any organization heard of; the sync reads the rest."""


def list_projects(live: Live) -> Learned:
    """Every project of the organization, and the organization itself."""
    organization = streams.read(live, inventory.ORGANIZATION, Work(), {}, 1)
    found = streams.read(live, inventory.PROJECTS, Work(), {}, MOST_PAGES)

    def write(uow: UnitOfWork) -> None:
        uow.upsert([*organization.records, *found.records])
        if found.whole:
            uow.mark("projects", "", found.at, found.at)

    live.write(write)
    return Learned(found.at, found.notes("projects"))


def count_by_project(live: Live, project_ids: Mapping[str, str]) -> Learned:
    """What each project of ``project_ids`` (slug to id) received in the last 24 hours."""
    found = streams.read(live, inventory.PROJECT_STATS, Work(), project_ids, 1)

    def write(uow: UnitOfWork) -> None:
        uow.upsert(found.records)
        uow.mark("project_stats", "", found.at, found.at)

    live.write(write)
    return Learned(found.at)

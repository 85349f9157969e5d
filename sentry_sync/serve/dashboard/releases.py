"""A project's releases with their health; of every project the newest, where none is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sentry_sync.answers.releases import ReleasesQuestion
from sentry_sync.serve.dashboard import judged, known
from sentry_sync.serve.dashboard.asked import Asked
from sentry_sync.serve.dashboard.freshness import together
from sentry_sync.serve.dashboard.known import Projects
from sentry_sync.serve.dashboard.overview import TOLD
from sentry_sync.serve.dashboard.page import Page, Watched

FIELDS = ("project", "query", "since", "cursor")
"""What the address may say."""


def page(asked: Asked) -> Page:
    """The page."""
    projects = known.projects(asked)
    chosen = {name: asked.given[name] for name in FIELDS if name in asked.given}
    values = {
        "projects": projects.slugs,
        "asked_for": {name: chosen.get(name, "") for name in FIELDS},
    }
    return _of_one(asked, chosen, values) if "project" in chosen else _of_all(asked, projects, values)


def _of_one(asked: Asked, chosen: dict[str, str], values: Mapping[str, Any]) -> Page:
    found = asked.answer(ReleasesQuestion(**chosen, health_data=True))
    onward = {**chosen, "cursor": found.get("next_cursor")}
    return Page(
        "releases.html.j2",
        "Releases",
        {**values, "found": {**found, "releases": listed(found["releases"])}, "onward": onward},
        found["freshness"],
        asks_sentry=True,
        watched=Watched(),
    )


def listed(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows of releases that have a name to be shown, each with its health where it is used most."""
    return [{**row, "main": _main(row["health"])} for row in rows if "version" in row["untrusted"]]


def _main(health: Sequence[Mapping[str, Any]] | None) -> Mapping[str, Any] | None:
    # Figures of environments don't add up to those of the release: users are counted in each.
    return max(health or (), key=lambda one: one["sessions"] or 0, default=None)


def _of_all(asked: Asked, projects: Projects, values: Mapping[str, Any]) -> Page:
    told = projects.busiest()[:TOLD]
    found = judged.states(asked, [one["slug"] for one in told])
    verdicts = [part.value.verdict for part in found.values() if part.value and part.value.verdict]
    return Page(
        "newest.html.j2",
        "Releases",
        {**values, "states": found, "every": projects},
        together([projects.freshness, *(one["freshness"] for one in verdicts)]),
        pending=any(part.to_come for part in found.values()),
        watched=Watched(),
    )

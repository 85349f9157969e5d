"""All projects, with what they received in a day; found by a part of their name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sentry_sync.serve.dashboard import known
from sentry_sync.serve.dashboard.asked import Asked
from sentry_sync.serve.dashboard.page import Page, Watched

ROWS = 200
"""Projects shown at once, the busiest: more are found by their names."""


def page(asked: Asked) -> Page:
    """The page."""
    every = known.projects(asked)
    wanted = asked.given.get("query", "")
    found = [one for one in every.busiest() if _fits(one, wanted)]
    return Page(
        "projects.html.j2",
        "Projects",
        {"query": wanted, "every": every, "projects": found[:ROWS], "found": len(found)},
        every.freshness,
        watched=Watched(),
    )


def _fits(project: Mapping[str, Any], wanted: str) -> bool:
    names = (project["slug"], project["name"], project["id"], project["platform"] or "")
    return any(wanted.lower() in name.lower() for name in names)

"""All projects, with what they received in a day; found by a part of their name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sentry_sync.answers.projects import ProjectsQuestion
from sentry_sync.serve.dashboard.asked import Asked
from sentry_sync.serve.dashboard.freshness import together
from sentry_sync.serve.dashboard.overview import busiest
from sentry_sync.serve.dashboard.page import Page, Watched

MOST_PAGES = 20
"""Of a hundred projects: each takes a millisecond, and Sentry's largest organizations have a thousand or two."""

ROWS = 200
"""Projects shown at once, the busiest: more are found by their names."""


def page(asked: Asked) -> Page:
    """The page."""
    answers = [asked.answer(ProjectsQuestion(None, include_stats=True))]
    while answers[-1].get("next_cursor") and len(answers) < MOST_PAGES:
        answers.append(asked.answer(ProjectsQuestion(None, include_stats=True, cursor=answers[-1]["next_cursor"])))
    wanted = asked.given.get("query", "")
    every = [one for answer in answers for one in answer["projects"]]
    found = busiest([one for one in every if _fits(one, wanted)])
    return Page(
        "projects.html.j2",
        "Projects",
        {"query": wanted, "projects": found[:ROWS], "found": len(found), "known": len(every)},
        together(answer["freshness"] for answer in answers),
        watched=Watched(),
    )


def _fits(project: Mapping[str, Any], wanted: str) -> bool:
    names = (project["slug"], project["name"], project["id"], project["platform"] or "")
    return any(wanted.lower() in name.lower() for name in names)

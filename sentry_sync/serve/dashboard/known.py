"""The projects that pages are about: all of them, though an answer has a hundred at most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sentry_sync.answers.asking import Answer
from sentry_sync.answers.projects import ProjectsQuestion
from sentry_sync.serve.dashboard.asked import Asked
from sentry_sync.serve.dashboard.freshness import together

MOST_PAGES = 20
"""Of a hundred projects: each takes a millisecond, and Sentry's largest organizations have a thousand or two."""


@dataclass(frozen=True, slots=True)
class Projects:
    """All that are known."""

    rows: Sequence[Mapping[str, Any]]
    more: bool
    """Whether there are still others."""
    freshness: Mapping[str, Any]

    @property
    def slugs(self) -> list[str]:
        """Their names, to choose from."""
        return [str(one["slug"]) for one in self.rows]

    @property
    def errors(self) -> int | None:
        """Errors of a day, of all; None where they are not known of one."""
        counted = [_errors(one) for one in self.rows]
        known = [errors for errors in counted if errors is not None]
        return sum(known) if known and len(known) == len(counted) and not self.more else None

    @property
    def first(self) -> str:
        """Which of them stand first, in words: where nobody counted errors, those whose names do."""
        counted = any(_errors(one) is not None for one in self.rows)
        return "with the most errors" if counted else "first by name"

    def busiest(self) -> list[Mapping[str, Any]]:
        """Those with the most errors first; of how many nothing is known, last."""
        return sorted(self.rows, key=lambda one: (-(_errors(one) or 0), one["slug"]))


def projects(asked: Asked, *, stats: bool = True) -> Projects:
    """The projects, with what they received in a day unless that is not wanted."""
    answers: list[Answer] = [asked.answer(ProjectsQuestion(None, stats))]
    while answers[-1].get("next_cursor") and len(answers) < MOST_PAGES:
        answers.append(asked.answer(ProjectsQuestion(None, stats, answers[-1]["next_cursor"])))
    rows = [one for answer in answers for one in answer["projects"]]
    told = together(answer["freshness"] for answer in answers) or answers[0]["freshness"]
    return Projects(rows, bool(answers[-1]["more"]), told)


def _errors(project: Mapping[str, Any]) -> int | None:
    stats = project.get("stats")
    return stats["errors_24h"] if stats else None

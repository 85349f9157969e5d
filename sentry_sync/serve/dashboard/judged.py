"""A project as it is judged: its health, and the verdict on its newest release. Takes a while: worked out beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sentry_sync.answers.asking import Answer
from sentry_sync.answers.assessing import AssessmentQuestion
from sentry_sync.answers.context import Answers
from sentry_sync.answers.project_health import HealthQuestion
from sentry_sync.answers.releases import ReleasesQuestion
from sentry_sync.serve.dashboard.asked import FROM_THE_COPY


@dataclass(frozen=True, slots=True)
class State:
    """What is thought of a project."""

    health: Answer
    release: Mapping[str, Any] | None = None
    """Its newest one; None where none is known."""
    verdict: Answer | None = None


def state(answers: Answers, slug: str) -> State:
    """The state of the project, from the copy alone."""
    health = answers.ask(HealthQuestion(slug), FROM_THE_COPY)
    listed = answers.ask(ReleasesQuestion(slug), FROM_THE_COPY)["releases"]
    if not listed or "version" not in listed[0]["untrusted"]:
        return State(health)
    version = listed[0]["untrusted"]["version"]
    return State(health, listed[0], answers.ask(AssessmentQuestion(slug, version), FROM_THE_COPY))

"""A project as it is judged: its health and its newest release's verdict. It takes a while: done beside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sentry_sync.answers.asking import Answer
from sentry_sync.answers.context import Answers
from sentry_sync.answers.judging import AssessmentQuestion, HealthQuestion
from sentry_sync.answers.releases import ReleasesQuestion
from sentry_sync.serve.dashboard.asked import FROM_THE_COPY, Asked
from sentry_sync.serve.dashboard.beside import Part, Works, parts


@dataclass(frozen=True, slots=True)
class State:
    """What is thought of a project."""

    health: Answer
    release: Mapping[str, Any] | None = None
    """Its newest one; None where none is known."""
    verdict: Answer | None = None


def works(asked: Asked, slugs: Iterable[str]) -> Works[State]:
    """The states of these projects, to be worked out beside a page."""
    return {key(slug): partial(state, asked.answers, slug) for slug in slugs}


def states(asked: Asked, slugs: Iterable[str]) -> dict[str, Part[State]]:
    """The same, as far as they are there."""
    wanted = list(slugs)
    found = parts(asked, works(asked, wanted))
    return {slug: found[key(slug)] for slug in wanted}


def key(slug: str) -> tuple[str, str]:
    """By which a project's state is kept."""
    return "state", slug


def freshness(found: Iterable[Part[State]]) -> Iterator[Mapping[str, Any]]:
    """Of everything that was judged."""
    for part in found:
        if part.value:
            yield part.value.health["freshness"]
            if part.value.verdict:
                yield part.value.verdict["freshness"]


def state(answers: Answers, slug: str) -> State:
    """The state of the project, from the copy alone."""
    health = answers.ask(HealthQuestion(slug), FROM_THE_COPY)
    listed = answers.ask(ReleasesQuestion(slug), FROM_THE_COPY)["releases"]
    if not listed or "version" not in listed[0]["untrusted"]:
        return State(health)
    version = listed[0]["untrusted"]["version"]
    return State(health, listed[0], answers.ask(AssessmentQuestion(slug, version), FROM_THE_COPY))

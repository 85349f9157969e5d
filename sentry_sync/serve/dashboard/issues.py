"""The issues that a search finds, as Sentry's own page lists them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from sentry_sync.answers.asking import Answer
from sentry_sync.answers.issues import issues_question
from sentry_sync.errors import QuestionError
from sentry_sync.serve.dashboard import known
from sentry_sync.serve.dashboard.asked import Asked
from sentry_sync.serve.dashboard.beside import Part, parts
from sentry_sync.serve.dashboard.page import Page, Watched

FIELDS = ("project", "query", "status", "environment", "since", "sort", "cursor")
"""What the address may say."""

SORTS = {"date": "last seen", "frequency": "events", "priority": "priority"}
STATUSES = ("unresolved", "resolved", "ignored")
TIMES = {"-1h": "the last hour", "-24h": "24 hours", "-7d": "7 days", "-14d": "14 days", "-30d": "30 days"}

BY_COUNT = "frequency"
"""The order that takes longer than a page may where many issues are counted over a window: 200 ms for 20,000."""

UNRESOLVED = "is:unresolved"
"""What is searched for where nothing is said: what Sentry's page shows first."""


def page(asked: Asked) -> Page:
    """The page; a search that cannot be understood is told beside its words."""
    given: dict[str, Any] = {name: asked.given[name] for name in FIELDS if name in asked.given}
    _check(given)
    if not given:
        given = {"query": UNRESOLVED}
    values = {
        "asked_for": {name: given.get(name, "") for name in FIELDS},
        "projects": known.projects(asked, stats=False).slugs,
        "sorts": SORTS,
        "statuses": STATUSES,
        "times": TIMES,
    }
    try:
        part = _found(asked, issues_question(**given))
    except QuestionError as error:
        return Page("issues.html.j2", "Issues", {**values, "part": Part(problem=str(error))}, status=400)
    found = part.value or {}
    return Page(
        "issues.html.j2",
        "Issues",
        {**values, "part": part, "onward": {**given, "cursor": found.get("next_cursor")}},
        found.get("freshness"),
        asks_sentry=True,
        pending=part.to_come,
        watched=Watched(),
    )


def _check(given: Mapping[str, Any]) -> None:
    for name, choices in (("status", STATUSES), ("sort", SORTS)):
        if name in given and given[name] not in choices:
            raise QuestionError(f"{name} is one of {', '.join(choices)}")


def _found(asked: Asked, question: Any) -> Part[Answer]:
    if asked.of_sentry or question.sort != BY_COUNT:
        return Part(asked.answer(question))
    key = ("issues", question)
    found: Part[Answer] = parts(asked, {key: partial(asked.answer, question)})[key]
    return found

"""One release: the verdict, what it rests on, and what would change it."""

from __future__ import annotations

from functools import partial

from sentry_sync.answers import untrusted
from sentry_sync.answers.asking import Answer
from sentry_sync.answers.judging import AssessmentQuestion
from sentry_sync.answers.releases import ReleasesQuestion
from sentry_sync.errors import QuestionError
from sentry_sync.serve.dashboard.asked import Asked
from sentry_sync.serve.dashboard.beside import Part, parts
from sentry_sync.serve.dashboard.freshness import together
from sentry_sync.serve.dashboard.page import Page, Watched


def page(asked: Asked) -> Page:
    """The page; 404 for a release that the copy does not know."""
    project, version = asked.given.get("project"), asked.given.get("version")
    if project is None or version is None:
        raise QuestionError("the address of a release's page has its project and its version")
    listed = asked.answer(ReleasesQuestion(project, version, health_data=True, response_format="detailed"))
    if not listed["releases"]:
        return Page(
            "unknown.html.j2",
            "Unknown release",
            {"what": "release", "name": version},
            listed["freshness"],
            asks_sentry=True,
            status=404,
        )
    baseline, environment = asked.given.get("baseline"), asked.given.get("environment")
    question = AssessmentQuestion(project, version, baseline, environment)
    verdict = _judged(asked, question)
    judged = [verdict.value["freshness"]] if verdict.value else []
    release = listed["releases"][0]
    return Page(
        "release.html.j2",
        release["untrusted"].get("short_version") or untrusted.line(version),
        {
            "project": listed["project"],
            "version": version,
            "release": release,
            "verdict": verdict,
            "asked_for": {"baseline": baseline, "environment": environment},
        },
        together([listed["freshness"], *judged]),
        asks_sentry=True,
        pending=verdict.to_come,
        watched=Watched("release", version),
    )


def _judged(asked: Asked, question: AssessmentQuestion) -> Part[Answer]:
    if asked.of_sentry:
        return Part(asked.answer(question), 0.0)
    key = ("verdict", question)
    found: Part[Answer] = parts(asked, {key: partial(asked.answer, question)})[key]
    return found

"""One project: what its health is made of, where it goes, its issues, releases and performance."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sentry_sync.answers.charts import Chart
from sentry_sync.answers.issues import issues_question
from sentry_sync.answers.performance import PerformanceQuestion
from sentry_sync.answers.releases import ReleasesQuestion
from sentry_sync.serve.dashboard import judged, pictures
from sentry_sync.serve.dashboard.asked import Asked
from sentry_sync.serve.dashboard.beside import Part, Works, parts, query
from sentry_sync.serve.dashboard.freshness import together
from sentry_sync.serve.dashboard.judged import State
from sentry_sync.serve.dashboard.page import Page, Watched
from sentry_sync.serve.dashboard.releases import listed as listed_releases

ROWS = 10
DAYS = 28
"""Of the chart: four weeks, which the forecast rests on."""


def page(asked: Asked) -> Page:
    """The page; 404 for a project that the copy does not know."""
    slug = asked.path["project"]
    listed = asked.answer(issues_question(slug, status="unresolved", sort="frequency", limit=ROWS))
    project = listed["project"]
    if project is None:
        return Page(
            "unknown.html.j2",
            "Unknown project",
            {"what": "project", "name": slug},
            listed["freshness"],
            asks_sentry=True,
            status=404,
        )
    slug = project["slug"]
    releases = asked.answer(ReleasesQuestion(slug, health_data=True))
    performance = asked.answer(PerformanceQuestion(slug))
    trend_key, trend_work = query(asked, "error_trend", project=slug, days=DAYS)
    works: Works[Any] = {**judged.works(asked, [slug]), trend_key: trend_work}
    found = parts(asked, works)
    state: Part[State] = found[judged.key(slug)]
    trend: Part[Any] = found[trend_key]
    return Page(
        "project.html.j2",
        slug,
        {
            "project": project,
            "state": state,
            "issues": listed,
            "releases": {**releases, "releases": listed_releases(releases["releases"])[:ROWS]},
            "performance": {**performance, "transactions": performance["transactions"][:ROWS]},
            "chart": _chart(state, trend),
            "trend": trend,
        },
        together([listed["freshness"], releases["freshness"], *judged.freshness([state])]),
        asks_sentry=True,
        pending=state.to_come or trend.to_come,
        charts=True,
        watched=Watched(),
    )


def _chart(state: Part[State], trend: Part[Any]) -> Chart | None:
    """Errors a day, and what is to be expected of the coming week where that can be told."""
    if not trend.value:
        return None
    known = [(datetime.fromisoformat(row[0]), row[2]) for row in trend.value["untrusted"]["rows"]]
    forecast = state.value.health["forecast"] if state.value else None
    if forecast is None:
        return pictures.of_query("Errors a day", trend.value)
    first = datetime.fromisoformat(forecast["days"][0]["day"])
    past = [(day, value) for day, value in known if day < first]
    return pictures.of_forecast("Errors a day, and the week to come", forecast["days"], past)

"""The library of queries: each with its parameters as a form, its answer as a table and a chart."""

from __future__ import annotations

from typing import Any

from sentry_sync.answers.library import QueryCommand
from sentry_sync.errors import QueryError
from sentry_sync.serve.dashboard import known, pictures
from sentry_sync.serve.dashboard.asked import Asked
from sentry_sync.serve.dashboard.beside import Part, of_held
from sentry_sync.serve.dashboard.page import Page

ROWS = 200
"""Rows of an answer: more are for a file, which `sentry-sync query` writes."""

BYTES = 120_000
"""Of an answer: the page made of it takes twice as much, and must stay under 250 kB."""

CHART = "chart"
"""The field that says which column the chart shows."""


def library_page(asked: Asked) -> Page:
    """What there is to ask."""
    del asked
    from sentry_sync.trends.library import library  # here, since it brings DuckDB

    return Page("library.html.j2", "Queries", {"queries": list(library().values())})


def page(asked: Asked) -> Page:
    """The form of one query, and its answer with the parameters given, or with those it has by itself."""
    from sentry_sync.trends.library import find

    query = find(asked.path["name"])
    names = {one.name for one in query.parameters}
    given = {name: value for name, value in asked.given.items() if name in names}
    needed = [one.name for one in query.parameters if one.default is None and one.name not in given]
    values: dict[str, Any] = {
        "query": query,
        "chosen": given,
        "projects": known.projects(asked, stats=False).slugs,
        "column": asked.given.get(CHART) or query.chart,
        "part": None,
        "answer": None,
        "chart": None,
        "problem": None,
    }
    if needed:
        return Page("query.html.j2", query.title, {**values, "problem": None})
    try:
        part = _answered(asked, query.name, given)
    except QueryError as error:
        return Page("query.html.j2", query.title, {**values, "problem": str(error)}, status=400)
    answer = part.value
    values |= {
        "part": part,
        "answer": answer,
        "chart": pictures.of_query(query.title, answer, values["column"]) if answer else None,
    }
    return Page(
        "query.html.j2",
        query.title,
        values,
        answer["freshness"] if answer else None,
        pending=part.to_come,
        charts=True,
    )


def _answered(asked: Asked, name: str, given: dict[str, str]) -> Part[Any]:
    command = QueryCommand(name, given, ROWS, BYTES)
    return of_held(asked.beside(("asked", name, *sorted(given.items())), lambda: asked.carried_out(command)))

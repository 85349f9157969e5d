"""The library of queries: each with its parameters as a form, its answer as a table and a chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sentry_sync.answers.asking import Answer
from sentry_sync.answers.library import QueryCommand
from sentry_sync.answers.tidy import size
from sentry_sync.errors import QueryError
from sentry_sync.serve.dashboard import known, pictures
from sentry_sync.serve.dashboard.asked import Asked
from sentry_sync.serve.dashboard.beside import ROW_BYTES, Part, of_held
from sentry_sync.serve.dashboard.page import Page

if TYPE_CHECKING:
    from sentry_sync.trends.library import Query

ROWS = 200
"""Rows that a table shows: more are for a file, which `sentry-sync query` writes."""

BYTES = 120_000
"""Of these: the page made of them takes twice as much, and must stay under 250 kB."""

DRAWN = 5_000
"""Rows that a chart is drawn from: two weeks of three hundred projects, whose newest days come last."""

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
        part = _answered(asked, query, given, values["column"])
    except QueryError as error:
        return Page("query.html.j2", query.title, {**values, "problem": str(error)}, status=400)
    answer = part.value
    values |= {
        "part": part,
        "answer": answer,
        "chart": answer["chart"] if answer else None,
    }
    return Page(
        "query.html.j2",
        query.title,
        values,
        answer["freshness"] if answer else None,
        pending=part.to_come,
        charts=True,
    )


def _answered(asked: Asked, query: Query, given: dict[str, str], column: str | None) -> Part[Answer]:
    command = QueryCommand(query.name, given, DRAWN, DRAWN * ROW_BYTES)

    def work() -> Answer:
        answer = asked.carried_out(command)
        return {**_first_rows(answer), "chart": pictures.of_query(query.title, answer, column)}

    return of_held(asked.beside(("asked", query.name, column, *sorted(given.items())), work))


def _first_rows(answer: Answer) -> Answer:
    """As much of the answer as a table shows."""
    rows, room = [], BYTES
    for row in answer["untrusted"]["rows"][:ROWS]:
        room -= size(row)
        if room < 0:
            break
        rows.append(row)
    more = answer["more"] or len(rows) < answer["row_count"]
    return {**answer, "untrusted": {"rows": rows}, "row_count": len(rows), "more": more}

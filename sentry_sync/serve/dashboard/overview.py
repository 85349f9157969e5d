"""How all is: each project's health, new and growing issues, the newest releases, latency and vitals."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sentry_sync.answers.asking import Answer
from sentry_sync.answers.issues import issues_question
from sentry_sync.serve.dashboard import judged, known, pictures
from sentry_sync.serve.dashboard.asked import Asked
from sentry_sync.serve.dashboard.beside import Part, Works, parts, query
from sentry_sync.serve.dashboard.freshness import together
from sentry_sync.serve.dashboard.judged import State
from sentry_sync.serve.dashboard.page import Page, Watched

TOLD = 12
"""Projects that are judged here, those with the most errors: looking at each takes 50 ms."""

ROWS = 8
"""Of a list: as many as are seen at once."""

LOOKED_AT = 100
"""New and growing issues that are counted: where there are more that is said."""

GROWN = 3.0
"""Standard deviations of a count: chance alone seldom gives as many."""

TREND_ROWS = 28_000
"""Fourteen days of as many projects as the page knows. An answer of a hundred would end with the oldest days."""


@dataclass(frozen=True, slots=True)
class Line:
    """A project's line."""

    project: Mapping[str, Any]
    state: Part[State]
    trend: Sequence[float | None]


def page(asked: Asked) -> Page:
    """The page."""
    projects = known.projects(asked)
    told = projects.busiest()[:TOLD]
    queries = {
        "trend": _drawn(query(asked, "error_trend", TREND_ROWS)),
        "growing": query(asked, "growing_issues", top=LOOKED_AT),
        "slowest": query(asked, "slowest_transactions", top=ROWS),
        "vitals": query(asked, "web_vitals_ratings"),
    }
    works: Works[Any] = {**dict(queries.values()), **judged.works(asked, (one["slug"] for one in told))}
    found = parts(asked, works)
    by_name: dict[str, Part[Any]] = {name: found[key] for name, (key, _) in queries.items()}
    new = asked.answer(issues_question(query="is:unresolved age:-24h", limit=LOOKED_AT))
    lines = _lines(told, found, by_name["trend"].value)
    grown = _with_rows(by_name["growing"], _grown)
    return Page(
        "overview.html.j2",
        "Overview",
        {
            "projects": projects,
            "lines": sorted(lines, key=_worst_first),
            "new": new,
            "shown": new["issues"][:ROWS],
            "grown": grown,
            "counted": LOOKED_AT,
            "growing": _rows_shown(grown),
            "slowest": _with_rows(by_name["slowest"], lambda rows: rows[:ROWS]),
            "vitals": _with_rows(by_name["vitals"], _poorest),
            "parts": by_name,
            "told": {name: part.value["freshness"] if part.value else None for name, part in by_name.items()},
            "judging": any(line.state.pending for line in lines),
            "judged": sorted((line for line in lines if _is_judged(line)), key=_newest_first, reverse=True)[:ROWS],
        },
        together([projects.freshness, new["freshness"], *judged.freshness(line.state for line in lines)]),
        pending=any(part.to_come for part in found.values()),
        charts=True,
        watched=Watched(offered=False),
    )


def _lines(told: Sequence[Mapping[str, Any]], found: Mapping[Any, Part[Any]], trend: Answer | None) -> list[Line]:
    trends = trend["by_project"] if trend else {}
    return [Line(one, found[judged.key(one["slug"])], trends.get(one["slug"], ())) for one in told]


def _drawn(trend: tuple[Hashable, Callable[[], Answer]]) -> tuple[Hashable, Callable[[], Answer]]:
    """The query with its chart and each project's values in place of its rows, which may be thousands.

    Of an answer that was cut there are neither: its newest days are the ones that are missing.
    """
    key, work = trend

    def drawn() -> Answer:
        answer = work()
        whole = not answer["more"]
        chart = pictures.of_query("Errors a day, by project", answer) if whole else None
        values = pictures.by_project(answer) if whole else {}
        return {**answer, "untrusted": {"rows": []}, "chart": chart, "by_project": values}

    return ("drawn", key), drawn


def _worst_first(line: Line) -> tuple[bool, float, str]:
    score = line.state.value.health["score"] if line.state.value else None
    return score is None, score or 0.0, line.project["slug"]


def _rows(answer: Answer) -> list[dict[str, Any]]:
    names = [one["name"] for one in answer["columns"]]
    return [dict(zip(names, row, strict=True)) for row in answer["untrusted"]["rows"]]


def _with_rows(part: Part[Any], chosen: Any) -> Part[Any]:
    return Part(chosen(_rows(part.value)), part.age, renewing=part.renewing) if part.value else part


def _grown(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["score"] is not None and row["score"] >= GROWN]


def _rows_shown(part: Part[Any]) -> Part[Any]:
    return Part(part.value[:ROWS], part.age, renewing=part.renewing) if part.value else part


def _poorest(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that were poor or to be improved, in the query's own order: the largest share of poor hours first."""
    return [row for row in rows if row["poor"] or row["to_improve"]][:ROWS]


def _is_judged(line: Line) -> bool:
    return line.state.value is not None and line.state.value.verdict is not None


def _newest_first(line: Line) -> str:
    release = line.state.value.release if line.state.value else None
    return str((release or {}).get("date_released") or (release or {}).get("date_created") or "")

"""One project in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sentry_sync.answers.asking import Found
from sentry_sync.answers.charts import Chart
from sentry_sync.answers.report import wording
from sentry_sync.answers.report.document import Block, Column, Figure, Paragraph, Points, Section, Table, quoted
from sentry_sync.answers.report.issues import spikes, tables
from sentry_sync.answers.report.material import Material
from sentry_sync.answers.report.overview import charts, health_word, tiles
from sentry_sync.answers.report.performance import performance
from sentry_sync.answers.report.releases import releases
from sentry_sync.trends.verdicts.forecast import FEWEST

ROWS = 5
"""Rows of a project's lists: what a team can take up in a week."""

_PARTS = {
    "errors": "Errors against the usual",
    "crash_free": "Crash-free sessions against the target",
    "latency": "Latency against the target",
    "alerting": "Issues that want somebody",
    "backlog": "Growth of the backlog",
}


def project(material: Material, slug: str) -> Section:
    """All that is known of the project."""
    return Section(
        quoted(slug),
        (tiles(material, slug), *charts(material, slug)),
        (
            Section("Health", tuple(_health(material, slug))),
            Section("Issues", (*tables(material, slug, ROWS), *spikes(material, slug, ROWS))),
            Section("Releases", tuple(releases(material, slug))),
            Section("Performance", tuple(performance(material, slug, ROWS))),
        ),
    )


def _health(material: Material, slug: str) -> Iterator[Block]:
    found = material.health.get(slug)
    if found is None:
        yield Paragraph("Of a project whose own row is not known, no health is told.")
        return
    as_of = found.facts.as_of
    yield Paragraph(f"As of {wording.moment(as_of)} UTC, not of the week: {health_word(material, slug)}.")
    yield Table(
        "Parts of the score",
        (Column("part"), Column("score", number=True), Column("weight", number=True)),
        tuple(
            (
                _PARTS.get(part["part"], part["part"]),
                wording.count(part["score"]),
                wording.share(part["weight"], 0),
            )
            for part in found.rows["parts"]
        ),
        "A part of which nothing is known has no score and no weight.",
    )
    yield _objectives(found)
    yield from _odd_hours(found)
    yield from _forecast(material, slug, found)
    if found.facts.notes:
        yield Points(tuple(f"{note}." for note in found.facts.notes))


def _objectives(found: Found) -> Table:
    return Table(
        "Objectives and their error budgets",
        (
            Column("objective"),
            Column("target", number=True),
            Column("days known", number=True),
            Column("budget used", number=True),
            Column("burn, newest day", number=True),
            Column("burn, 7 days", number=True),
            Column("met"),
        ),
        tuple(
            (
                _objective(one),
                wording.share(one["target"], 1),
                wording.count(one["days"]),
                wording.share(one["budget_used"], 0),
                wording.number(one["burn_newest_day"]),
                wording.number(one["burn_7_days"]),
                "not known" if one["met"] is None else "yes" if one["met"] else "no",
            )
            for one in found.rows["objectives"]
        ),
        "A burn of 1 spends exactly the budget of the objective's window.",
    )


def _objective(one: Mapping[str, Any]) -> str:
    within = one.get("target_p95_ms")
    return str(one["objective"]) if within is None else f"{one['objective']}: p95 within {wording.ms(within)}"


def _odd_hours(found: Found) -> Iterator[Block]:
    odd = found.rows["anomalies"]
    if not odd:
        return
    yield Table(
        "Odd hours of the last seven days",
        (Column("from"), Column("to"), Column("errors", number=True), Column("usual", number=True)),
        tuple(
            (
                wording.instant(one["from"]),
                wording.instant(one["to"]),
                wording.count(one["errors"]),
                wording.number(one["usual"]),
            )
            for one in odd
        ),
    )


def _forecast(material: Material, slug: str, found: Found) -> Iterator[Block]:
    """The days to come, behind those of the chart of errors."""
    expected = found.rows["forecast"]
    if not expected:
        yield Paragraph(f"There is no forecast: that takes {FEWEST} whole days without a gap.")
        return
    days = [(_day(day), day) for day in expected["days"]]
    seen: list[tuple[datetime, float | None]] = [
        (row["day"], None if row["errors"] is None else float(row["errors"]))
        for row in material.rows("error_trend", slug)
    ]
    chart = Chart(
        "Errors to expect",
        "errors",
        lines={"errors": seen, "expected": [(at, float(day["expected"])) for at, day in days]},
        band=[(at, float(day["low"]), float(day["high"])) for at, day in days],
    )
    yield Figure(
        f"Errors to expect in the next seven days, within the band in {expected['level']:.0%} of cases, "
        f"from {expected['from_days']} days",
        chart,
    )


def _day(day: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(str(day["day"]))

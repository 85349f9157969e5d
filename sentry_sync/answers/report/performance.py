"""Latency, web vitals: what was slow, and what became slower."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sentry_sync.answers.report import wording
from sentry_sync.answers.report.document import Block, Column, Paragraph, Table, quoted
from sentry_sync.answers.report.material import Material

Row = Mapping[str, Any]

_UNITS = {"lcp": "ms", "fcp": "ms", "inp": "ms", "ttfb": "ms", "cls": ""}


def performance(material: Material, project: str | None, limit: int) -> Iterator[Block]:
    """Of one project, or of all with the project beside each row."""
    for query, none, table in (
        ("slowest_transactions", "No transactions are known.", _slowest),
        ("latency_change", "No hours of transactions are known both in this week and the one before.", _changes),
        ("web_vitals_ratings", "No web vitals of this week are known.", _vitals),
    ):
        rows = material.rows(query, project)
        yield table(rows, limit, with_project=project is None) if rows else Paragraph(none)


def _beside(row: Row, *, with_project: bool) -> tuple[Any, ...]:
    return (quoted(row["project"]),) if with_project else ()


def _columns(first: str, *, with_project: bool) -> tuple[Column, ...]:
    return (Column(first), *((Column("project"),) if with_project else ()))


def _more(rows: Sequence[Row], limit: int) -> str:
    return f"{len(rows) - limit:,} more are not shown. " if len(rows) > limit else ""


def _sampled(rows: Sequence[Row]) -> str:
    return "The server sampled some of these. " if any(row["approximate"] for row in rows) else ""


def _slowest(rows: Sequence[Row], limit: int, *, with_project: bool) -> Table:
    shown = rows[:limit]
    numbers = ("times", "p50", "p95", "failed", "Apdex")
    since, until = min(row["since"] for row in shown), max(row["until"] for row in shown)
    return Table(
        "Slowest transactions by 95th percentile",
        (
            *_columns("transaction", with_project=with_project),
            Column("environment"),
            *(Column(name, number=True) for name in numbers),
        ),
        tuple(
            (
                quoted(row["transaction"]),
                *_beside(row, with_project=with_project),
                quoted(row["environment"]),
                wording.count(row["count"]),
                wording.ms(row["p50"]),
                wording.ms(row["p95"]),
                wording.share(row["failure_rate"]),
                wording.number(row["apdex"]),
            )
            for row in shown
        ),
        f"{_more(rows, limit)}{_sampled(shown)}Of the 7 days that were synced last, as percentiles do not add up: "
        f"{wording.moment(since)} to {wording.moment(until)}.",
    )


def _changes(rows: Sequence[Row], limit: int, *, with_project: bool) -> Table:
    worst = sorted(rows, key=lambda row: -(row["p95_change"] or 0))
    shown = worst[:limit]
    numbers = ("times", "mean", "week before", "p95 changed by", "slower hours", "hours compared")
    return Table(
        "Latency, hour by hour beside the week before, the greatest slowdown first",
        (
            *_columns("transaction", with_project=with_project),
            Column("environment"),
            *(Column(name, number=True) for name in numbers),
        ),
        tuple(
            (
                quoted(row["transaction"]),
                *_beside(row, with_project=with_project),
                quoted(row["environment"]),
                wording.count(row["count"]),
                wording.ms(row["avg_ms"]),
                wording.ms(row["avg_before_ms"]),
                wording.change(None if row["p95_change"] is None else 1 + row["p95_change"]),
                wording.share(row["slower_hours"], 0),
                wording.count(row["hours"]),
            )
            for row in shown
        ),
        f"{_more(rows, limit)}{_sampled(shown)}Only hours that are known in both weeks are compared, of 168.",
    )


def _vitals(rows: Sequence[Row], limit: int, *, with_project: bool) -> Table:
    worst = sorted(rows, key=lambda row: (-row["poor"], -row["to_improve"]))
    numbers = ("good hours", "to improve", "poor", "newest p75", "loads")
    covered = wording.known(min(row["covered"] for row in rows))
    return Table(
        "Web vitals by their thresholds, the poorest first",
        (
            *_columns("page", with_project=with_project),
            Column("vital"),
            *(Column(name, number=True) for name in numbers),
        ),
        tuple(
            (
                quoted(row["page"]),
                *_beside(row, with_project=with_project),
                str(row["vital"]).upper(),
                wording.count(row["good"]),
                wording.count(row["to_improve"]),
                wording.count(row["poor"]),
                f"{wording.number(row['newest'])} {_UNITS.get(row['vital'], '')}".strip(),
                wording.count(row["loads"]),
            )
            for row in worst[:limit]
        ),
        _more(rows, limit) + (f"{covered}." if covered else ""),
    )

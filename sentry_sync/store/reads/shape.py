"""An organization in numbers, as far as the store knows it: what a plan is made from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Select, Table, distinct, func, select

from sentry_sync.store import tables

DAY = timedelta(days=1)
WEEK = timedelta(days=7)

NOT_SILENT = ("issues.hot", "live")
"""Who sees changes that an event or a question brought up."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the store holds, by the rows of the last day."""

    projects: int
    unresolved: int
    issues: int
    errors: int
    """Errors of the last day."""
    hours: int
    """Full hours of it of which there are counts."""
    issue_hours: int
    """Different issues of each of those hours, added up."""
    count_rows: int
    releases: int
    """Releases made in the last week."""
    releases_held: int
    transactions: int
    """Rows of the fullest hour of the last day."""
    queries: int
    vitals: int
    silent: int
    """Changes of issues found in the last day by looking again."""
    without_body: int
    """Unresolved issues of which no event is held whole."""


def read(connection: Connection, now: datetime) -> Held:
    """The store's numbers at ``now``."""
    issues, counts, releases = tables.issues.c, tables.error_counts.c, tables.releases.c
    hour = now.replace(minute=0, second=0, microsecond=0)
    lately = (counts.hour >= hour - DAY, counts.hour < hour)
    alive = issues.removed_at.is_(None)

    def number(query: Select[Any]) -> int:
        return int(connection.execute(query).scalar() or 0)

    each = select(counts.hour, counts.issue_id).where(*lately).distinct().subquery()
    history = tables.issue_history.c
    with connection.begin():
        return Held(
            projects=number(select(func.count()).where(tables.projects.c.removed_at.is_(None))),
            unresolved=number(select(func.count()).where(alive, issues.status == "unresolved")),
            issues=number(select(func.count()).where(alive)),
            errors=number(select(func.sum(counts.count)).where(*lately)),
            hours=number(select(func.count(distinct(counts.hour))).where(*lately)),
            issue_hours=number(select(func.count()).select_from(each)),
            count_rows=number(select(func.count()).where(*lately)),
            releases=number(select(func.count()).where(releases.date_created >= now - WEEK)),
            releases_held=number(select(func.count()).where(releases.removed_at.is_(None))),
            transactions=number(_fullest(tables.transaction_stats, now)),
            queries=number(_fullest(tables.query_stats, now)),
            vitals=number(_fullest(tables.web_vitals, now)),
            silent=number(
                select(func.count()).where(
                    history.at >= now - DAY,
                    history.field != "count",
                    history.seen_by.not_in(NOT_SILENT),
                )
            ),
            without_body=number(_without_body()),
        )


def _fullest(table: Table, now: datetime) -> Select[Any]:
    hour: Column[datetime] = table.c.hour
    rows = select(func.count().label("rows")).where(hour >= now - DAY).group_by(hour).subquery()
    return select(func.max(rows.c.rows))


def _without_body() -> Select[Any]:
    issues, bodies = tables.issues.c, tables.event_bodies.c
    return select(func.count()).where(
        issues.removed_at.is_(None),
        issues.status == "unresolved",
        ~select(bodies.issue_id).where(bodies.issue_id == issues.id).exists(),
    )

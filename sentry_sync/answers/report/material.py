"""What a report is made from: queries of the library, verdicts and health, all in one moment of the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sentry_sync.answers.asking import Found, View
from sentry_sync.answers.desk import Desk
from sentry_sync.answers.judging import AssessmentQuestion, HealthQuestion
from sentry_sync.answers.locating import Project, locate
from sentry_sync.answers.report.week import Week
from sentry_sync.errors import StoreMissing
from sentry_sync.store.reads import releases
from sentry_sync.store.reads.releases import Wanted
from sentry_sync.trends.freshness import TableState, states
from sentry_sync.trends.library import prepared
from sentry_sync.trends.session import Question, Result, answers_within
from sentry_sync.trends.verdicts.health import Targets

PROJECTS = 20
"""Projects told in full, those with the most errors: more than anybody reads. All are in the overview."""

RELEASES = 5
"""Releases of a project that get a verdict, the newest: a team that ships hourly has a hundred a week."""

LISTED = 200
"""Releases looked at to find those of the week."""

MANY = 20_000
"""Rows of a query: lists are of all projects and are divided among them, so they must not be cut before that."""

_BY_VERDICTS = {"releases", "release_projects"}
"""Tables that the verdicts and the list of the week's releases are from."""

_MOMENT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Judged:
    """A release of the week and its verdict."""

    version: str
    released_at: datetime
    found: Found


@dataclass(frozen=True, slots=True)
class Material:
    """All that is known."""

    week: Week
    now: datetime
    base_url: str | None
    organization: str | None
    project: str | None
    """The one project it is about, by slug; None for all."""
    targets: Targets
    results: Mapping[str, Result]
    tables: Mapping[str, TableState] = field(default_factory=dict)
    """How fresh and how complete each table is that was read."""
    health: Mapping[str, Found] = field(default_factory=dict)
    """Of the projects told in full, by slug."""
    verdicts: Mapping[str, Sequence[Judged]] = field(default_factory=dict)
    unjudged: Mapping[str, int] = field(default_factory=dict)
    """Releases of the week that got no verdict, by project."""

    def rows(self, query: str, project: str | None = None) -> list[dict[str, Any]]:
        """A query's rows, of one project if one is named."""
        result = self.results[query]
        found = (dict(zip(result.columns, row, strict=True)) for row in result.rows)
        return [row for row in found if project is None or row["project"] == project]

    def knows(self, resource: str, project: str | None = None) -> bool:
        """Whether anything of the week is known of it: what is not known is no zero."""
        return any(row["covered"] > 0 for row in self.rows("time_known", project) if row["resource"] == resource)

    def ever(self, table: str) -> bool:
        """Whether it was ever read: as a whole, or, of issues, any of it."""
        state = self.tables.get(table)
        some = table == "issues" and any(row["looked_since"] for row in self.rows("project_weeks"))
        return some or (state is not None and state.as_of is not None)

    def read_since(self, table: str) -> bool:
        """Whether a list was read as a whole after the week had begun: before that nobody could know of it."""
        state = self.tables.get(table)
        return state is not None and state.as_of is not None and state.as_of > self.week.start

    def looked(self, project: str | None = None) -> bool:
        """Whether issues were looked at in the week and not later alone: else what became of them is not known."""
        looks = (row["looked_since"] for row in self.rows("project_weeks", project))
        return self.knows("issues", project) and any(look is not None and look < self.week.end for look in looks)

    def projects(self) -> list[str]:
        """Every project's slug, the one with the most errors first."""
        return [str(row["project"]) for row in self.rows("project_weeks")]


def asked(week: Week, targets: Targets) -> dict[str, dict[str, object]]:
    """Each query of the library that a report asks, and its parameters beside the project."""
    until, last = week.end, week.end - _MOMENT
    hours = {"hours": 7 * 24, "until": until}
    listed = {"days": 7, "until": until, "top": MANY}
    return {
        "project_weeks": {"days": 7, "until": until},
        # Of whole days: that of `until` is the last one.
        "error_trend": {"days": 14, "until": last},
        "crash_free_trend": {"days": 14, "until": last, "target": targets.crash_free},
        "noisiest_issues": listed,
        "growing_issues": {**hours, "top": MANY},
        "first_seen_issues": listed,
        "regressed_issues": {"days": 7, "until": until},
        "resolved_issues": listed,
        "user_impact": listed,
        "error_spikes": hours,
        "slowest_transactions": {"period": "7d", "top": MANY},
        "latency_change": {**hours, "top": MANY},
        "web_vitals_ratings": hours,
        "time_known": {"days": 7, "until": until},
    }


def gathered(desk: Desk, week: Week, project: str | None, now: datetime) -> Material:
    """All of it, as the store knows it; nothing is asked of Sentry.

    Raises QuestionError for a project nobody knows, and StoreMissing where there is no store.
    """
    with desk.moment() as (snapshot, origin):
        paths = desk.store.paths
        if not paths.database.exists():
            raise StoreMissing(f"there is no store at {paths.directory} yet: run `sentry-sync sync` first")
        targets = desk.means.targets
        view = View(snapshot, now, origin, refused=True, targets=targets)
        only = locate(view, project) if project else None
        chosen = {"project": only.slug} if only else {}
        wanted = asked(week, targets)
        questions = []
        for name, given in wanted.items():
            query, values = prepared(paths, name, {**given, **chosen}, now)
            questions.append(Question(query.sql, values, rows=MANY))
        results = dict(zip(wanted, answers_within(paths, snapshot, questions, desk.clock), strict=True))
        material = Material(week, now, *origin, only.slug if only else None, targets, results)
        read = {state.table for result in results.values() for state in result.tables} | _BY_VERDICTS
        told = [found for slug in material.projects()[:PROJECTS] if (found := locate(view, slug))]
        released = {one.slug: list(_released(view, one, week)) for one in told}
        return Material(
            week,
            now,
            *origin,
            material.project,
            targets,
            results,
            {state.table: state for state in states(snapshot, read)},
            {one.slug: HealthQuestion(one.slug).look(view) for one in told},
            {slug: [_judged(view, slug, row) for row in rows[:RELEASES]] for slug, rows in released.items()},
            {slug: max(0, len(rows) - RELEASES) for slug, rows in released.items()},
        )


def _released(view: View, project: Project, week: Week) -> Iterator[Any]:
    """The project's releases of the week, the newest first."""
    for row in releases.page(view.snapshot, Wanted(project.id, LISTED, since=week.before)):
        at = _released_at(row)
        if at is not None and week.start <= at < week.end:
            yield row


def _released_at(row: Any) -> datetime | None:
    found: datetime | None = row.date_released or row.date_created
    return found


def _judged(view: View, slug: str, row: Any) -> Judged:
    at = _released_at(row) or view.now
    return Judged(str(row.version), at, AssessmentQuestion(slug, str(row.version)).look(view))

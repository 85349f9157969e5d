"""get-projects: the organization's projects, with what they received in the last 24 hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sentry_sync.answers import untrusted
from sentry_sync.answers.asking import Answer, Found, Step, View
from sentry_sync.answers.capping import Paging
from sentry_sync.answers.cursors import Position, decode, encode
from sentry_sync.answers.freshness import Facts, Refusal
from sentry_sync.answers.locating import SLUG
from sentry_sync.answers.misses import Miss, snapshot
from sentry_sync.answers.times import shown
from sentry_sync.answers.warnings import warnings
from sentry_sync.errors import QuestionError
from sentry_sync.store.reads import knowledge, projects
from sentry_sync.store.reads.knowledge import Knowledge
from sentry_sync.sync.plan import stale_after

NO_STATS = Refusal("not_supported", "this server does not count what projects receive, so stats are null")

ROWS = 100
"""Projects shown at most: a page of 100 takes 12 kB, 20 with stats."""

_STREAMS = ("projects", "project_stats")


@dataclass(frozen=True, slots=True)
class ProjectsQuestion:
    """The projects that are not removed, by slug."""

    organization: str | None = None
    """Must be the store's own, by slug or id, if given."""
    include_stats: bool = False
    cursor: str | None = None

    resource = "projects"

    def look(self, view: View) -> Found:
        """The projects as the store knows them."""
        known = knowledge.read(view.snapshot, _STREAMS if self.include_stats else _STREAMS[:1], ())
        miss = snapshot(known.as_of("projects"))
        if miss is None and self.organization:
            self._check_organization(view)
        rows = projects.page(view.snapshot, ROWS + 1, self._after())
        stats_miss = snapshot(known.as_of("project_stats")) if self.include_stats else None
        refusal = NO_STATS if stats_miss and known.capabilities.get("stats_v2") is False else None
        return Found(
            rows=self._answer(view, rows[:ROWS], more=len(rows) > ROWS),
            facts=self._facts(view, known, complete=miss is None and stats_miss is None),
            miss=miss or stats_miss,
            step=self._step(view, miss, None if refusal else stats_miss),
            refusal=refusal,
            refresh=self._refresh(view, stats=self.include_stats and refusal is None),
            paging=Paging(
                "projects",
                lambda count: encode(self, Position(after=(rows[count - 1].slug, rows[count - 1].id))),
            ),
        )

    def _after(self) -> tuple[str, str]:
        """The slug and id of the last project of the page before."""
        if self.cursor is None:
            return "", ""
        slug, project_id = (*decode(self.cursor, self).after, None, None)[:2]
        return str(slug or ""), str(project_id or "")

    def _check_organization(self, view: View) -> None:
        row = projects.organization(view.snapshot)
        names = {row.id, row.slug} if row else set()
        slug = row.slug if row else view.origin[1]
        asked = (self.organization or "").strip()
        if slug and asked.lower() not in {name.lower() for name in {*names, slug}}:
            raise QuestionError(
                f"this is a copy of organization {untrusted.line(slug, SLUG)!r} alone: "
                "leave `organization` out, or name that one"
            )

    def _refresh(self, view: View, *, stats: bool) -> Step | None:
        """The list, then what the projects in it received."""
        if stats and "projects" in view.learned:
            return self._step(view, None, Miss.ASKED_FRESH)
        return self._step(view, Miss.ASKED_FRESH, None)

    def _step(self, view: View, miss: Miss | None, stats_miss: Miss | None) -> Step | None:
        if miss is None and stats_miss is None:
            return None
        from sentry_sync.answers.fetching.projects import count_by_project, list_projects

        if miss:
            return Step("projects", list_projects)
        ids = projects.ids_by_slug(view.snapshot)
        return Step("project_stats", lambda live: count_by_project(live, ids))

    def _answer(self, view: View, rows: list[Any], *, more: bool) -> Answer:
        row = projects.organization(view.snapshot)
        organization = {"id": row.id, "slug": row.slug} if row else None
        return {
            "organization": organization,
            "projects": [self._row(project) for project in rows],
            "more": more,
        }

    def _row(self, project: Any) -> dict[str, Any]:
        found = {
            "id": project.id,
            "slug": untrusted.line(project.slug, SLUG),
            "name": untrusted.line(project.name or project.slug),
            "platform": untrusted.word(project.platform),
            "status": project.status,
        }
        if self.include_stats:
            found["stats"] = _stats_of(project)
        return found

    def _facts(self, view: View, known: Knowledge, *, complete: bool) -> Facts:
        notes = [*warnings(known, view), *view.notes("projects", "project_stats")]
        times = [known.as_of("projects")]
        if self.include_stats and known.as_of("project_stats"):
            times.append(known.as_of("project_stats"))
        return Facts(
            as_of=min((at for at in times if at), default=None),
            complete=complete,
            stale_after=stale_after("projects"),
            source=_source(view, self.include_stats),
            rung="projects" if any(times) else None,
            notes=tuple(notes),
        )


def _source(view: View, include_stats: bool) -> str:
    wanted = {"projects", "project_stats"} if include_stats else {"projects"}
    asked = wanted & view.learned.keys()
    if not asked:
        return "local"
    return "live" if asked == wanted else "mixed"


def _stats_of(project: Any) -> dict[str, Any] | None:
    as_of: datetime | None = project.as_of
    if as_of is None:
        return None
    return {
        "events_24h": project.events_24h,
        "errors_24h": project.errors_24h,
        "sessions_24h": project.sessions_24h,
        "as_of": shown(as_of),
    }

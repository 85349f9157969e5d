"""get-releases: a project's releases, newest first, with their health and deploys if asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sentry_sync.answers import untrusted
from sentry_sync.answers.asking import Found, Step, View
from sentry_sync.answers.freshness import Facts, Refusal
from sentry_sync.answers.health import HealthDays, health_days, health_of
from sentry_sync.answers.locating import Project, locate, not_located
from sentry_sync.answers.misses import Miss, snapshot, still_good
from sentry_sync.answers.times import shown
from sentry_sync.answers.warnings import warnings
from sentry_sync.store.reads import knowledge, releases
from sentry_sync.store.reads.knowledge import Knowledge
from sentry_sync.sync.plan import stale_after

NO_SESSIONS = Refusal("not_supported", "this server has no sessions, so health is null")

ROWS = 50
"""Releases shown at most."""

DEPLOYS = 5
"""Deploys of a release shown at most, the newest."""


@dataclass(frozen=True, slots=True)
class ReleasesQuestion:
    """Releases of one project; of one version, those whose full or short version it is."""

    project: str
    version: str | None = None
    health_data: bool = False

    resource = "releases"

    def look(self, view: View) -> Found:
        """The releases as the store knows them."""
        project = locate(view, self.project)
        if project is None:
            return not_located(view, self.resource, {"project": None, "releases": [], "more": None})
        return _Look(self, view, project).found()


class _Look:
    """One look at one project's releases."""

    def __init__(self, question: ReleasesQuestion, view: View, project: Project) -> None:
        self.question = question
        self.view = view
        self.project = project
        self.asked_scope = f"project:{project.id}"
        streams = ("releases", "releases.asked", *(("release_health", "deploys") if question.health_data else ()))
        self.known: Knowledge = knowledge.read(view.snapshot, streams, ("release_health",), ("", self.asked_scope))

    def found(self) -> Found:
        question, view = self.question, self.view
        rows = (
            releases.named(view.snapshot, self.project.id, question.version, ROWS + 1)
            if question.version
            else releases.newest(view.snapshot, self.project.id, ROWS + 1)
        )
        as_of, miss = self._list_miss(rows)
        days = health_days(self.known, view.now) if question.health_data else None
        health_miss = self._health_miss(days) if question.health_data and miss is None and rows else None
        refusal = NO_SESSIONS if health_miss and self.known.capabilities.get("sessions") is False else None
        return Found(
            {
                "project": self.project.shown(),
                "releases": self._rows(rows[:ROWS], days),
                "more": len(rows) > ROWS,
                **({"health_days": days.shown() if days else None} if question.health_data else {}),
            },
            self._facts(as_of, rows[:ROWS], days, complete=miss is None and health_miss is None),
            miss or health_miss,
            self._step(miss, None if refusal else health_miss),
            refusal,
        )

    def _list_miss(self, rows: Sequence[Any]) -> tuple[datetime | None, Miss | None]:
        """As of when the list is known, and whether it can't be answered from the store."""
        synced = self.known.as_of("releases")
        asked = self.known.as_of("releases.asked", self.asked_scope)
        learned = self.view.learned.get("releases")
        if learned:
            return learned.at, None
        if self.question.version and not rows:
            return synced, Miss.UNKNOWN_ID if synced else Miss.NEVER_SYNCED
        if synced is None and still_good(asked, self.view.now, stale_after("releases")):
            return asked, None
        if self.question.version and synced is None:
            return min(row.verified_at for row in rows), None
        return synced, snapshot(synced)

    def _health_miss(self, days: HealthDays | None) -> Miss | None:
        if days is None:
            return Miss.NEVER_SYNCED
        synced = self.known.as_of("release_health") is not None
        good = synced or still_good(days.as_of, self.view.now, stale_after("releases"))
        return None if good else Miss.OUTSIDE_COVERAGE

    def _step(self, miss: Miss | None, health_miss: Miss | None) -> Step | None:
        if miss is None and health_miss is None:
            return None
        from sentry_sync.answers.fetching import releases as fetching

        project, version = self.project, self.question.version
        if miss and version:
            return Step("releases", lambda live: fetching.find_release(live, project, version))
        if miss:
            return Step("releases", lambda live: fetching.list_releases(live, project, self.asked_scope))
        return Step("health", fetching.read_health)

    def _rows(self, rows: Sequence[Any], days: HealthDays | None) -> list[dict[str, Any]]:
        if not self.question.health_data:
            return [_shown(row) for row in rows]
        versions = [row.version for row in rows]
        deploys = releases.deploys(self.view.snapshot, versions)
        health = releases.health(self.view.snapshot, self.project.id, versions, days.window) if days else {}
        return [
            {
                **_shown(row),
                "health": health_of(health.get(row.version, ()), days) if days else None,
                "deploys": [_shown_deploy(deploy) for deploy in deploys.get(row.version, ())[:DEPLOYS]],
            }
            for row in rows
        ]

    def _facts(
        self, as_of: datetime | None, rows: Sequence[Any], days: HealthDays | None, *, complete: bool
    ) -> Facts:
        notes = [*self.project.notes, *warnings(self.known), *self.view.notes("releases", "health")]
        if self.question.health_data:
            notes += days.notes() if days else []
            as_of = min(as_of, days.as_of) if as_of and days else as_of
        learned = self.view.learned.get("releases")
        verified = min((row.verified_at for row in rows), default=None)
        if as_of and verified and as_of - verified > stale_after("releases"):
            notes.append(f"counts and dates of releases that are not new are as of {shown(verified)} or later")
        return Facts(
            as_of=as_of,
            complete=complete and (learned is None or learned.complete),
            stale_after=stale_after("releases"),
            source=self._source(),
            rung=("releases, sessions" if days else "releases") if as_of else None,
            notes=tuple(notes),
            oldest_verified_at=verified,
        )

    def _source(self) -> str:
        asked = self.view.learned.keys() & {"releases", "health"}
        if not asked:
            return "local"
        return "mixed" if self.question.health_data and len(asked) == 1 else "live"


def _shown(row: Any) -> dict[str, Any]:
    return {
        "status": row.status,
        "date_created": shown(row.date_created),
        "date_released": shown(row.date_released),
        "first_event": shown(row.first_event),
        "last_event": shown(row.last_event),
        "new_issues": row.project_new_issues if row.project_new_issues is not None else row.new_issues,
        "commit_count": row.commit_count,
        "deploy_count": row.deploy_count,
        "verified_at": shown(row.verified_at),
        "untrusted": untrusted.fields(
            {"version": row.version, "short_version": row.short_version, "ref": row.ref, "url": row.url}
        ),
    }


def _shown_deploy(deploy: Any) -> dict[str, Any]:
    return {
        "date_started": shown(deploy.date_started),
        "date_finished": shown(deploy.date_finished),
        "untrusted": untrusted.fields({"environment": deploy.environment, "name": deploy.name, "url": deploy.url}),
    }

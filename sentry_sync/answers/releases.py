"""get-releases: a project's releases, newest first, with their health and deploys if asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sentry_sync.answers import untrusted
from sentry_sync.answers.asking import Found, Step, View
from sentry_sync.answers.capping import Paging
from sentry_sync.answers.cursors import Position, decode, encode
from sentry_sync.answers.freshness import Facts, Refusal
from sentry_sync.answers.health import HealthDays, health_days, health_of
from sentry_sync.answers.locating import Project, locate, not_located
from sentry_sync.answers.misses import Miss, snapshot, still_good
from sentry_sync.answers.new_issues import NO_SEARCH, STREAM, UNSPEAKABLE, NewIssues, count_of, searchable
from sentry_sync.answers.new_issues import scope as scope_of
from sentry_sync.answers.times import parse, shown
from sentry_sync.answers.warnings import warnings
from sentry_sync.errors import QuestionError
from sentry_sync.store.reads import knowledge, releases
from sentry_sync.store.reads.knowledge import Knowledge
from sentry_sync.store.reads.releases import Wanted
from sentry_sync.store.types import from_micros, to_micros
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
    query: str | None = None
    """Only versions that contain it, whatever its case."""
    since: str | None = None
    cursor: str | None = None
    response_format: str = "concise"

    resource = "releases"

    def look(self, view: View) -> Found:
        """The releases as the store knows them."""
        wanted = self._wanted(view.now)
        project = locate(view, self.project)
        if project is None:
            return not_located(view, self.resource, {"project": None, "releases": [], "more": None})
        return _Look(self, view, project, replace(wanted, project_id=project.id)).found()

    def _wanted(self, now: datetime) -> Wanted:
        """Which rows; wrong times and cursors are told before anything is asked."""
        since = parse(self.since, now, "since") if self.since else None
        wanted = Wanted("", ROWS + 1, self.version, self.query, since)
        if self.cursor is None:
            return wanted
        created, last = (*decode(self.cursor, self).after, None, None)[:2]
        if not isinstance(last, str) or not isinstance(created, int | None):
            raise QuestionError("cursor is none of ours: pass next_cursor of the answer before, unchanged")
        return replace(wanted, last=last, last_created=None if created is None else from_micros(created))

    def cursor_at(self, row: Any) -> str:
        """The cursor that goes on behind ``row``."""
        created = None if row.date_created is None else to_micros(row.date_created)
        return encode(self, Position(after=(created, row.version)))


class _Look:
    """One look at one project's releases."""

    def __init__(self, question: ReleasesQuestion, view: View, project: Project, wanted: Wanted) -> None:
        self.question = question
        self.view = view
        self.project = project
        self.asked_scope = f"project:{project.id}"
        self.detailed = question.response_format == "detailed"
        rows = releases.page(view.snapshot, wanted)
        self.rows, self.more = rows[:ROWS], len(rows) > ROWS
        streams = ("releases", "releases.asked", *(("release_health", "deploys") if question.health_data else ()))
        scopes = ["", self.asked_scope, f"{self.asked_scope}|newest"]
        if self.detailed:
            streams = (*streams, STREAM)
            scopes += [scope_of(project.id, row.version) for row in self.rows]
        self.known: Knowledge = knowledge.read(view.snapshot, streams, ("release_health",), scopes)
        self.new_issues = NewIssues(view.snapshot, self.known, project.id, self.rows, view.now)

    def found(self) -> Found:
        as_of, miss = self._list_miss()
        days = health_days(self.known, self.view.now) if self.question.health_data else None
        health_miss = self._health_miss(days) if self.question.health_data and miss is None and self.rows else None
        issues_miss = self._issues_miss() if miss is None and health_miss is None else None
        refusal = self._refusal(health_miss, issues_miss)
        missing = miss or health_miss or issues_miss
        return Found(
            {
                "project": self.project.shown(),
                "releases": self._rows(days),
                "more": self.more,
                **({"health_days": days.shown() if days else None} if self.question.health_data else {}),
            },
            self._facts(as_of, days, complete=missing is None),
            missing,
            None if refusal or not missing else self._step(miss, health_miss),
            refusal,
            refresh=self._refresh(),
            paging=Paging("releases", lambda count: self.question.cursor_at(self.rows[count - 1])),
        )

    def _refusal(self, health_miss: Miss | None, issues_miss: Miss | None) -> Refusal | None:
        if health_miss and self.known.capabilities.get("sessions") is False:
            return NO_SESSIONS
        if issues_miss and self.known.capabilities.get("issues.sentry") is False:
            return NO_SEARCH
        if issues_miss and not searchable(self.rows[0].version):
            return UNSPEAKABLE
        return None

    def _issues_miss(self) -> Miss | None:
        """Of one release that was named, all new issues are wanted; of a list, what is known of them."""
        if not self.detailed or not self.question.version or "new_issues" in self.view.learned:
            return None
        known = all(self.new_issues.complete(row) for row in self.rows[:1])
        return None if known else Miss.OUTSIDE_COVERAGE

    def _refresh(self) -> Step:
        """The list, then the health of what is in it."""
        able = self.question.health_data and self.known.capabilities.get("sessions") is not False
        if able and "releases" in self.view.learned:
            return self._step(None, Miss.ASKED_FRESH)
        return self._step(Miss.ASKED_FRESH, None)

    def _list_miss(self) -> tuple[datetime | None, Miss | None]:
        """As of when the list is known, and whether it can't be answered from the store."""
        synced = self.known.as_of("releases")
        scopes = (self.asked_scope, *(() if self.question.cursor else (f"{self.asked_scope}|newest",)))
        asked = self.known.as_of("releases.asked", *scopes)
        learned = self.view.learned.get("releases")
        if learned:
            return learned.at, None
        if self.question.version and not self.rows:
            return synced, Miss.UNKNOWN_ID if synced else Miss.NEVER_SYNCED
        if synced is None and still_good(asked, self.view.now, stale_after("releases")):
            return asked, None
        if self.question.version and synced is None:
            return min(row.verified_at for row in self.rows), None
        return synced, snapshot(synced)

    def _health_miss(self, days: HealthDays | None) -> Miss | None:
        if days is None:
            return Miss.NEVER_SYNCED
        synced = self.known.as_of("release_health") is not None
        good = synced or still_good(days.as_of, self.view.now, stale_after("releases"))
        return None if good else Miss.OUTSIDE_COVERAGE

    def _step(self, miss: Miss | None, health_miss: Miss | None) -> Step:
        from sentry_sync.answers.fetching import releases as fetching

        project, version = self.project, self.question.version
        if miss and version:
            return Step("releases", lambda live: fetching.find_release(live, project, version))
        if miss:
            return Step("releases", lambda live: fetching.list_releases(live, project, self.asked_scope))
        if health_miss:
            return Step("health", fetching.read_health)
        return Step("new_issues", lambda live: fetching.new_issues(live, project, self.rows[0].version))

    def _rows(self, days: HealthDays | None) -> list[dict[str, Any]]:
        found = self._with_health(days) if self.question.health_data else [_shown(row) for row in self.rows]
        if self.detailed:
            for shown_row, row in zip(found, self.rows, strict=True):
                shown_row["first_seen_here"] = self.new_issues.shown(row)
        return found

    def _with_health(self, days: HealthDays | None) -> list[dict[str, Any]]:
        versions = [row.version for row in self.rows]
        deploys = releases.deploys(self.view.snapshot, versions)
        health = releases.health(self.view.snapshot, self.project.id, versions, days.window) if days else {}
        return [
            {
                **_shown(row),
                "health": health_of(health.get(row.version, ()), days) if days else None,
                "deploys": [_shown_deploy(deploy) for deploy in deploys.get(row.version, ())[:DEPLOYS]],
            }
            for row in self.rows
        ]

    def _facts(self, as_of: datetime | None, days: HealthDays | None, *, complete: bool) -> Facts:
        notes = [
            *self.project.notes,
            *warnings(self.known, self.view),
            *self.view.notes("releases", "health", "new_issues"),
        ]
        if self.question.health_data:
            notes += days.notes() if days else []
            as_of = min(as_of, days.as_of) if as_of and days else as_of
        verified = min((row.verified_at for row in self.rows), default=None)
        if as_of and verified and as_of - verified > stale_after("releases"):
            notes.append(f"counts and dates of releases that are not new are as of {shown(verified)} or later")
        return Facts(
            as_of=as_of,
            complete=complete and self._read_whole(),
            stale_after=stale_after("releases"),
            source=self._source(),
            rung=("releases, sessions" if days else "releases") if as_of else None,
            notes=tuple(notes),
            oldest_verified_at=verified,
        )

    def _read_whole(self) -> bool:
        """Whether what was asked of Sentry came whole, and reaches as far as this page."""
        learned = self.view.learned
        if any(not step.complete for step in learned.values()):
            return False
        return self.more or not (learned["releases"].more if "releases" in learned else False)

    def _source(self) -> str:
        wanted = {"releases"} | ({"health"} if self.question.health_data else set())
        asked = self.view.learned.keys() & {*wanted, "new_issues"}
        if not asked:
            return "local"
        return "live" if wanted <= asked else "mixed"


def _shown(row: Any) -> dict[str, Any]:
    return {
        "status": row.status,
        "date_created": shown(row.date_created),
        "date_released": shown(row.date_released),
        "first_event": shown(row.first_event),
        "last_event": shown(row.last_event),
        "new_issues": count_of(row),
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

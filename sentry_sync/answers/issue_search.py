"""get-issues with a query, a window or over all projects: Sentry's search, from the store where it means the same.

What the store cannot answer with Sentry's meaning is asked of Sentry whole, in Sentry's order, and goes on with
Sentry's cursor. Where Sentry cannot be asked, issues that may fit are shown as such, and a query that the store
does not understand finds none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from sentry_sync.answers import issue_rows, recent, untrusted
from sentry_sync.answers.asking import Found, Learned, Step, View
from sentry_sync.answers.capping import Paging
from sentry_sync.answers.freshness import Facts, Refusal
from sentry_sync.answers.locating import locate, not_located
from sentry_sync.answers.misses import Miss
from sentry_sync.answers.search_local import Scene, read
from sentry_sync.answers.search_page import Page, Window, behind, going_on, told, window_of
from sentry_sync.answers.searching import OF_EVENTS, Answerable, Asked, Unanswerable, decide
from sentry_sync.answers.times import shown
from sentry_sync.answers.warnings import warnings
from sentry_sync.errors import QuestionError
from sentry_sync.records.intervals import Interval
from sentry_sync.records.search import Search, Term
from sentry_sync.records.search_grammar import BadSearch, parse
from sentry_sync.store.reads import issues, knowledge, projects
from sentry_sync.sync.plan import stale_after
from sentry_sync.sync.streams.issues import SWEEP_NAME

STEP = "search"

STREAMS = ("issues.hot", SWEEP_NAME, "issue_environments", "error_counts", "events")
RESOURCES = ("issues", "issue_environments", "error_counts", "events")

_CHANGES_UNSEEN = frozenset({"is", "assigned", "issue.priority"})
"""Keys about what people change without an event."""


@dataclass(frozen=True, slots=True)
class SearchQuestion:
    """Which issues of one project or of all, in which order."""

    query: str = ""
    project: str | None = None
    status: str | None = None
    environment: str | None = None
    limit: int = 25
    sort: str = "date"
    since: str | None = None
    until: str | None = None
    cursor: str | None = None
    response_format: str = issue_rows.DETAILED

    resource = "issues"

    def look(self, view: View) -> Found:
        """The issues as the store knows them, or as Sentry just told."""
        project = locate(view, self.project) if self.project is not None else None
        if self.project is not None and project is None:
            return not_located(view, self.resource, {"project": None, "issues": [], "more": None})
        at = going_on(self, view.now)
        known = knowledge.read(
            view.snapshot, STREAMS, RESOURCES, ("", f"project:{project.id}") if project else ("",)
        )
        scene = Scene(view, known, project, self.window(at.now), at, self.sort, self.limit)
        page = self._page(scene)
        step, refusal = self._step(scene)
        return Found(
            self._rows(scene, page),
            self._facts(scene, page),
            page.miss,
            step if page.miss else None,
            refusal if page.miss else None,
            refresh=step,
            paging=Paging("issues", partial(behind, self, page, at.now)),
        )

    def text(self) -> str:
        """The whole query, the status it was asked with included, as Sentry is asked."""
        return " ".join(part for part in (f"is:{self.status}" if self.status else "", self.query.strip()) if part)

    def told_by_rows(self) -> bool:
        """Whether Sentry's rows tell what they are sorted by: not what is counted under the query's own terms."""
        return all(term.key not in OF_EVENTS for term in parsed(self.query).terms)

    def window(self, now: datetime) -> Window:
        """The window of a question asked at ``now``; raises QuestionError for one that is none."""
        return window_of(self.since, self.until, now)

    def _decide(self, view: View, now: datetime) -> Answerable | Unanswerable:
        if "@" in self.query:
            return Unanswerable("addresses may have been scrubbed from the copy")
        found = parsed(self.query)
        terms = found.terms
        if self.status:
            found = Search((Term("is", "", (self.status,)), *terms), found.text, found.unsure)
        keys = {term.key for term in terms}
        return decide(
            found,
            Asked(
                now,
                self.environment,
                by_count=self.sort == "frequency",
                in_project=self.project is not None,
                project_ids=projects.ids_by_slug(view.snapshot) if keys & {"project", "project.name"} else {},
                issue_ids=_issue_ids(view, terms) if "issue" in keys else {},
            ),
        )

    def _page(self, scene: Scene) -> Page:
        learned = scene.view.learned.get(STEP)
        decision = self._decide(scene.view, scene.at.now)
        if learned:
            why = decision.why if isinstance(decision, Unanswerable) else ""
            return replace(told(scene.view, learned), why=why)
        if isinstance(decision, Unanswerable):
            return Page(miss=Miss.UNSUPPORTED_FILTER, why=decision.why)
        if scene.at.server is not None:
            # Sentry gave the page before, in an order that may not be ours.
            found = read(scene, decision) if scene.view.refused else Page()
            return found.missed(Miss.UNSUPPORTED_FILTER, "the page before was Sentry's own")
        return read(scene, decision)

    def _step(self, scene: Scene) -> tuple[Step | None, Refusal | None]:
        if scene.known.capabilities.get("issues.sentry") is False:
            return None, Refusal("not_supported", "this server's own search is not Sentry's: narrow the query")

        def run(live: Any) -> Learned:
            from sentry_sync.answers.fetching.search import search_issues

            return search_issues(live, self, scene.project, scene.at)

        return Step(STEP, run), None

    def _rows(self, scene: Scene, page: Page) -> dict[str, Any]:
        view, project = scene.view, scene.project
        slugs = {} if project else {key: slug for slug, key in projects.ids_by_slug(view.snapshot).items()}

        def more(row: Any) -> dict[str, Any]:
            found: dict[str, Any] = {"in_window": page.in_window.get(row.id)}
            if project is None:
                found["project"] = untrusted.line(slugs.get(row.project_id, row.project_id))
            if page.uncertain:
                found["certain"] = row.id not in page.uncertain
            return found

        return {
            "project": project.shown() if project else None,
            "window": scene.window.shown(),
            "issues": issue_rows.rows(view.snapshot, scene.known, page.rows, self.response_format, more),
            "more": page.more,
        }

    def _facts(self, scene: Scene, page: Page) -> Facts:
        view, known, project = scene.view, scene.known, scene.project
        learned = view.learned.get(STEP)
        verified = min((row.verified_at for row in page.rows), default=None)
        as_of = page.known.as_of if page.known else verified
        notes = [*(project.notes if project else ()), *warnings(known, view), *view.notes(STEP)]
        if page.why:
            notes.append(f"the copy alone cannot answer this: {page.why}")
        keys = {term.key for term in parsed(self.query).terms} | ({"is"} if self.status else set())
        if keys & _CHANGES_UNSEEN and not learned:
            swept = known.as_of(SWEEP_NAME)
            notes.append(CHANGES_NOTE.format(f" {shown(swept)}" if swept else ""))
        if page.rows:
            notes += recent.notes(known, as_of)
        span = page.known
        return Facts(
            as_of=as_of,
            complete=page.miss is None and (learned is None or learned.complete),
            stale_after=stale_after(self.resource),
            coverage=Interval(span.since, span.as_of) if span and span.since < span.as_of else None,
            source="live" if learned else "local",
            rung=known.rung("issues") or ("issues" if learned else None),
            notes=tuple(notes),
            oldest_verified_at=verified,
        )


CHANGES_NOTE = (
    "a status, assignee or priority changed in Sentry without an event shows only once the issue is read again: "
    "what a row says is as of its verified_at, and an issue that came to fit since{} may be missing"
)


def parsed(query: str) -> Search:
    """The query's tree; raises QuestionError for one that Sentry would refuse."""
    try:
        return parse(query)
    except BadSearch as error:
        raise QuestionError(str(error)) from None


def _issue_ids(view: View, terms: Sequence[Term]) -> dict[str, str]:
    named = {value for term in terms if term.key == "issue" for value in term.values}
    rows = {value: issues.by_short_id(view.snapshot, value) for value in named}
    return {value: row.id for value, row in rows.items() if row is not None and row.removed_at is None}

"""get-issues: the issues of a project, in an order, with what a triager needs beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sentry_sync.answers import issue_rows, recent
from sentry_sync.answers.asking import Found, Step, View
from sentry_sync.answers.capping import Paging
from sentry_sync.answers.cursors import NOT_OURS, Position, decode, encode
from sentry_sync.answers.freshness import Facts
from sentry_sync.answers.issue_reach import reach_of, reach_there
from sentry_sync.answers.issue_search import SearchQuestion, parsed
from sentry_sync.answers.locating import Project, locate, not_located
from sentry_sync.answers.misses import (
    SEARCH_WINDOW,
    Miss,
    Reach,
    newest_of,
    reach,
    search_edge,
    still_good,
)
from sentry_sync.answers.past import PastIssuesQuestion
from sentry_sync.answers.times import shown
from sentry_sync.answers.warnings import warnings
from sentry_sync.errors import QuestionError
from sentry_sync.records.intervals import Interval
from sentry_sync.store.reads import issues, knowledge
from sentry_sync.store.reads.issues import EPOCH, RANKS, IssueFilter, Place
from sentry_sync.store.reads.knowledge import Knowledge
from sentry_sync.store.types import from_micros, to_micros
from sentry_sync.sync.plan import stale_after
from sentry_sync.sync.streams.issues import GLITCHTIP, SENTRY, SWEEP_NAME

_STREAMS = ("issues.hot", SWEEP_NAME, "issue_environments", "error_counts")
_RESOURCES = ("issues", "issue_environments", "error_counts", "issues.asked")

_STATUS_NOTE = (
    "a status changed in Sentry without a new event shows only once the issue is read again: a row's status is as "
    "of its verified_at, and an issue that moved into this status since{} may be missing"
)


@dataclass(frozen=True, slots=True)
class IssuesQuestion:
    """Which issues, in which order."""

    project: str
    status: str | None = None
    environment: str | None = None
    limit: int = 25
    sort: str = "date"
    cursor: str | None = None
    response_format: str = issue_rows.DETAILED

    resource = "issues"

    def look(self, view: View) -> Found:
        """The issues as the store knows them."""
        self.place()
        project = locate(view, self.project)
        if project is None:
            return not_located(view, self.resource, {"project": None, "issues": [], "more": None})
        known = knowledge.read(view.snapshot, _STREAMS, _RESOURCES, ("", self.scope(project)))
        page = self._page(view, known, project)
        step = self._step(project, known)
        return Found(
            self._rows(view, known, project, page),
            self._facts(view, known, page, project),
            page.miss,
            None if page.miss is None else step,
            refresh=step,
            paging=Paging(
                "issues", lambda count: self._behind(page.rows[count - 1]) if count else self.cursor or ""
            ),
        )

    def place(self) -> Place | None:
        """Behind which row to go on; raises QuestionError for a cursor of another question."""
        if self.cursor is None:
            return None
        position = decode(self.cursor, self)
        try:
            key, issue_id, rank = position.after
            number = None if key is None else int(key)
            at = number if number is None or self.sort == "frequency" else from_micros(number)
            return Place(at, str(issue_id), int(rank or 0))
        except (ValueError, TypeError, OverflowError):
            raise QuestionError(NOT_OURS) from None

    def _behind(self, row: Any) -> str:
        place = self.place_of(row)
        key = to_micros(place.key) if isinstance(place.key, datetime) else place.key
        return encode(self, Position((key, place.id, place.rank)))

    def place_of(self, row: Any) -> Place:
        """Where a row stands in the question's order."""
        rank = RANKS.get(row.priority or "", len(RANKS)) if self.sort == "priority" else 0
        if self.sort == "frequency":
            return Place(row.count, row.id, rank)
        return Place(getattr(row, "seen_there", row.last_seen), row.id, rank)

    def scope(self, project: Project) -> str:
        """The scope of what Sentry's answer to this very question covers."""
        return f"project:{project.id}|{self.status or ''}|{self.sort}|{self.limit}|{self.environment or ''}"

    def _page(self, view: View, known: Knowledge, project: Project) -> _Page:
        """What Sentry just said, else what the sync read if that suffices, else what it said a moment ago."""
        learned = view.learned.get("issues")
        if learned:
            rows = issues.by_ids(view.snapshot, learned.ids)
            return _Page(rows, learned.more, None, Reach(learned.at, learned.at))
        synced = self._synced(known)
        found = self._read(view, project, synced)
        if found.miss is None:
            return found
        asked = reach(None, [part.interval for part in known.covered("issues.asked", self.scope(project))])
        if asked and still_good(asked.as_of, view.now, stale_after(self.resource)):
            own = self._read(view, project, asked, verified_since=asked.as_of)
            if own.miss is None:
                return own
        return found

    def _synced(self, known: Knowledge) -> Reach | None:
        return reach_of(known) if self.environment is None else reach_there(known)

    def _read(self, view: View, project: Project, known: Reach | None, verified_since: datetime = EPOCH) -> _Page:
        as_of = known.as_of if known else view.now
        rows = issues.page(
            view.snapshot,
            IssueFilter(
                project.id,
                status=self.status,
                environment=self.environment,
                environment_since=as_of - SEARCH_WINDOW,
                verified_since=verified_since,
                sort=self.sort,
                limit=self.limit + 1,
                after=self.place(),
            ),
        )
        oldest = search_edge(as_of)
        if self.environment and known and known.since > oldest:
            # No event in an environment is older than the project's oldest issue.
            oldest = max(oldest, issues.oldest_first_seen(view.snapshot, project.id) or oldest)
        edge = self._edge(rows)
        miss = newest_of(known, edge, oldest)
        if miss is None and self.environment and verified_since == EPOCH:
            miss = self._other_kinds(view, project, edge)
        # A full page may be all that is known; what comes behind it is then not.
        ends = miss is None and newest_of(known, None, oldest) is None
        more = True if len(rows) > self.limit else False if ends else None
        return _Page(rows[: self.limit], more, miss, known)

    def _other_kinds(self, view: View, project: Project, edge: datetime | None) -> Miss | None:
        """A miss where an issue that is no error may belong among the rows: its environments are not known."""
        newest = issues.newest_that_is_no_error(view.snapshot, project.id)
        return Miss.OUTSIDE_COVERAGE if newest and (edge is None or newest >= edge) else None

    def _edge(self, rows: Sequence[Any]) -> datetime | None:
        """When the last wanted row was last seen, if everything seen later must be among the wanted."""
        if len(rows) < self.limit:
            return None
        last = rows[self.limit - 1]
        if self.sort == "frequency" or (self.sort == "priority" and last.priority != "high"):
            return None
        edge: datetime | None = last.seen_there if self.environment else last.last_seen
        return edge

    def _step(self, project: Project, known: Knowledge) -> Step:
        from sentry_sync.answers.fetching.issues import list_issues

        dialect = known.capabilities.get("issues.sentry")
        return Step("issues", lambda live: list_issues(live, self, project, speaks_sentry=dialect))

    def _rows(self, view: View, known: Knowledge, project: Project, page: _Page) -> dict[str, Any]:
        rows = issue_rows.rows(view.snapshot, known, page.rows, self.response_format)
        return {"project": project.shown(), "issues": rows, "more": page.more}

    def _facts(self, view: View, known: Knowledge, page: _Page, project: Project) -> Facts:
        verified = min((row.verified_at for row in page.rows), default=None)
        asked = view.learned.get("issues")
        # Rows that nobody vouches for are as old as the one that was looked at longest ago.
        as_of = page.known.as_of if page.known else verified
        notes = [*project.notes, *warnings(known, view), *view.notes("issues")]
        if self.status and not asked:
            swept = known.as_of(SWEEP_NAME)
            notes.append(_STATUS_NOTE.format(f" {shown(swept)}" if swept else ""))
        if page.rows:
            notes += recent.notes(known, as_of)
        return Facts(
            as_of=as_of,
            complete=page.miss is None and (asked is None or asked.complete),
            stale_after=stale_after(self.resource),
            coverage=page.coverage,
            source="live" if asked else "local",
            rung=known.rung("issues") or (_rung(known) if asked else None),
            notes=tuple(notes),
            oldest_verified_at=verified,
        )


def _rung(known: Knowledge) -> str:
    """How a server is asked for issues that was never synced."""
    return (GLITCHTIP if known.capabilities.get("issues.sentry") is False else SENTRY).source


def issues_question(
    project: str | None = None,
    *,
    query: str | None = None,
    status: str | None = None,
    environment: str | None = None,
    since: str | None = None,
    until: str | None = None,
    limit: int = 25,
    sort: str = "date",
    cursor: str | None = None,
    at_time: str | None = None,
    response_format: str = issue_rows.CONCISE,
) -> IssuesQuestion | SearchQuestion | PastIssuesQuestion:
    """The question about issues as they are, or as they were ``at_time``; raises QuestionError."""
    if at_time is not None:
        _alone(query=query, environment=environment, since=since, until=until, cursor=cursor)
        if project is None:
            raise QuestionError("at_time needs a project: what was so in all of them at once is not kept ready")
        return PastIssuesQuestion(project, at_time, status, limit, sort)
    if project is None or query or since or until:
        parsed(query or "")
        return SearchQuestion(
            query or "", project, status, environment, limit, sort, since, until, cursor, response_format
        )
    return IssuesQuestion(project, status, environment, limit, sort, cursor, response_format)


def _alone(**given: str | None) -> None:
    for name, value in given.items():
        if value is not None:
            why = (
                "in which environments an issue had been seen by then is not kept"
                if name == "environment"
                else "the past is answered from the copy alone, whole"
            )
            raise QuestionError(f"{name} cannot be asked together with at_time: {why}; leave one of them out")


@dataclass(frozen=True, slots=True)
class _Page:
    rows: Sequence[Any]
    more: bool | None
    miss: Miss | None
    known: Reach | None

    @property
    def coverage(self) -> Interval | None:
        """The time in which every issue is known; Sentry's own answer has none, it is what it is."""
        known = self.known
        return Interval(known.since, known.as_of) if known and known.since < known.as_of else None

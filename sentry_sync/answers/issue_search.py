"""get-issues with a query, a window or over all projects: Sentry's search, from the store where it means the same.

What the store cannot answer with Sentry's meaning is asked of Sentry whole, in Sentry's order, and goes on with
Sentry's cursor. Where Sentry cannot be asked, issues that may fit are shown as such, and a query that the store
does not understand finds none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sentry_sync.answers import issue_rows, recent, untrusted
from sentry_sync.answers.asking import Found, Learned, Step, View
from sentry_sync.answers.capping import Paging
from sentry_sync.answers.cursors import NOT_OURS, Position, decode, encode
from sentry_sync.answers.freshness import Facts, Refusal
from sentry_sync.answers.issue_reach import reach_of, reach_there, reach_with_events
from sentry_sync.answers.locating import Project, locate, not_located
from sentry_sync.answers.misses import SEARCH_WINDOW, Miss, Reach, newest_of, search_edge
from sentry_sync.answers.searching import OF_EVENTS, Answerable, Asked, Unanswerable, decide
from sentry_sync.answers.times import ceiling, shown
from sentry_sync.answers.times import parse as parse_time
from sentry_sync.answers.warnings import warnings
from sentry_sync.errors import QuestionError
from sentry_sync.records.intervals import Interval, floor
from sentry_sync.records.search import Search, Term
from sentry_sync.records.search_grammar import BadSearch, parse
from sentry_sync.store.reads import issues, knowledge, projects, search
from sentry_sync.store.reads.issues import Place
from sentry_sync.store.reads.knowledge import Knowledge
from sentry_sync.store.reads.search import IssueSearch
from sentry_sync.store.types import from_micros, to_micros
from sentry_sync.sync.plan import stale_after
from sentry_sync.sync.streams.issues import SWEEP_NAME

STEP = "search"

STREAMS = ("issues.hot", SWEEP_NAME, "issue_environments", "error_counts", "events")
RESOURCES = ("issues", "issue_environments", "error_counts", "events")

_CHANGES_UNSEEN = frozenset({"is", "assigned", "issue.priority"})
"""Keys about what people change without an event."""


SECOND = timedelta(seconds=1)
"""The grain of a search: events are told to the second, and one question asked twice at once is one request."""


@dataclass(frozen=True, slots=True)
class Window:
    """The time in which a found issue has to have an event."""

    since: datetime
    until: datetime | None
    """None: up to now."""
    asked: bool
    """Somebody named an end of it."""

    def shown(self) -> dict[str, Any]:
        """How an answer names it."""
        return {"since": shown(self.since), "until": shown(self.until)}


@dataclass(frozen=True, slots=True)
class OnWay:
    """Where an answer goes on, and as of when the first one was asked: relative times stay where they were."""

    place: Place | None
    now: datetime
    server: str | None = None
    """Sentry's own cursor of the page to go on with, empty for its first; None where the place is one of ours."""


@dataclass(frozen=True, slots=True)
class _Scene:
    """What one look at the store goes by."""

    view: View
    known: Knowledge
    project: Project | None
    window: Window
    at: OnWay

    @property
    def project_id(self) -> str | None:
        return self.project.id if self.project else None


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
        at = self._on_way(view)
        known = knowledge.read(
            view.snapshot, STREAMS, RESOURCES, ("", f"project:{project.id}") if project else ("",)
        )
        scene = _Scene(view, known, project, self.window(at.now), at)
        page = self._page(scene)
        step, refusal = self._step(scene)
        return Found(
            self._rows(scene, page),
            self._facts(scene, page),
            page.miss,
            step if page.miss else None,
            refusal if page.miss else None,
            refresh=step,
            paging=Paging("issues", partial(self._behind, page, at.now)),
        )

    def text(self) -> str:
        """The whole query, the status it was asked with included, as Sentry is asked."""
        return " ".join(part for part in (f"is:{self.status}" if self.status else "", self.query.strip()) if part)

    def told_by_rows(self) -> bool:
        """Whether Sentry's rows tell what they are sorted by: not what is counted under the query's own terms."""
        return all(term.key not in OF_EVENTS for term in parsed(self.query).terms)

    def window(self, now: datetime) -> Window:
        """The window of a question asked at ``now``; raises QuestionError for one that is none."""
        since = parse_time(self.since, now, "since") if self.since else now - SEARCH_WINDOW
        until = parse_time(self.until, now, "until") if self.until else None
        if since >= (until or now):
            raise QuestionError("since must be before until, and before now")
        since, until = ceiling(since, SECOND), ceiling(until, SECOND) if until else None
        asked = self.since is not None or self.until is not None
        return Window(max(since, now - SEARCH_WINDOW), until if until and until < now else None, asked)

    def _on_way(self, view: View) -> OnWay:
        if self.cursor is None:
            return OnWay(None, floor(view.now, SECOND))
        position = decode(self.cursor, self)
        try:
            key, issue_id, rank, now = position.after
            at = from_micros(int(now))
            place = Place(self._key(key), str(issue_id), int(rank or 0)) if issue_id else None
        except (ValueError, TypeError, OverflowError):
            raise QuestionError(NOT_OURS) from None
        return OnWay(place, min(at, view.now), position.live)

    def _key(self, key: object) -> datetime | int | None:
        if key is None:
            return None
        number = int(str(key))
        return number if self.sort == "frequency" else from_micros(number)

    def _behind(self, page: _Page, now: datetime, count: int) -> str:
        """The cursor that goes on behind the first ``count`` rows."""
        if count == 0:  # Sentry's pages held nothing to show, and there are more
            return encode(self, Position((None, "", 0, to_micros(now)), page.onward))
        place, server = page.places[count - 1]
        key = to_micros(place.key) if isinstance(place.key, datetime) else place.key
        return encode(self, Position((key, place.id, place.rank, to_micros(now)), server))

    def _decide(self, view: View, now: datetime) -> Answerable | Unanswerable:
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

    def _page(self, scene: _Scene) -> _Page:
        learned = scene.view.learned.get(STEP)
        if learned:
            return _told(scene.view, learned)
        decision = self._decide(scene.view, scene.at.now)
        if isinstance(decision, Unanswerable):
            return _Page(miss=Miss.UNSUPPORTED_FILTER, why=decision.why)
        if scene.at.server is not None and not scene.view.refused:
            # Sentry gave the page before, in an order that may not be ours.
            return _Page(miss=Miss.UNSUPPORTED_FILTER, why="the answer before was Sentry's own")
        if decision.needs_events:
            return self._read_events(scene, decision)
        page = self._read(scene, decision)
        if page.uncertain and scene.project:
            again = self._read_events(scene, decision)
            return page if again.miss else again
        return page

    def _read(self, scene: _Scene, asked: Answerable) -> _Page:
        """By what is known of issues, and of issues in environments."""
        found = reach_of(scene.known) if asked.environment is None else reach_there(scene.known)
        wanted = self._wanted(scene, asked, found)
        return self._judged(scene, replace(wanted, environment=asked.environment), found, asked)

    def _read_events(self, scene: _Scene, asked: Answerable) -> _Page:
        """By the events that are held."""
        found = reach_with_events(scene.known, scene.project_id)
        held = replace(
            self._wanted(scene, asked, found),
            of_events=asked.of_events,
            held_since=found.since if found else scene.view.now,
        )
        return self._judged(scene, held, found, asked, of_events=True)

    def _wanted(self, scene: _Scene, asked: Answerable, found: Reach | None) -> IssueSearch:
        until = scene.window.until
        return IssueSearch(
            now=scene.at.now,
            since=scene.window.since,
            served=search.served(scene.view.snapshot, scene.view.now),
            until=until if until and found and until <= found.as_of else None,
            project_id=scene.project_id,
            conditions=asked.conditions,
            text=asked.text,
            sort=self.sort,
            limit=self.limit + 1,
            after=scene.at.place,
        )

    def _judged(
        self,
        scene: _Scene,
        wanted: IssueSearch,
        found: Reach | None,
        asked: Answerable,
        *,
        of_events: bool = False,
    ) -> _Page:
        page = _local(search.find(scene.view.snapshot, wanted), self.sort, self.limit, found)
        in_part = of_events or asked.environment is not None
        edge, oldest = self._edge(page.rows), self._oldest(scene, found, asked, in_part=in_part)
        miss = newest_of(found, edge, oldest)
        if miss is None and in_part:
            other = search.newest_that_is_no_error(scene.view.snapshot, scene.project_id)
            miss = Miss.OUTSIDE_COVERAGE if other and (edge is None or other >= edge) else None
        if miss is not None:
            return page.missed(miss, "not all of the time it is about was read")
        if page.uncertain:
            why = f"whether {len(page.uncertain)} of these issues fit, or where they stand, is not known"
            return page.missed(Miss.OUTSIDE_COVERAGE, why)
        # A full page may be all that is known; what comes behind it is then not.
        ends = page.more or newest_of(found, None, oldest) is None
        return page if ends else replace(page, more=None)

    def _oldest(self, scene: _Scene, found: Reach | None, asked: Answerable, *, in_part: bool) -> datetime:
        """Before when no issue that belongs here had its last event; ``in_part``: known by single events."""
        edges = (scene.window.since, asked.since, search_edge(found.as_of if found else scene.view.now))
        oldest = max(edge for edge in edges if edge)
        if in_part and found and found.since > oldest:
            # No event is older than the oldest issue.
            oldest = max(oldest, search.oldest_first_seen(scene.view.snapshot, scene.project_id) or oldest)
        return oldest

    def _edge(self, rows: Sequence[Any]) -> datetime | None:
        """When the last wanted row was last seen, if everything seen later must be among the wanted."""
        if len(rows) < self.limit or self.sort == "frequency":
            return None
        last = rows[self.limit - 1]
        if self.sort == "priority" and last.priority != "high":
            return None
        edge: datetime | None = last.edge
        return edge

    def _step(self, scene: _Scene) -> tuple[Step | None, Refusal | None]:
        if scene.known.capabilities.get("issues.sentry") is False:
            return None, Refusal("not_supported", "this server's own search is not Sentry's: narrow the query")

        def run(live: Any) -> Learned:
            from sentry_sync.answers.fetching.search import search_issues

            return search_issues(live, self, scene.project, scene.at)

        return Step(STEP, run), None

    def _rows(self, scene: _Scene, page: _Page) -> dict[str, Any]:
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

    def _facts(self, scene: _Scene, page: _Page) -> Facts:
        view, known, project = scene.view, scene.known, scene.project
        learned = view.learned.get(STEP)
        verified = min((row.verified_at for row in page.rows), default=None)
        as_of = page.known.as_of if page.known else verified
        notes = [*(project.notes if project else ()), *warnings(known), *view.notes(STEP)]
        if page.why and (view.refused or page.miss):
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


@dataclass(frozen=True, slots=True)
class _Page:
    """Rows, where each stands, and what is wrong with them."""

    rows: Sequence[Any] = ()
    places: Sequence[tuple[Place, str | None]] = ()
    more: bool | None = None
    miss: Miss | None = None
    why: str = ""
    known: Reach | None = None
    onward: str | None = None
    """Sentry's cursor behind all that was read."""
    in_window: Mapping[str, int | None] = field(default_factory=dict)
    uncertain: frozenset[str] = frozenset()

    def missed(self, miss: Miss, why: str) -> _Page:
        """The page, which is not all there is, or not certain."""
        return replace(self, miss=miss, why=why, more=True if self.more else None)


def _local(found: Sequence[Any], sort: str, limit: int, known: Reach | None) -> _Page:
    rows = found[:limit]
    return _Page(
        rows,
        [(_place(row, sort), None) for row in rows],
        more=len(found) > limit,
        known=known,
        in_window={row.id: row.n if row.whole else None for row in rows},
        uncertain=frozenset(row.id for row in rows if not row.certain),
    )


def _place(row: Any, sort: str) -> Place:
    rank = issues.RANKS.get(row.priority or "", len(issues.RANKS)) if sort == "priority" else 0
    return Place(row.n if sort == "frequency" else row.edge, row.id, rank)


def _told(view: View, learned: Learned) -> _Page:
    """The page as Sentry just gave it."""
    rows = issues.by_ids(view.snapshot, learned.ids)
    told = dict(zip(learned.ids, learned.rows, strict=True))
    return _Page(
        rows,
        [(told[row.id]["place"], told[row.id]["server"]) for row in rows],
        more=learned.more,
        known=Reach(learned.at, learned.at),
        onward=learned.onward,
        in_window={row.id: told[row.id]["in_window"] for row in rows},
    )


def _issue_ids(view: View, terms: Sequence[Term]) -> dict[str, str]:
    named = {value for term in terms if term.key == "issue" for value in term.values}
    rows = {value: issues.by_short_id(view.snapshot, value) for value in named}
    return {value: row.id for value, row in rows.items() if row is not None and row.removed_at is None}

"""Issues by a search that the store could not answer: Sentry's rows, in Sentry's order, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sentry_sync.answers.asking import Learned
from sentry_sync.answers.fetching.environments import none_of_that_name
from sentry_sync.answers.fetching.issues import MOST_PAGES
from sentry_sync.errors import BadRequest, NotFound, OutsideRetention, QuestionError
from sentry_sync.records.fields import Malformed, integer, moment
from sentry_sync.records.issue import Issue
from sentry_sync.sentry.endpoints.issues import ALL_PROJECTS
from sentry_sync.store.reads.issues import RANKS, Place, id_number
from sentry_sync.store.types import to_micros
from sentry_sync.sync.streams.issues import harvest_issues

if TYPE_CHECKING:
    from sentry_sync.answers.issue_search import SearchQuestion
    from sentry_sync.answers.live import Live
    from sentry_sync.answers.locating import Project
    from sentry_sync.answers.search_page import OnWay
    from sentry_sync.sentry.page import Page
    from sentry_sync.store.unit_of_work import UnitOfWork

SECOND = timedelta(seconds=1)
"""What happened in the very second a question was asked in belongs to its answer."""

MOST_ROWS = 100
"""On one page of Sentry's."""

SORTS = {"date": "date", "frequency": "freq", "priority": "date"}
"""Sentry filters by priority but does not sort by it: it is asked for one priority after the other."""


def search_issues(live: Live, question: SearchQuestion, project: Project | None, at: OnWay) -> Learned:
    """The issues behind ``at`` as Sentry finds them now; raises QuestionError for a query it refuses."""
    try:
        found = _read(live, question, project, at)
    except NotFound as error:
        return none_of_that_name(live, question.environment, error)
    except OutsideRetention:
        return Learned(live.now(), ("Sentry keeps nothing of that time any more",))
    except BadRequest as error:
        if not question.text():
            raise
        raise QuestionError(f"Sentry refuses this query: {error}") from error
    return found.kept(live, question.limit)


@dataclass(frozen=True, slots=True)
class _Row:
    issue: Issue
    place: Place
    in_window: int | None
    server: str | None
    """Sentry's cursor of the page to go on with behind this row."""


@dataclass(slots=True)
class _Rows:
    """What was read so far."""

    at: datetime
    rows: list[_Row] = field(default_factory=list)
    records: list[Any] = field(default_factory=list)
    rejects: list[str] = field(default_factory=list)
    onward: str | None = None
    """Sentry's cursor behind the last page, of the list of ``rank``."""
    rank: int = 0
    further: bool = True

    def kept(self, live: Live, limit: int) -> Learned:
        """Write down what was read, and say what the answer is."""

        def write(uow: UnitOfWork) -> None:
            uow.upsert(self.records)

        live.write(write)
        shown = self.rows[:limit]
        more = len(self.rows) > limit or self.further
        if shown and len(self.rows) <= limit and self.onward is not None:
            # Pages behind the last row's held nothing to show: they need not be read again.
            last = shown[-1]
            shown[-1] = replace(last, place=replace(last.place, rank=self.rank), server=self.onward)
        notes = []
        if self.rejects:
            notes.append(f"{len(self.rejects)} issues could not be read ({self.rejects[0]}) and are missing")
        return Learned(
            self.at,
            tuple(notes),
            ids=tuple(row.issue.id for row in shown),
            rows=tuple({"place": row.place, "server": row.server, "in_window": row.in_window} for row in shown),
            complete=not self.rejects,
            more=more,
            onward={"place": Place(None, "", self.rank), "server": self.onward},
        )


def _read(live: Live, question: SearchQuestion, project: Project | None, at: OnWay) -> _Rows:
    found: _Rows | None = None
    seen: set[str] = set()
    for read, (page, rank, cursor, further) in enumerate(_pages(live, question, project, at), start=1):
        found = found or _Rows(page.server_time)
        rows = list(_page_rows(page, rank, cursor, question, found))
        if at.place is not None and (read == 1 or at.server is None):
            by_key = at.server is None and question.told_by_rows() and rank == at.place.rank
            rows = _behind(rows, at.place, by_key=by_key)
        found.rows += [row for row in rows if row.issue.id not in seen]
        seen.update(row.issue.id for row in rows)
        found.onward, found.rank, found.further = page.next_cursor, rank, further
        if len(found.rows) >= question.limit or read == MOST_PAGES:
            break
    if found is None:
        raise AssertionError("a query has a page")
    return found


def _pages(
    live: Live, question: SearchQuestion, project: Project | None, at: OnWay
) -> Iterator[tuple[Page, int, str | None, bool]]:
    """Each page with the rank of priority that it is of, the cursor it was asked with, and whether more follow."""
    window = question.window(at.now)
    # The first page is asked without an end, so that the same question asked twice at once is one request; those
    # behind it are pinned to when that was, so that no busy issue jumps between them.
    pinned = window.asked or at.place is not None or at.server is not None
    queries = _queries(question)
    first = min(at.place.rank, len(queries) - 1) if at.place else 0
    for rank, query in list(enumerate(queries))[first:]:
        cursor = _cursor(at) if rank == first else None
        while True:
            page = live.client.issues(
                query=query,
                sort=SORTS[question.sort],
                start=window.since if pinned else None,
                end=(window.until or at.now + SECOND) if pinned else None,
                project_ids=(project.id,) if project else ALL_PROJECTS,
                environments=(question.environment,) if question.environment is not None else (),
                # Of the last list little is new.
                limit=question.limit if rank < len(RANKS) else MOST_ROWS,
                cursor=cursor,
            )
            yield page, rank, cursor, page.next_cursor is not None or rank < len(queries) - 1
            cursor = page.next_cursor
            if cursor is None:
                break


def _queries(question: SearchQuestion) -> list[str]:
    text = question.text()
    if question.sort != "priority":
        return [text]
    return [f"{text} issue.priority:{rank}".strip() for rank in RANKS] + [text]


def _cursor(at: OnWay) -> str | None:
    """Sentry's own cursor; behind a row of ours the one that Sentry would have made: its score, and no offset."""
    if at.server is not None:
        return at.server or None
    if at.place is None or at.place.key is None:
        return None
    key = at.place.key
    score = to_micros(key) // 1000 if isinstance(key, datetime) else key
    return f"{score}:0:0"


def _page_rows(
    page: Page, rank: int, cursor: str | None, question: SearchQuestion, found: _Rows
) -> Iterator[_Row]:
    harvest = harvest_issues(page.body, page.server_time)
    found.records += harvest.records
    found.rejects += harvest.rejects
    raws = {str(raw.get("id")): raw for raw in page.body if isinstance(raw, dict)}
    issues = [record for record in harvest.records if isinstance(record, Issue)]
    for number, issue in enumerate(issues):
        raw = raws[issue.id]
        try:
            seen, count = moment(raw, "lastSeen"), integer(raw, "count")
        except Malformed:
            seen, count = None, None
        # Behind the last row of a list comes the next list's first page.
        ends = number == len(issues) - 1 and page.next_cursor is None
        onward = page.next_cursor if number == len(issues) - 1 else cursor
        place = Place(count if question.sort == "frequency" else seen, issue.id, rank + 1 if ends else rank)
        if rank < len(RANKS) or issue.priority not in RANKS:  # the last list has those of the others once more
            yield _Row(issue, place, count, onward or "")


def _behind(rows: list[_Row], last: Place, *, by_key: bool) -> list[_Row]:
    """The rows of a page behind the last one that was shown: by where it stands on it, else by what rows tell."""
    at = next((number for number, row in enumerate(rows) if row.issue.id == last.id), None)
    if at is not None:
        return rows[at + 1 :]
    if not by_key or last.key is None:
        return rows
    mark = _number(last), id_number(last.id)
    return [row for row in rows if (_number(row.place), id_number(row.issue.id)) < mark]


def _number(place: Place) -> int:
    return to_micros(place.key) if isinstance(place.key, datetime) else (place.key or 0)

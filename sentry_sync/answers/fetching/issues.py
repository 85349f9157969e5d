"""A list of issues, fetched for a question that the store could not answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sentry_sync.answers.asking import Learned
from sentry_sync.answers.fetching.environments import none_of_that_name
from sentry_sync.answers.misses import SEARCH_WINDOW
from sentry_sync.errors import BadRequest, NotFound, NotSupported
from sentry_sync.records.fields import Malformed, moment
from sentry_sync.records.intervals import Interval
from sentry_sync.records.issue import Issue, IssueEnvironment
from sentry_sync.store.reads.issues import EPOCH, RANKS, Place, id_number
from sentry_sync.store.types import to_micros
from sentry_sync.sync.streams.issues import harvest_issues

if TYPE_CHECKING:
    from sentry_sync.answers.issues import IssuesQuestion
    from sentry_sync.answers.live import Live
    from sentry_sync.answers.locating import Project
    from sentry_sync.sentry.page import Page
    from sentry_sync.store.unit_of_work import UnitOfWork

MOST_PAGES = 5
"""500 issues for a quarter of what live questions may spend in a minute: a longer list is the sync's work."""


def list_issues(live: Live, question: IssuesQuestion, project: Project, *, speaks_sentry: bool | None) -> Learned:
    """The first issues of ``question`` as Sentry has them now, in the question's order.

    ``speaks_sentry`` is False for GlitchTip's dialect, None where nobody has tried.
    """
    plans = _plans(question, speaks_sentry)
    for last, plan in enumerate(plans, start=1 - len(plans)):
        try:
            found = _read(live, plan, question, project)
        except NotFound as error:
            return none_of_that_name(live, question.environment, error)
        except (BadRequest, NotSupported):
            if last == 0:
                raise
        else:
            return _keep(live, found, plan, question, project)
    raise AssertionError("there is always a plan")


@dataclass(frozen=True, slots=True)
class Plan:
    """Which lists to read, one after the other, until there are rows enough."""

    queries: tuple[str, ...]
    sort: str
    ordered: bool
    """The rows come in the question's order, so the first are the answer; else only all of them are."""
    in_environment: bool
    """Asked for an environment, a row tells when the issue was seen there."""


def _plans(question: IssuesQuestion, speaks_sentry: bool | None) -> list[Plan]:
    """The ways to ask, best first; the next is taken when the server refuses one."""
    status = f"is:{question.status}" if question.status else ""
    whole = Plan((status,), "date", question.sort == "date", in_environment=True)
    sentry = {
        "date": [whole],
        "frequency": [Plan((status,), "freq", False, in_environment=True)],
        "priority": [
            Plan((*(f"{status} issue.priority:{rank}".strip() for rank in RANKS), status), "date", True, True),
            whole,
        ],
    }[question.sort]
    # GlitchTip loses and doubles rows in any other order than this.
    glitchtip = [Plan((status,), "-last_seen", question.sort == "date", in_environment=False)]
    if speaks_sentry is False:
        return glitchtip
    return sentry if speaks_sentry else [*sentry, *glitchtip]


@dataclass(slots=True)
class _Rows:
    """The rows read so far."""

    at: datetime
    issues: dict[str, Issue] = field(default_factory=dict)
    edges: dict[str, datetime | None] = field(default_factory=dict)
    """When each issue was last seen, in the environment if one was asked for."""
    records: list[Any] = field(default_factory=list)
    rejects: list[str] = field(default_factory=list)
    whole: bool = False
    """Sentry has no further row."""

    def take(self, page: Page, question: IssuesQuestion, project: Project, *, in_environment: bool) -> None:
        """Add a page's rows, those of the question's project and status to the answer, all to what is kept."""
        harvest = harvest_issues(page.body, page.server_time)
        self.records += harvest.records
        self.rejects += harvest.rejects
        seen = {str(raw.get("id")): raw for raw in page.body if isinstance(raw, dict)}
        for record in harvest.records:
            if not isinstance(record, Issue) or record.project_id != project.id:
                continue
            edge = record.last_seen
            if question.environment and in_environment:
                pair = _pair(seen[record.id], record, question.environment)
                self.records += [pair] if pair else []
                edge = pair.last_seen if pair else edge
            if question.status in (None, record.status):
                self.issues[record.id] = record
                self.edges.setdefault(record.id, edge)


def _read(live: Live, plan: Plan, question: IssuesQuestion, project: Project) -> _Rows:
    found: _Rows | None = None
    for read, (query, page) in enumerate(_pages(live, plan, question, project), start=1):
        found = found or _Rows(page.server_time)
        found.take(page, question, project, in_environment=plan.in_environment)
        found.whole = page.next_cursor is None and query == plan.queries[-1]
        if (plan.ordered and len(_in_order(found, question)) > question.limit) or read == MOST_PAGES:
            break
    if found is None:
        raise AssertionError("a plan has a query, and a query a page")
    return found


def _pages(live: Live, plan: Plan, question: IssuesQuestion, project: Project) -> Iterator[tuple[str, Page]]:
    for query in plan.queries:
        cursor = _from_place(plan, question.place())
        while True:
            page = live.client.issues(
                query=query,
                sort=plan.sort,
                start=None,  # so that the same question asked twice at once is one request
                end=None,
                project_ids=(project.id,),
                environments=(question.environment,) if question.environment else (),
                cursor=cursor,
            )
            yield query, page
            cursor = page.next_cursor
            if cursor is None:
                break


def _from_place(plan: Plan, place: Place | None) -> str | None:
    """The cursor that Sentry would have made behind a row of its list: the row's score, and no offset."""
    if plan.sort != "date" or len(plan.queries) > 1 or place is None or not isinstance(place.key, datetime):
        return None
    return f"{to_micros(place.key) // 1000}:0:0"


def _pair(raw: dict[str, Any], issue: Issue, environment: str) -> IssueEnvironment | None:
    """What a row of a list asked for an environment proves; only Sentry's tell times for the environment."""
    try:
        first, last = moment(raw, "firstSeen"), moment(raw, "lastSeen")
    except Malformed:
        return None
    if not isinstance(raw.get("lifetime"), dict) or first is None or last is None:
        return None
    return IssueEnvironment(issue.id, environment, issue.project_id, first, last)


def _keep(live: Live, found: _Rows, plan: Plan, question: IssuesQuestion, project: Project) -> Learned:
    ids = _in_order(found, question)
    enough = found.whole or (plan.ordered and len(ids) > question.limit)
    complete = enough and not found.rejects
    covered = _covered(found, ids, question) if complete and _replayable(plan, question) else None

    def write(uow: UnitOfWork) -> None:
        uow.upsert(found.records)
        uow.uncover("issues.asked", question.scope(project), Interval(EPOCH, found.at))
        if covered:
            uow.cover("issues.asked", question.scope(project), covered, source="issues")

    live.write(write)
    return Learned(
        found.at,
        tuple(_notes(found, question, enough=enough)),
        ids=tuple(ids[: question.limit]),
        complete=complete,
        more=len(ids) > question.limit or not found.whole,
    )


def _replayable(plan: Plan, question: IssuesQuestion) -> bool:
    """Whether the store can give this answer again: it must know when each issue was seen in the environment."""
    return question.cursor is None and (question.environment is None or plan.in_environment)


def _covered(found: _Rows, ids: Sequence[str], question: IssuesQuestion) -> Interval | None:
    """The time in which this question's issues are all known: only in the order of time does it end early."""
    start = found.at - SEARCH_WINDOW
    if question.sort == "date" and not found.whole:
        start = min((edge for edge in map(found.edges.get, ids) if edge), default=found.at)
    return Interval(start, found.at) if start < found.at else None


def _in_order(found: _Rows, question: IssuesQuestion) -> list[str]:
    """The issues read that come behind the question's place, in its order."""

    def key(issue_id: str) -> tuple[int, int, int]:
        issue = found.issues[issue_id]
        if question.sort == "frequency":
            return 0, -(issue.count or 0), -id_number(issue_id)
        rank = RANKS.get(issue.priority or "", len(RANKS)) if question.sort == "priority" else 0
        edge = found.edges[issue_id]
        return rank, -to_micros(edge) if edge else 0, -id_number(issue_id)

    place = question.place()
    if place is None:
        return sorted(found.issues, key=key)
    number = to_micros(place.key) if isinstance(place.key, datetime) else place.key or 0
    last = place.rank, -number, -id_number(place.id)
    return sorted((issue_id for issue_id in found.issues if key(issue_id) > last), key=key)


def _notes(found: _Rows, question: IssuesQuestion, *, enough: bool) -> list[str]:
    notes = []
    if found.rejects:
        notes.append(f"{len(found.rejects)} issues could not be read ({found.rejects[0]}) and are missing")
    if not enough:
        order = "" if question.sort == "date" else f", which Sentry does not sort by {question.sort} as we do"
        notes.append(
            f"these are the first of {len(found.issues)} issues read{order}; others may belong among them"
        )
    return notes

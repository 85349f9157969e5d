"""The issue list of an organization or a project, its batches by id, direct hits, counts and statistics."""

from __future__ import annotations

from array import array
from typing import Any

from sentry_sync.simulator import cursors, search
from sentry_sync.simulator.identifiers import ISSUE_BASE
from sentry_sync.simulator.moments import HOUR
from sentry_sync.simulator.search import Search, SearchError
from sentry_sync.simulator.world.event_index import Span
from sentry_sync.simulator.world.issues import Issue, users

from . import issue_rows, issue_search, parameters
from .call import ApiError, Call, Response, bad_request, not_found
from .issue_search import Match, Scope
from .parameters import Window

SORTS = ("date", "freq", "inbox", "new", "recommended", "trends", "user")
# Before the rename of 2023 `trends` was called `priority`; there was no `recommended` yet.
OLD_SORTS = ("date", "freq", "inbox", "new", "priority", "user")
MAX_HITS = 1_000


def list_issues(call: Call) -> Response:
    """`GET /organizations/{org}/issues/` and its deprecated sibling of one project."""
    query = call.query
    if "group" in query:
        return _batch(call)
    sort = query.get("sort") or "date"
    if sort not in (OLD_SORTS if call.profile == "self-hosted" else SORTS):
        raise ApiError(400, {"sort": [f'"{sort}" is not a valid choice.']})
    limit = _limit(call)
    hit = _direct_hit(call)
    if hit is not None:
        row = _row(call, Match(hit, hit.events, hit.events), None)
        return call.reply([row], headers={"X-Sentry-Direct-Hit": "1"})
    window = parameters.window(call)
    asked = _scope(call, window)
    if not asked.projects:
        return call.reply([])
    if asked.span.start >= asked.span.end:  # nothing, or all of it older than what is kept: a page like any other
        return call.page([], cursors.by_score([], lambda entry: entry, limit, None), {"X-Hits": "0"})
    parsed = _parse(query.get("query", "is:unresolved"))
    if _moving(parsed, sort):
        call.valid_until(call.now + 1)
    rows = _sorted(call, parsed, asked, sort)
    cursor = parameters.cursor(call)
    page = cursors.by_score(rows, lambda entry: entry[0], limit, cursor)
    wanted = issue_search.statuses(parsed)
    shown = [match for _, match in page.rows if not wanted or match.issue.status in wanted]
    body = [_row(call, match, window) for match in shown]
    return call.page(body, page, {"X-Hits": str(_hits(len(rows), cursor)), "X-Max-Hits": str(MAX_HITS)})


def _moving(parsed: Search, sort: str) -> bool:
    """Whether what is found, or its order, changes by the clock alone."""
    review = any("for_review" in term.values for term in parsed.of("is"))
    return review or sort in ("trends", "priority", "recommended") or search.relative_dates(parsed)


def _hits(found: int, cursor: cursors.Cursor | None) -> int:
    """The total as Sentry announces it: bounded, and only an estimate once a cursor is in play."""
    estimate = found + found // 17 if cursor is not None else found
    return min(estimate, MAX_HITS)


def _limit(call: Call) -> int:
    text = call.query.get("limit")
    if not text:
        return call.shortened(100)
    if not text.lstrip("-").isdecimal():
        raise bad_request("invalid limit")
    return call.shortened(max(1, min(int(text), 100)))


def _scope(call: Call, window: Window) -> Scope:
    projects = frozenset(project.number for project in asked_projects(call))
    environments = parameters.environments(call)
    return Scope(projects, environments, window.span)


def asked_projects(call: Call) -> list[Any]:
    """The projects of the path (a project's own list) or of the query."""
    if "project" in call.args:
        project = call.world.project(call.args["project"])
        if project is None:
            raise not_found()
        return [project]
    return parameters.projects(call)


def _parse(text: str) -> Search:
    try:
        return search.parse(text)
    except SearchError as error:
        raise bad_request(str(error)) from None


def _sorted(call: Call, parsed: Search, asked: Scope, sort: str) -> list[tuple[int, Match]]:
    """Found issues with their score, highest first; kept while the world stands still."""
    world = call.world
    oldest, newest = world.index.oldest() or 0, world.index.newest() or 0
    key = (
        parsed, asked.projects, asked.environments, sort,
        max(asked.span.start, oldest), min(asked.span.end, newest + 1),
        call.now if _moving(parsed, sort) else 0,
    )  # fmt: skip

    def make() -> list[tuple[int, Match]]:
        try:
            found = issue_search.find(world, parsed, asked)
        except SearchError as error:
            raise bad_request(str(error)) from None
        scored = [(_score(call, match, sort), match) for match in found]
        scored.sort(key=lambda entry: (-entry[0], -entry[1].issue.number))
        return scored

    return call.memory.recall(world.version, key, make)


def _score(call: Call, match: Match, sort: str) -> int:
    issue, events, times = match.issue, match.filtered, call.world.index.timestamp
    if sort == "date":
        return times[events[-1]] * 1_000
    if sort == "new":
        return issue.first_second * 1_000
    if sort == "freq":
        return len(events)
    if sort == "user":
        return users(call.world.index, events)
    if sort == "inbox":
        return (issue.inbox_since or 0) * 1_000
    recent = call.world.index.within(events, Span(call.now - 24 * HOUR, call.now + 1))
    return int(1_000 * (len(recent) + 1) / (1 + len(events) / 14))


def _direct_hit(call: Call) -> Issue | None:
    """A query that is an event id, or a short id when that was asked for, answers with its one issue."""
    text = call.query.get("query").strip()
    if len(text) == 32:
        event = call.world.event(text)
        if event is not None:
            return call.world.by_number[call.world.index.issue[event]]
    if call.query.get("shortIdLookup") == "1" and text:
        return next((issue for issue in call.world.issues.values() if issue.short_id == text.upper()), None)
    return None


def _batch(call: Call) -> Response:
    """`group=` repeated: those issues, whatever the query; no Link header, missing ids are just absent."""
    values = call.query.all("group")
    if any(not value.isdecimal() for value in values):
        raise bad_request("Group ids must be integers")
    allowed = {project.number for project in asked_projects(call)}
    numbers = dict.fromkeys(int(value) - ISSUE_BASE for value in values)
    issues = [call.world.by_number[number] for number in numbers if number in call.world.by_number]
    # The order is arbitrary in Sentry; here the newest id comes first, whatever order was asked.
    issues.sort(key=lambda issue: -issue.number)
    body = [
        _row(call, Match(issue, issue.events, issue.events), None)
        for issue in issues
        if issue.project.number in allowed
    ]
    return call.reply(body)


def _row(call: Call, match: Match, window: Window | None) -> dict[str, Any]:
    world, issue, query = call.world, match.issue, call.query
    collapse, expand = query.all("collapse"), query.all("expand")
    retention = Span(call.now - call.retention, call.now + 1)
    row = issue_rows.base(world, issue)
    period = query.get("groupStatsPeriod", "24h")
    if "unhandled" not in collapse:
        row["isUnhandled"] = not issue.kind.handled
    if "stats" not in collapse and "lifetime" not in collapse:
        row |= _top_counters(call, match, window, retention)
    if "stats" not in collapse and period:
        call.valid_until(call.now - call.now % HOUR + HOUR)
        row["stats"] = issue_rows.stats(world, match.events, call.now, period)
    if "lifetime" not in collapse:
        row["lifetime"] = issue_rows.lifetime(world, issue, retention) | {"stats": None}
    if "filtered" not in collapse:
        row["filtered"] = _filtered(call, match, period)
    if "inbox" in expand:
        row["inbox"] = issue_rows.inbox(issue)
    if "owners" in expand:
        row["owners"] = None
    if "sessions" in expand:
        row["sessionCount"] = None
    if "latestEventHasAttachments" in expand:
        row["latestEventHasAttachments"] = False
    row |= {name: [] for name in ("integrationIssues", "sentryAppIssues") if name in expand}
    row["derivedData"] = issue_rows.derived(issue)
    return row


def _top_counters(call: Call, match: Match, window: Window | None, retention: Span) -> dict[str, Any]:
    """In-window counters of a search; lifetime ones in a batch by id, where there is no window."""
    if window is None:
        return issue_rows.lifetime(call.world, match.issue, retention)
    return issue_rows.counters(call.world, match.issue, match.events)


def _filtered(call: Call, match: Match, period: str) -> dict[str, Any] | None:
    if match.filtered is match.events:
        return None
    found = issue_rows.counters(call.world, match.issue, match.filtered)
    return found | {"stats": issue_rows.stats(call.world, match.filtered, call.now, period or "24h")}


def issues_stats(call: Call) -> Response:
    """`GET /organizations/{org}/issues-stats/?groups=…`: counters of at most 100 issues."""
    values = call.query.all("groups")
    if not values or len(values) > 100:
        raise bad_request(
            "You should include `groups` with your request." if not values else "Too many groups requested."
        )
    if any(not value.isdecimal() for value in values):
        raise bad_request("Group ids must be integers")
    window = parameters.window(call)
    environments = parameters.environments(call)
    body = []
    for value in values:
        issue = call.world.by_number.get(int(value) - ISSUE_BASE)
        if issue is None:
            continue
        events: array[int] = call.world.index.within(issue.events, window.span)
        events = issue_search.in_environments(call.world, events, environments)
        row = _row(call, Match(issue, events, events), window)
        kept = (
            "id",
            "count",
            "userCount",
            "firstSeen",
            "lastSeen",
            "isUnhandled",
            "stats",
            "lifetime",
            "filtered",
        )
        body.append({name: row[name] for name in kept if name in row})
    return call.reply(body)


def issues_count(call: Call) -> Response:
    """`GET /organizations/{org}/issues-count/?query=…`: found issues per query, counted up to 100."""
    window = parameters.window(call)
    asked = _scope(call, window)
    call.valid_until(call.now + 1)
    queries = call.query.all("query")
    return call.reply({text: min(len(_sorted(call, _parse(text), asked, "date")), 100) for text in queries})

"""GlitchTip's issues: its sorts, its small search language, its window on first_seen, its writes."""

from __future__ import annotations

from typing import Any

from sentry_sync.simulator import moments, search
from sentry_sync.simulator.api import issue_search
from sentry_sync.simulator.api.call import ApiError, Call, Response
from sentry_sync.simulator.glitchtip import pages, rows
from sentry_sync.simulator.identifiers import ISSUE_BASE
from sentry_sync.simulator.search import SearchError, Term
from sentry_sync.simulator.world.issues import Issue
from sentry_sync.simulator.world.world import World

SORTS = ("last_seen", "first_seen", "count", "priority")
PENDING_SECONDS = 5
"""Deleted and merged issues stay visible until a worker has run."""


def the_issue(call: Call) -> Issue:
    """The issue of the path: numeric ids only, anything else is no path of this server."""
    if not call.args["issue"].isdecimal():
        raise ApiError(200, "<!doctype html><html><head><title>GlitchTip</title></head></html>")
    issue = call.world.by_number.get(int(call.args["issue"]) - ISSUE_BASE)
    if issue is None:
        raise ApiError(404, {"detail": "Not Found"})
    return issue


def by_ids(world: World, ids: list[str]) -> list[Issue]:
    """The issues with these ids; others are left out."""
    numbers = [int(value) - ISSUE_BASE for value in ids if value.isdecimal()]
    return [world.by_number[number] for number in numbers if number in world.by_number]


def detail(call: Call) -> Response:
    """`GET /issues/{id}/`."""
    return call.reply(rows.issue(call.world, the_issue(call)) | {"userReportCount": 0})


def list_issues(call: Call) -> Response:
    """`GET /organizations/{org}/issues/`: all statuses unless asked, newest activity first."""
    world = call.world
    sort = call.query.get("sort") or "-last_seen"
    if sort.removeprefix("-") not in SORTS:
        expected = ", ".join(f"'{name}'" for name in SORTS)
        raise pages.invalid("sort", "literal_error", f"Input should be {expected} or one of these with '-'")
    found = _chosen(call)
    column, descending = sort.removeprefix("-"), sort.startswith("-")

    def show(issue: Issue) -> dict[str, Any]:
        return rows.issue(world, issue)

    if column == "last_seen":
        return pages.page_by_moment(call, found, lambda i: rows.last_seen(world, i), show, descending=descending)
    if column == "first_seen":
        return pages.page_by_moment(call, found, lambda i: rows.first_seen(world, i), show, descending=descending)
    weigh = (lambda i: float(i.count)) if column == "count" else (lambda i: float(i.count // 4))
    return pages.page_by_number(call, found, weigh, show, descending=descending)


def _chosen(call: Call) -> list[Issue]:
    world, query = call.world, call.query
    found = list(world.issues.values())
    if "project" in call.args:
        found = [issue for issue in found if issue.project.slug == call.args["project"]]
    if query.all("project"):
        if any(not value.lstrip("-").isdecimal() for value in query.all("project")):
            raise pages.invalid("project", "int_parsing", "Input should be a valid integer")
        found = [issue for issue in found if issue.project.id in query.all("project")]
    if query.all("id"):
        found = [issue for issue in found if issue.id in query.all("id")]
    names = set(query.all("environment"))
    if names:
        found = [i for i in found if any(world.environment_of(event) in names for event in i.events)]
    for name, later in (("start", True), ("end", False)):
        if query.get(name):
            border = _moment(call, name)
            found = [issue for issue in found if (issue.first_second >= border) == later]
    return _searched(world, found, query.get("query"))


def _moment(call: Call, name: str) -> int:
    try:
        return moments.parse(call.query.get(name))
    except ValueError:
        message = "Input should be a valid datetime or date, input is too short"
        raise pages.invalid(name, "datetime_from_date_parsing", message) from None


def _searched(world: World, found: list[Issue], text: str) -> list[Issue]:
    """Only is:, level:, has:, tag:value and text; anything else silently finds nothing."""
    if len(text) == 32 and world.event(text) is not None:
        number = world.event(text) or 0
        return [issue for issue in found if issue.number == world.index.issue[number]]
    try:
        parsed = search.parse(text)
    except SearchError:
        raise ApiError(500, pages.SERVER_ERROR) from None
    if any(term.negated or term.operator != "=" or len(term.values) > 1 for term in parsed.terms):
        return []
    words = parsed.text.lower()
    return [
        issue
        for issue in found
        if words in issue.kind.title.lower() and all(_fits(world, issue, term) for term in parsed.terms)
    ]


def _fits(world: World, issue: Issue, term: Term) -> bool:
    value = term.values[0]
    if term.key == "is":
        return value == rows.status(issue)
    if term.key == "level":
        return value == issue.level
    if "*" in value or term.key in ("firstSeen", "lastSeen", "age", "timesSeen", "assigned"):
        return False
    return any(issue_search.event_fits(world, event, term) for event in issue.events)


def update(call: Call) -> Response:
    """`PUT /issues/{id}/`: the issue, some of its names in snake_case."""
    issue, body = the_issue(call), call.request.json()
    if "assignedTo" in body:
        raise ApiError(500, pages.SERVER_ERROR)
    _set(call, [issue], body)
    row = rows.issue(call.world, issue) | {"userReportCount": 0}
    renamed = {"shareId": "share_id", "statusDetails": "status_details", "userCount": "user_count",
               "subscriptionDetails": "subscription_details", "matchingEventId": "matching_event_id"}  # fmt: skip
    return call.reply({renamed.get(name, name): value for name, value in row.items()})


def update_many(call: Call) -> Response:
    """`PUT /organizations/{org}/issues/?id=…`: a status, or a merge into the last named."""
    body, found = call.request.json(), by_ids(call.world, call.query.all("id"))
    if body.get("merge") and len(found) > 1:
        parent = max(found, key=lambda issue: issue.count)
        for issue in found:
            if issue is not parent:
                call.world.remove_later(issue, call.now + PENDING_SECONDS, parent)
    else:
        _set(call, found, body)
    return call.reply({"status": body.get("status"), "merge": body.get("merge")})


def _set(call: Call, found: list[Issue], body: dict[str, Any]) -> None:
    status = body.get("status")
    if status not in (None, "unresolved", "resolved", "ignored"):
        message = "Input should be 'unresolved', 'resolved' or 'ignored'"
        raise pages.invalid("status", "enum", message, where="body")
    for issue in found:
        if status == "resolved":
            issue.resolve(call.now)
        elif status == "ignored":
            issue.ignore(call.now)
        elif status == "unresolved":
            issue.reopen(call.now)
    call.world.version += 1


def delete(call: Call) -> Response:
    """`DELETE /issues/{id}/`: 204; the issue stays visible for some seconds."""
    call.world.remove_later(the_issue(call), call.now + PENDING_SECONDS)
    return Response(204, b"")


def delete_many(call: Call) -> Response:
    """`DELETE /organizations/{org}/issues/?id=…`."""
    for issue in by_ids(call.world, call.query.all("id")):
        call.world.remove_later(issue, call.now + PENDING_SECONDS)
    return call.reply({"status": "resolved", "merge": None})

"""Events: of an issue, of a project, one by id; `full` pages are ten rows, whatever was asked."""

from __future__ import annotations

from array import array
from typing import Any

from sentry_sync.simulator import cursors, search
from sentry_sync.simulator.moments import DAY
from sentry_sync.simulator.search import SearchError
from sentry_sync.simulator.seeded import mix
from sentry_sync.simulator.world import event_tags
from sentry_sync.simulator.world.event_index import Span

from . import event_bodies, issue_search, parameters
from .call import Call, Response, bad_request, not_found
from .issue_detail import the_issue
from .organization import the_project

FULL_ROWS = 10
"""Since 26 August 2026 on issue events and 4 September on project events."""


def issue_events(call: Call) -> Response:
    """`GET …/issues/{id}/events/`: newest first, within the window (default 90 days)."""
    issue, world = the_issue(call), call.world
    window = parameters.window(call)
    events = world.index.within(issue.events, window.span)
    events = issue_search.in_environments(world, events, parameters.environments(call))
    try:
        parsed = search.parse(call.query.get("query"))
    except SearchError as error:
        raise bad_request(str(error)) from None
    if parsed.text:
        words = parsed.text.lower()
        events = events if words in issue.kind.title.lower() else array("i")
    for term in parsed.terms:
        events = array("i", (event for event in events if issue_search.event_fits(world, event, term)))
    return _list(call, events)


def project_events(call: Call) -> Response:
    """`GET /projects/{org}/{proj}/events/`: the project's errors, newest first."""
    project, world = the_project(call), call.world
    window = parameters.window(call)

    def mine() -> array[int]:
        numbers = {issue.number for issue in world.issues.values() if issue.project is project}
        column = world.index.issue
        return array("i", (event for event in world.index.order if column[event] in numbers))

    events = call.memory.recall(world.version, ("project events", project.number), mine)
    return _list(call, world.index.within(events, window.span))


def _list(call: Call, events: array[int]) -> Response:
    world = call.world
    full = call.query.get("full") in ("1", "true")
    limit = parameters.per_page(call)
    if full:
        limit = min(limit, FULL_ROWS)
    newest_first: list[int] | array[int] = events[::-1]
    if call.query.get("sample") in ("1", "true"):
        newest_first = sorted(newest_first, key=lambda event: mix(world.seed, event))
    cursor = parameters.cursor(call)
    parameters.check_depth(cursor, limit)
    page = cursors.by_offset(newest_first, limit, cursor)
    make = event_bodies.body if full else event_bodies.row
    return call.page([make(world, event) for event in page.rows], page)


def issue_event(call: Call) -> Response:
    """`GET …/issues/{id}/events/{latest,oldest,recommended,<id>}/`; 404 without such an event."""
    issue, world = the_issue(call), call.world
    events = issue_search.in_environments(world, issue.events, parameters.environments(call))
    if not events:
        raise not_found()
    asked = call.args["event"]
    if asked == "latest":
        chosen = events[-1]
    elif asked == "oldest":
        chosen = events[0]
    elif asked == "recommended":
        chosen = _recommended(call, events)
    else:
        number = world.event(asked)
        if number is None or number not in events:
            raise not_found()
        chosen = number
    return call.reply(event_bodies.body(world, chosen) | event_bodies.neighbours(world, issue, chosen))


def _recommended(call: Call, events: array[int]) -> int:
    """The most telling event of the issue's last seven days: one with a user and a release, the newest such."""
    world = call.world
    last = world.index.timestamp[events[-1]]
    recent = world.index.within(events, Span(last - 7 * DAY, last + 1))
    return max(
        recent,
        key=lambda event: (world.index.user[event] >= 0, world.index.release[event] >= 0, event),
    )


def project_event(call: Call) -> Response:
    """`GET /projects/{org}/{proj}/events/{event_id}/`."""
    project, world = the_project(call), call.world
    number = world.event(call.args["event"])
    if number is None:
        raise not_found()
    issue = world.by_number[world.index.issue[number]]
    if issue.project is not project:
        raise not_found()
    return call.reply(event_bodies.body(world, number) | event_bodies.neighbours(world, issue, number))


def event_lookup(call: Call) -> Response:
    """`GET /organizations/{org}/eventids/{id}/`: where an event belongs."""
    world = call.world
    if len(call.args["event"].replace("-", "")) != 32:
        raise bad_request("Event ID must be a 32-character hexadecimal string")
    number = world.event(call.args["event"])
    if number is None:
        raise not_found()
    issue = world.by_number[world.index.issue[number]]
    found: dict[str, Any] = {
        "organizationSlug": world.organization,
        "projectSlug": event_tags.field(world, number, "project"),
        "groupId": issue.id,
        "eventId": world.event_id(number),
        "event": event_bodies.body(world, number),
    }
    return call.reply(found)

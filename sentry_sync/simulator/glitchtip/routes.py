"""GlitchTip's endpoints, and what it answers to paths it does not have."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from sentry_sync.simulator.api import issue_detail
from sentry_sync.simulator.api.call import ApiError, Call, Query, Request, Response
from sentry_sync.simulator.api.dispatch import PREFIX, Caller, Server
from sentry_sync.simulator.api.routing import Route, match
from sentry_sync.simulator.glitchtip import issues, pages, rows
from sentry_sync.simulator.moments import HOUR
from sentry_sync.simulator.world.event_index import Span
from sentry_sync.simulator.world.people import MEMBERS, TEAMS

Handler = Callable[[Call], Response]
_APP = b'<!doctype html><html lang="en"><title>GlitchTip</title><body><app-root></app-root></body></html>'
_LOST = (
    b"<!DOCTYPE html>\n<html>\n<head><title>GlitchTip</title><style>"
    + b"/* fonts */" * 1_500
    + b"</style></head></html>"
)


def answer(server: Server, request: Request, caller: Caller) -> Response:
    """The answer of a GlitchTip to one request."""
    if not request.path.endswith("/"):
        return Response(301, b"", {"Content-Type": "text/html; charset=utf-8", "Location": f"{request.path}/"})
    segments = request.segments()[2:] if request.path.startswith(PREFIX) else ["nowhere"]
    found = match(request.method, segments, ROUTES)
    if found is None or "%2F" in request.path.upper():
        return _nowhere(request, segments)
    route, args = found
    refusal = _refusal(server, caller, route, args)
    if refusal is not None:
        return refusal
    query = Query(request.query_string)
    scopes = frozenset() if caller.refusal is not None else caller.scopes
    call = Call(server.world, request, query, args, "glitchtip", server.url, server.memory, scopes)
    call.page_rows = server.options.page_rows
    try:
        return route.handler(call)
    except ApiError as error:
        if isinstance(error.body, str):
            return _html(error.status, error.body.encode())
        return _json(error.status, error.body)


def _refusal(server: Server, caller: Caller, route: Route, args: dict[str, str]) -> Response | None:
    if caller.refusal is not None and route.path:
        return _json(401, {"detail": "Unauthorized"})
    if args.get("org", server.world.organization) != server.world.organization:
        return _json(404, {"detail": "Not Found"})
    if route.scopes and not route.scopes & caller.scopes:
        return _json(403, {"detail": "Permission denied"})
    return None


def _json(status: int, body: Any) -> Response:
    return Response(status, orjson.dumps(body), {"Content-Type": "application/json; charset=utf-8"})


def _html(status: int, body: bytes) -> Response:
    return Response(status, body, {"Content-Type": "text/html; charset=utf-8"})


def _nowhere(request: Request, segments: list[str]) -> Response:
    """An unknown path: its single-page application with 200, a plain 405, or a large 404 page."""
    if any(match(method, segments, ROUTES) for method in ("GET", "PUT", "DELETE")):
        return _html(405, b"Method not allowed")
    if any(word in request.path for word in ("/issues", "/projects", "/releases")):
        return _html(200, _APP)
    return _html(404, _LOST)


def _root(call: Call) -> Response:
    if not call.scopes:
        return call.reply({"version": "0", "user": None, "auth": None})
    user = {"id": "1", "username": MEMBERS[0].email, "email": MEMBERS[0].email, "name": "", "isSuperuser": True}
    return call.reply(
        {"version": "0", "user": user, "auth": {"id": 1, "label": "", "scopes": sorted(call.scopes)}}
    )


def _list(call: Call, found: list[dict[str, Any]]) -> Response:
    return pages.respond(call, found[: max(pages.limit(call), 0)], len(found))


def _organizations(call: Call) -> Response:
    return _list(call, [rows.organization(call.world)])


def _organization(call: Call) -> Response:
    world = call.world
    own = {"projects": [_teamed(one) for one in world.projects], "teams": [rows.team(world, one) for one in TEAMS]}
    return call.reply(rows.organization(world) | own)


def _teamed(project: Any) -> dict[str, Any]:
    return rows.project(project) | {"teams": [{"id": project.team.id, "slug": project.team.slug}]}


def _projects(call: Call) -> Response:
    return _list(call, [_teamed(one) for one in sorted(call.world.projects, key=lambda one: one.slug)])


def _all_projects(call: Call) -> Response:
    own = {"organization": rows.organization(call.world)}
    return _list(call, [rows.project(one) | own for one in sorted(call.world.projects, key=lambda one: one.slug)])


def _project(call: Call) -> Response:
    found = call.world.project(call.args["project"])
    if found is None:
        raise ApiError(404, {"detail": "Not Found"})
    return call.reply(rows.project(found) | {"organization": rows.organization(call.world)})


def _project_environments(call: Call) -> Response:
    found = call.world.project(call.args["project"])
    names = call.world.environments
    listed = [] if found is None else sorted(found.environments, reverse=True)
    return _list(call, [{"name": name, "id": 10 + names.index(name), "isHidden": False} for name in listed])


def _environments(call: Call) -> Response:
    """Every environment once for each project that has it: the names repeat."""
    names = call.world.environments
    repeated = sorted(name for project in call.world.projects for name in project.environments)
    return _list(call, [{"id": 10 + names.index(name), "name": name} for name in repeated])


def _teams(call: Call) -> Response:
    return _list(call, [rows.team(call.world, one) for one in TEAMS])


def _members(call: Call) -> Response:
    found = [
        {"id": m.id, "role": m.role, "roleName": m.role.title(), "email": m.email, "pending": False,
         "dateCreated": rows.iso(call.world.start * 1_000_000), "isOwner": m.role == "owner",
         "user": {"id": m.user_id, "username": m.email, "email": m.email, "name": m.name}}
        for m in MEMBERS
    ]  # fmt: skip
    return _list(call, found)


def _hashes(call: Call) -> Response:
    issue = issues.the_issue(call)
    row = {
        "id": issue_detail.fingerprint(call.world, issue.number),
        "latestEvent": rows.event(call.world, issue.events[-1]),
    }
    return _list(call, [row])


def _tags(call: Call) -> Response:
    found = []
    for tag in issue_detail.tag_table(call.world, issues.the_issue(call)):
        top = [{name: value[name] for name in ("name", "value", "count", "key")} for value in tag["topValues"]]
        found.append({"topValues": top, "uniqueValues": tag["uniqueValues"], "key": tag["key"], "name": tag["key"],
                      "totalValues": tag["totalValues"]})  # fmt: skip
    return call.reply(found)


def _issue_events(call: Call) -> Response:
    found = issues.the_issue(call).events
    return _events(call, found, lambda number: rows.snake(rows.event(call.world, number)))


def _project_events(call: Call) -> Response:
    project, world = call.world.project(call.args["project"]), call.world
    numbers = {issue.number for issue in world.issues.values() if issue.project is project}
    found = array("i", (event for event in world.index.order if world.index.issue[event] in numbers))
    return _events(call, found, lambda number: rows.event(world, number))


def _events(call: Call, found: array[int], show: Callable[[int], Any]) -> Response:
    """Newest received first; environment, query and window are not looked at."""
    return pages.page_by_moment(call, found, lambda event: rows.received(call.world, event), show, descending=True)


def _event(call: Call) -> Response:
    world, asked = call.world, call.args["event"]
    if asked == "latest" and "issue" in call.args:
        number: int | None = issues.the_issue(call).events[-1]
    else:
        if len(asked.replace("-", "")) != 32:
            message = "Input should be a valid UUID, invalid character"
            raise pages.invalid("event_id", "uuid_parsing", message, where="path")
        number = world.event(asked)
    if number is None:
        raise ApiError(404, {"detail": "Not Found"})
    issue = world.by_number[world.index.issue[number]]
    place = issue.events.index(number)
    before = world.event_id(issue.events[place - 1]) if place else None
    after = world.event_id(issue.events[place + 1]) if place + 1 < issue.count else None
    return call.reply(
        rows.event(world, number) | {"userReport": None, "nextEventID": after, "previousEventID": before}
    )


def _issues_stats(call: Call) -> Response:
    if "groups" not in call.query:
        raise pages.invalid("groups", "missing", "Field required")
    world, found = call.world, []
    for issue in issues.by_ids(world, call.query.all("groups")):
        first = call.now - call.now % HOUR - 23 * HOUR
        counts: dict[int, int] = {}
        for event in world.index.within(issue.events, Span(first, call.now + 1)):
            hour = world.index.timestamp[event] // HOUR * HOUR
            counts[hour] = counts.get(hour, 0) + 1
        stats = {"24h": [[hour, count] for hour, count in counts.items()], "14d": None}
        seen = {"firstSeen": issue.first_seen.isoformat(), "lastSeen": issue.last_seen.isoformat()}
        row = {"id": issue.id, "count": str(issue.count), "userCount": issue.user_count, "isUnhandled": False}
        found.append(row | seen | {"stats": stats})
    return call.reply(found)


def _releases(call: Call) -> Response:
    """Newest first; `query` is not looked at."""
    found = [release for release in call.world.releases.all if release.created <= call.now]
    if "project" in call.args:
        project = call.world.project(call.args["project"])
        found = [release for release in found if project in release.projects]
    return pages.page_by_moment(call, found, rows.created, rows.release, descending=True)


def _release(call: Call) -> Response:
    found = call.world.releases.by_version.get(call.args["version"])
    if found is None or found.created > call.now:
        raise ApiError(404, {"detail": "Not Found"})
    return call.reply(rows.release(found))


def _stats(call: Call) -> Response:
    missing = [name for name in ("category", "field", "start", "end") if name not in call.query]
    if missing:
        detail = [{"type": "missing", "loc": ["query", name], "msg": "Field required"} for name in missing]
        raise ApiError(422, {"detail": detail})
    try:
        start, end = (datetime.fromisoformat(call.query.get(name)) for name in ("start", "end"))
    except ValueError:
        raise pages.invalid("start", "datetime_from_date_parsing", "Input should be a valid datetime") from None
    step = HOUR if call.query.get("interval") == "1h" else 24 * HOUR
    moments = range(int(start.timestamp()), int(end.timestamp()) + 1, step)
    index = call.world.index
    counts = [len(index.within(index.order, Span(moment, moment + step))) or None for moment in moments]
    intervals = [datetime.fromtimestamp(moment, start.tzinfo).isoformat() for moment in moments]
    return call.reply({"intervals": intervals, "groups": [{"series": {"sum(quantity)": counts}}]})


_ORG = "organizations/{org}"
_EVENT, _WRITE, _READ = (
    frozenset({"event:read"}),
    frozenset({"event:write", "event:admin"}),
    frozenset({"org:read"}),
)
_PROJECT, _RELEASE = frozenset({"project:read"}), frozenset({"project:releases"})

ROUTES: tuple[Route, ...] = (
    Route("GET", "", _root),
    Route("GET", "organizations", _organizations, _READ),
    Route("GET", _ORG, _organization, _READ),
    Route("GET", "projects", _all_projects, _PROJECT),
    Route("GET", f"{_ORG}/projects", _projects, _PROJECT),
    Route("GET", f"{_ORG}/environments", _environments, _READ),
    Route("GET", f"{_ORG}/teams", _teams, frozenset({"team:read"})),
    Route("GET", f"{_ORG}/members", _members, frozenset({"member:read"})),
    Route("GET", "projects/{org}/{project}", _project, _PROJECT),
    Route("GET", "projects/{org}/{project}/environments", _project_environments, _PROJECT),
    Route("GET", "projects/{org}/{project}/issues", issues.list_issues, _EVENT),
    Route("GET", "projects/{org}/{project}/events", _project_events, _EVENT),
    Route("GET", "projects/{org}/{project}/events/{event}", _event, _EVENT),
    Route("GET", "projects/{org}/{project}/releases", _releases, _RELEASE),
    Route("GET", f"{_ORG}/issues", issues.list_issues, _EVENT),
    Route("PUT", f"{_ORG}/issues", issues.update_many, _WRITE),
    Route("DELETE", f"{_ORG}/issues", issues.delete_many, frozenset({"event:admin"})),
    Route("PUT", f"{_ORG}/issues/{{issue}}", issues.update, _WRITE),
    Route("GET", f"{_ORG}/issues/{{issue}}/hashes", _hashes, _EVENT),
    Route("GET", f"{_ORG}/issues-stats", _issues_stats, _EVENT),
    Route("GET", "issues/{issue}", issues.detail, _EVENT),
    Route("PUT", "issues/{issue}", issues.update, _WRITE),
    Route("DELETE", "issues/{issue}", issues.delete, frozenset({"event:admin"})),
    Route("GET", "issues/{issue}/events", _issue_events, _EVENT),
    Route("GET", "issues/{issue}/events/{event}", _event, _EVENT),
    Route("GET", "issues/{issue}/tags", _tags, _EVENT),
    Route("GET", f"{_ORG}/releases", _releases, _RELEASE),
    Route("GET", f"{_ORG}/releases/{{version}}", _release, _RELEASE),
    Route("GET", f"{_ORG}/stats_v2", _stats, _READ),
)

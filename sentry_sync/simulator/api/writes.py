"""What a client with write scopes may do to issues: update one or many, merge, delete."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sentry_sync.simulator.api import issue_rows
from sentry_sync.simulator.api.call import ApiError, Call, Response, bad_request
from sentry_sync.simulator.api.issue_detail import the_issue
from sentry_sync.simulator.identifiers import ISSUE_BASE
from sentry_sync.simulator.world.issues import Issue
from sentry_sync.simulator.world.people import MEMBERS, assignee

PENDING_SECONDS = 30
"""How long Sentry's workers take here to carry out a deletion or a merge."""
_FIELDS = frozenset(
    {
        "status", "statusDetails", "substatus", "assignedTo", "priority", "merge", "hasSeen", "isBookmarked",
        "isPublic", "isSubscribed", "inbox",
    }
)  # fmt: skip


def update_issue(call: Call) -> Response:
    """`PUT …/issues/{id}/`: the changed issue."""
    issue = the_issue(call)
    _update(call, [issue], call.request.json())
    row = issue_rows.base(call.world, issue)
    return call.reply(row | issue_rows.counters(call.world, issue, issue.events))


def update_issues(call: Call) -> Response:
    """`PUT /organizations/{org}/issues/?id=…`: what was changed, or the merge that has begun."""
    issues = _asked(call)
    body = call.request.json()
    if body.get("merge"):
        return call.reply({"merge": _merge(call, issues)})
    _update(call, issues, body)
    shown = {name: value for name, value in body.items() if name in _FIELDS}
    if "status" in shown:
        shown.setdefault("statusDetails", {})
    return call.reply(shown)


def _asked(call: Call) -> list[Issue]:
    ids = call.query.all("id")
    if any(not value.isdecimal() for value in ids):
        raise bad_request("Group ids must be integers")
    if not ids:
        raise bad_request("You must specify the issues with id=; this server changes no whole searches.")
    numbers = [int(value) - ISSUE_BASE for value in ids]
    return [call.world.by_number[number] for number in numbers if number in call.world.by_number]


def _actor() -> dict[str, Any]:
    member = MEMBERS[0]
    return {"id": member.user_id, "name": member.name, "email": member.email}


def _update(call: Call, issues: Iterable[Issue], body: dict[str, Any]) -> None:
    status, priority = body.get("status"), body.get("priority")
    if status is not None and status not in ("resolved", "unresolved", "ignored", "resolvedInNextRelease"):
        raise ApiError(400, {"status": [f'"{status}" is not a valid choice.']})
    if priority is not None and priority not in ("high", "medium", "low"):
        raise ApiError(400, {"priority": [f'"{priority}" is not a valid choice.']})
    try:
        assigned = assignee(body.get("assignedTo"))
    except ValueError:
        raise ApiError(400, {"assignedTo": ["Unknown actor input"]}) from None
    for issue in issues:
        if status is not None:
            _set_status(call, issue, status, body.get("statusDetails") or {})
        if "assignedTo" in body:
            issue.assigned_to = assigned
            issue.note("assigned" if assigned else "unassigned", call.now, _actor())
        if priority is not None:
            issue.priority, issue.priority_locked_at = priority, call.now
            issue.note("set_priority", call.now, _actor(), priority=priority)
        issue.changed()
        call.world.watch(issue)
    call.world.version += 1


def _set_status(call: Call, issue: Issue, status: str, details: dict[str, Any]) -> None:
    if status == "resolvedInNextRelease" or details.get("inNextRelease"):
        issue.resolve(call.now, _actor(), inNextRelease=True)
    elif status == "resolved":
        issue.resolve(call.now, _actor(), **details)
    elif status == "ignored":
        minutes = details.get("ignoreDuration")
        issue.ignore(call.now, _actor(), until=call.now + int(minutes) * 60 if minutes else None)
    else:
        issue.reopen(call.now, _actor())


def _merge(call: Call, issues: list[Issue]) -> dict[str, Any]:
    if len(issues) < 2:
        raise bad_request("At least two issues are needed for a merge.")
    if len({issue.project.number for issue in issues}) > 1:
        raise bad_request("Merging across multiple projects is not supported")
    # Sentry keeps the issue with the most events; the older one among equals.
    parent, *children = sorted(issues, key=lambda issue: (-issue.count, issue.number))
    for child in children:
        call.world.remove_later(child, call.now + PENDING_SECONDS, parent)
    return {"parent": parent.id, "children": [child.id for child in children]}


def delete_issue(call: Call) -> Response:
    """`DELETE …/issues/{id}/`: 202, and pending_deletion until a worker has run."""
    call.world.remove_later(the_issue(call), call.now + PENDING_SECONDS)
    return call.reply(None, status=202)


def delete_issues(call: Call) -> Response:
    """`DELETE /organizations/{org}/issues/?id=…`: 204."""
    for issue in _asked(call):
        call.world.remove_later(issue, call.now + PENDING_SECONDS)
    return Response(204, b"")

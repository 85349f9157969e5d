"""One issue: its detail, activities, tags and hashes; ids of merged issues lead to their parent."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b
from typing import Any

from sentry_sync.simulator import cursors
from sentry_sync.simulator.moments import DAY, HOUR, zulu
from sentry_sync.simulator.world import event_tags
from sentry_sync.simulator.world.issues import Issue
from sentry_sync.simulator.world.world import World

from . import event_bodies, issue_rows, issue_search, parameters
from .call import Call, Response, not_found


def the_issue(call: Call) -> Issue:
    """The issue of the path, by numeric or short id, a merged one's parent; 404 if deleted or pending."""
    issue = call.world.issue(call.args["issue"])
    if issue is None or issue.stored_status.startswith("pending"):
        raise not_found()
    return issue


def detail(call: Call) -> Response:
    """`GET …/issues/{id}/`: the row, with activity, tags, releases and two histograms."""
    issue, world = the_issue(call), call.world
    collapse = call.query.all("collapse")
    events = issue_search.in_environments(world, issue.events, parameters.environments(call))
    call.valid_until(call.now + 1)
    row = issue_rows.base(world, issue)
    row |= {"isUnhandled": not issue.kind.handled, "derivedData": issue_rows.derived(issue)}
    row |= issue_rows.counters(world, issue, events)
    row["firstSeen"] = zulu(issue.first_second)
    row |= {
        "activity": activity(issue)[:100],
        "seenBy": [],
        "participants": [],
        "pluginActions": [],
        "pluginIssues": [],
        "pluginContexts": [],
        "userReportCount": 0,
        "openPeriods": [{"start": zulu(issue.first_second), "end": None, "isOpen": issue.status == "unresolved"}],
    }
    if "release" not in collapse:
        row["firstRelease"] = issue_rows.release_stub(world.release_of(events[0]) if events else None)
        row["lastRelease"] = issue_rows.release_stub(world.release_of(events[-1]) if events else None)
    if "tags" not in collapse:
        row["tags"] = [
            {key: tag[key] for key in ("key", "name", "totalValues")} for tag in tag_table(world, issue)
        ]
    if "stats" not in collapse:
        row["stats"] = {
            "24h": issue_rows.histogram(world, events, call.now, HOUR, 24),
            "30d": issue_rows.histogram(world, events, call.now, DAY, 30),
        }
    if "inbox" in call.query.all("expand"):
        row["inbox"] = issue_rows.inbox(issue)
    return call.reply(row)


def activity(issue: Issue) -> list[dict[str, Any]]:
    """What happened to the issue, newest first."""
    rows = [
        {
            "id": str(issue.number * 1_000 + entry.number),
            "type": entry.type,
            "user": entry.user,
            "sentry_app": None,
            "data": entry.data,
            "dateCreated": zulu(entry.at),
        }
        for entry in sorted(issue.activity, key=lambda entry: (entry.at, entry.number))
    ]
    return rows[::-1]


def activities(call: Call) -> Response:
    """`GET …/issues/{id}/activities/`: the newest hundred."""
    return call.reply({"activity": activity(the_issue(call))[:100]})


def tags(call: Call) -> Response:
    """`GET …/issues/{id}/tags/`: every tag with its ten commonest values."""
    return call.reply(tag_table(call.world, the_issue(call)))


def tag(call: Call) -> Response:
    """`GET …/issues/{id}/tags/{key}/`; 404 for a tag no event has."""
    found = [row for row in tag_table(call.world, the_issue(call)) if row["key"] == call.args["key"]]
    if not found:
        raise not_found()
    return call.reply(found[0])


def tag_values(call: Call) -> Response:
    """`GET …/issues/{id}/tags/{key}/values/`, commonest first."""
    issue, key = the_issue(call), call.args["key"]
    rows = _values(call.world, issue).get(key, [])
    page = cursors.by_offset(rows, parameters.per_page(call), parameters.cursor(call))
    return call.page(list(page.rows), page)


def tag_table(world: World, issue: Issue) -> list[dict[str, Any]]:
    """Every tag of the issue with its commonest values."""
    rows = []
    for key, values in sorted(_values(world, issue).items()):
        total = sum(value["count"] for value in values)
        rows.append(
            {
                "key": key,
                "name": key.title(),
                "totalValues": total,
                "uniqueValues": len(values),
                "topValues": values[:10],
            }
        )
    return rows


def _values(world: World, issue: Issue) -> dict[str, list[dict[str, Any]]]:
    """For each tag its values with count, first and last seen."""
    if issue.cache.get("tags_at") == issue.version:
        kept: dict[str, list[dict[str, Any]]] = issue.cache["tags"]
        return kept
    counts: dict[str, Counter[str]] = {}
    seen: dict[tuple[str, str], tuple[int, int]] = {}
    for event in issue.events:
        moment = world.index.timestamp[event]
        for key, value in event_tags.tags(world, event).items():
            counts.setdefault(key, Counter())[value] += 1
            first, _ = seen.get((key, value), (moment, moment))
            seen[key, value] = (first, moment)
    found = {
        key: [_value(key, value, count, seen[key, value]) for value, count in counter.most_common()]
        for key, counter in counts.items()
    }
    issue.cache["tags"], issue.cache["tags_at"] = found, issue.version
    return found


def _value(key: str, value: str, count: int, seen: tuple[int, int]) -> dict[str, Any]:
    return {
        "key": key,
        "name": value,
        "value": value,
        "query": None,
        "count": count,
        "firstSeen": zulu(seen[0]),
        "lastSeen": zulu(seen[1]),
    }


def hashes(call: Call) -> Response:
    """`GET …/issues/{id}/hashes/`: one grouping hash for the issue and each merged into it."""
    issue, world = the_issue(call), call.world
    full = call.query.get("full", "true") in ("1", "true")
    rows: list[dict[str, Any]] = []
    for number in (issue.number, *issue.merged):
        row: dict[str, Any] = {"id": fingerprint(world, number), "mergedBySeer": False, "seerMatchDistance": None}
        row["latestEvent"] = event_bodies.body(world, issue.events[-1]) if full and issue.events else None
        rows.append(row)
    limit = min(parameters.per_page(call), 10) if full else parameters.per_page(call)
    page = cursors.by_offset(rows, limit, parameters.cursor(call))
    return call.page(list(page.rows), page)


def fingerprint(world: World, number: int) -> str:
    """The grouping hash of an issue."""
    return blake2b(f"{world.seed}:group:{number}".encode(), digest_size=16).hexdigest()


def short_id(call: Call) -> Response:
    """`GET /organizations/{org}/shortids/{id}/`."""
    issue = the_issue(call)
    row = issue_rows.base(call.world, issue) | issue_rows.counters(call.world, issue, issue.events)
    return call.reply(
        {
            "organizationSlug": call.world.organization,
            "projectSlug": issue.project.slug,
            "groupId": issue.id,
            "group": row,
            "shortId": issue.short_id,
        }
    )

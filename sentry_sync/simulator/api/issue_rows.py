"""An issue as Sentry's list and detail write it."""

from __future__ import annotations

from array import array
from typing import Any

from sentry_sync.simulator.moments import DAY, HOUR, zulu
from sentry_sync.simulator.world.event_index import Span
from sentry_sync.simulator.world.issues import Issue, users
from sentry_sync.simulator.world.releases import Release
from sentry_sync.simulator.world.world import World


def base(world: World, issue: Issue) -> dict[str, Any]:
    """Everything about the issue that no window changes; kept until the issue changes."""
    if issue.cache.get("row_at") != (issue.version, issue.project.slug):
        issue.cache["row"] = _base(world, issue)
        issue.cache["row_at"] = (issue.version, issue.project.slug)
    row: dict[str, Any] = issue.cache["row"]
    return dict(row)


def _base(world: World, issue: Issue) -> dict[str, Any]:
    project, kind = issue.project, issue.kind
    return {
        "id": issue.id,
        "shareId": None,
        "shortId": issue.short_id,
        "title": kind.title,
        "culprit": kind.transaction,
        "permalink": f"https://{world.organization}.sentry.example/issues/{issue.id}/",
        "logger": kind.logger,
        "level": issue.level,
        "status": issue.status,
        "statusDetails": issue.shown_details(),
        "substatus": issue.substatus,
        "isPublic": False,
        "platform": project.event_platform,
        "priority": issue.priority,
        "priorityLockedAt": zulu(issue.priority_locked_at) if issue.priority_locked_at else None,
        "seerFixabilityScore": None,
        "seerAutofixLastTriggered": None,
        "seerExplorerAutofixLastTriggered": None,
        "project": {"id": project.id, "name": project.name, "slug": project.slug, "platform": project.platform},
        "type": "error" if kind.type else "default",
        "issueType": "error",
        "issueCategory": "error",
        "metadata": metadata(issue),
        "numComments": 0,
        "assignedTo": issue.assigned_to,
        "isBookmarked": False,
        "isSubscribed": False,
        "subscriptionDetails": None,
        "hasSeen": False,
        "annotations": [],
    }


def metadata(issue: Issue) -> dict[str, Any]:
    """The parts the title was made of."""
    kind = issue.kind
    if kind.type is None:
        return {"title": kind.title}
    sdk = f"sentry.{issue.project.event_platform}"
    return {
        "type": kind.type,
        "value": kind.value,
        "filename": kind.filename,
        "function": kind.function,
        "in_app_frame_mix": "mixed",
        "sdk": {"name": sdk, "name_normalized": sdk},
    }


def derived(issue: Issue) -> dict[str, Any]:
    """Sentry's work-flow summary of the issue."""
    return {
        "blocker": "none",
        "progress": "none",
        "status": "open" if issue.status == "unresolved" else "closed",
        "viewCount": 0,
        "hasOpenFixPr": False,
        "isAssigned": issue.assigned_to is not None,
        "hasRootCause": False,
        "lastCompletedAutofixStep": "none",
        "lastProgressedAt": None,
    }


def counters(world: World, issue: Issue, events: array[int]) -> dict[str, Any]:
    """Count (a string, as Sentry has it), users, first and last seen over some of the issue's events."""
    times = world.index.timestamp
    return {
        "count": str(len(events)),
        "userCount": issue.user_count if events is issue.events else users(world.index, events),
        "firstSeen": zulu(times[events[0]]) if events else None,
        "lastSeen": zulu(times[events[-1]]) if events else None,
    }


def lifetime(world: World, issue: Issue, retention: Span) -> dict[str, Any]:
    """The lifetime counters: count and first seen from the database, users and last seen over retention."""
    kept = world.index.within(issue.events, retention)
    return {
        "count": str(issue.count),
        "userCount": issue.user_count if kept is issue.events else users(world.index, kept),
        "firstSeen": zulu(issue.first_second),
        "lastSeen": zulu(world.index.timestamp[kept[-1]]) if kept else None,
    }


def histogram(world: World, events: array[int], now: int, step: int, buckets: int) -> list[list[int]]:
    """Sentry's sparkline: `[epoch second, events]` per bucket, the last one the current."""
    last = now - now % step
    first = last - (buckets - 1) * step
    counts = [0] * buckets
    times = world.index.timestamp
    for event in world.index.within(events, Span(first, last + step)):
        counts[(times[event] - first) // step] += 1
    return [[first + place * step, count] for place, count in enumerate(counts)]


def stats(world: World, events: array[int], now: int, group_period: str) -> dict[str, Any]:
    """The `stats` of a list row: hourly for 24h (and auto), daily for 14d."""
    if group_period == "14d":
        return {"14d": histogram(world, events, now, DAY, 14)}
    return {"auto" if group_period == "auto" else "24h": histogram(world, events, now, HOUR, 24)}


def inbox(issue: Issue) -> dict[str, Any] | None:
    """Why the issue is up for review."""
    if issue.inbox_since is None:
        return None
    reason = 2 if issue.stored_substatus == "regressed" else 0
    return {"reason": reason, "reason_details": None, "date_added": zulu(issue.inbox_since)}


def release_stub(release: Release | None) -> dict[str, Any] | None:
    """A release as an issue's firstRelease and lastRelease show it."""
    if release is None:
        return None
    return {
        "version": release.version,
        "shortVersion": release.version,
        "dateCreated": zulu(release.created),
        "dateReleased": zulu(release.released) if release.released else None,
        "ref": None,
        "url": None,
    }

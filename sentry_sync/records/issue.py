"""Issues."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sentry_sync.records.fields import Malformed, Raw, flag, integer, mapping, moment, required, text


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue with its lifetime counters, as it stood at ``verified_at``.

    Counters come from ``lifetime`` where the server has it: on the organization's list the top-level ones count
    only the window that was asked (``lastSeen`` and ``userCount`` are then None when no event is left).
    """

    id: str
    project_id: str
    short_id: str | None
    title: str
    culprit: str | None
    type: str | None
    """The event type, ``error`` or ``default``; ``issue_type`` and ``category`` say what kind of issue."""
    issue_type: str | None
    category: str | None
    level: str | None
    platform: str | None
    logger: str | None
    status: str
    substatus: str | None
    priority: str | None
    unhandled: bool | None
    first_seen: datetime | None
    last_seen: datetime | None
    count: int | None
    user_count: int | None
    assigned_type: str | None
    assigned_id: str | None
    assigned_to: str | None
    permalink: str | None
    exception_type: str | None
    exception_value: str | None
    filename: str | None
    function: str | None
    num_comments: int | None
    first_release: str | None
    verified_at: datetime


@dataclass(frozen=True, slots=True)
class IssueRaw:
    """The row as the server sent it, for fields this version does not know."""

    issue_id: str
    raw: bytes
    verified_at: datetime


@dataclass(frozen=True, slots=True)
class IssueGone:
    """An issue is no longer there: asked for by its id, the server had none, or answered with another one."""

    issue_id: str
    at: datetime
    """When that was seen."""
    removed_as: str
    """``deleted`` (or hidden from this token: the server doesn't say which) or ``merged``."""
    merged_into: str | None = None
    """The issue it was merged into."""


@dataclass(frozen=True, slots=True)
class IssueProject:
    """What an issue row says of its project: enough to name it before projects have been synced."""

    id: str
    slug: str
    name: str | None
    platform: str | None


@dataclass(frozen=True, slots=True)
class IssueEnvironment:
    """An issue has events in an environment, at least from ``first_seen`` to ``last_seen``."""

    issue_id: str
    environment: str
    project_id: str
    first_seen: datetime
    last_seen: datetime


def parse_issue(raw: Raw, at: datetime) -> Issue:
    """One row of the organization's or a project's issue list, or an issue's detail."""
    project = mapping(raw.get("project"), "project")
    lifetime = raw.get("lifetime")
    counters = lifetime if isinstance(lifetime, dict) else raw
    metadata = raw.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    assigned = raw.get("assignedTo")
    assigned = assigned if isinstance(assigned, dict) else {}
    first_release = raw.get("firstRelease")
    return Issue(
        id=required(raw, "id"),
        project_id=required(project, "id"),
        short_id=text(raw, "shortId"),
        title=text(raw, "title") or "",
        culprit=text(raw, "culprit"),
        type=text(raw, "type"),
        issue_type=text(raw, "issueType"),
        category=text(raw, "issueCategory"),
        level=text(raw, "level"),
        platform=text(raw, "platform") or text(project, "platform"),
        logger=text(raw, "logger"),
        status=required(raw, "status"),
        substatus=text(raw, "substatus"),
        priority=text(raw, "priority"),
        unhandled=flag(raw, "isUnhandled"),
        first_seen=moment(counters, "firstSeen") or moment(raw, "firstSeen"),
        last_seen=moment(counters, "lastSeen"),
        count=integer(counters, "count"),
        user_count=integer(counters, "userCount"),
        assigned_type=text(assigned, "type"),
        assigned_id=text(assigned, "id"),
        assigned_to=text(assigned, "name"),
        permalink=text(raw, "permalink"),
        exception_type=_label(metadata, "type"),
        exception_value=_label(metadata, "value"),
        filename=_label(metadata, "filename"),
        function=_label(metadata, "function"),
        num_comments=integer(raw, "numComments"),
        first_release=text(first_release, "version") if isinstance(first_release, dict) else None,
        verified_at=at,
    )


def parse_issue_project(raw: Raw) -> IssueProject:
    """The project an issue row belongs to."""
    project = mapping(raw.get("project"), "project")
    return IssueProject(
        id=required(project, "id"),
        slug=required(project, "slug"),
        name=text(project, "name"),
        platform=text(project, "platform") or None,
    )


def _label(metadata: Raw, name: str) -> str | None:
    """A metadata field; SDKs put anything there, so what is no text is left out rather than refused."""
    try:
        return text(metadata, name)
    except Malformed:
        return None

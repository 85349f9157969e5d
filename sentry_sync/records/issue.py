"""Issues."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from sentry_sync.records.fields import Raw, flag, integer, mapping, moment, required, text, texts


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
    auto_resolved: bool | None = None
    """Shown as resolved since nothing happened for long, while Sentry has it stored as unresolved."""


@dataclass(frozen=True, slots=True)
class IssueRaw:
    """The row as the server sent it, for fields this version does not know."""

    issue_id: str
    raw: bytes
    verified_at: datetime


UNKNOWN = "unknown"
"""How an issue went that may be part of one that is on its way out itself; looked at again until it is known."""


@dataclass(frozen=True, slots=True)
class IssueGone:
    """An issue is no longer there: asked for by its id, the server had none, or answered with another one."""

    issue_id: str
    at: datetime
    """When that was seen."""
    removed_as: str
    """``deleted`` (or hidden from this token: the server doesn't say which), ``merged``, ``project`` where it
    went with its whole project, or ``unknown``: deleted or merged, and which of both can't be said yet."""
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


_NAMES = ("shortId", "title", "culprit", "type", "issueType", "issueCategory")
_STANDING = ("level", "platform", "logger", "substatus", "priority", "permalink")


def parse_issue(raw: Raw, at: datetime) -> Issue:
    """One row of the organization's or a project's issue list, or an issue's detail."""
    project = mapping(raw.get("project"), "project")
    counters = _counters(raw)
    short_id, title, culprit, kind, issue_type, category = texts(raw, _NAMES)
    level, platform, logger, substatus, priority, permalink = texts(raw, _STANDING)
    return Issue(
        id=required(raw, "id"),
        project_id=required(project, "id"),
        short_id=short_id,
        title=title or "",
        culprit=culprit,
        type=kind,
        issue_type=issue_type,
        category=category,
        level=level,
        platform=platform or text(project, "platform"),
        logger=logger,
        status=required(raw, "status"),
        substatus=substatus,
        priority=priority,
        unhandled=flag(raw, "isUnhandled"),
        first_seen=moment(counters, "firstSeen") or moment(raw, "firstSeen"),
        last_seen=moment(counters, "lastSeen"),
        count=integer(counters, "count"),
        user_count=integer(counters, "userCount"),
        permalink=permalink,
        num_comments=integer(raw, "numComments"),
        first_release=_version(raw.get("firstRelease")),
        verified_at=at,
        auto_resolved=_resolved_itself(raw.get("statusDetails")),
        **_assignee(raw.get("assignedTo")),
        **_labels(raw.get("metadata")),
    )


def _counters(raw: Raw) -> Raw:
    """What holds the counters: ``lifetime`` where the server has it."""
    lifetime = raw.get("lifetime")
    return lifetime if isinstance(lifetime, dict) else raw


def _version(release: object) -> str | None:
    return text(release, "version") if isinstance(release, dict) else None


def _resolved_itself(details: object) -> bool | None:
    """What ``statusDetails`` says of it; None where the server sends none."""
    return bool(details.get("autoResolved")) if isinstance(details, dict) else None


def parse_issue_project(raw: Raw) -> IssueProject:
    """The project an issue row belongs to."""
    project = mapping(raw.get("project"), "project")
    return IssueProject(
        id=required(project, "id"),
        slug=required(project, "slug"),
        name=text(project, "name"),
        platform=text(project, "platform") or None,
    )


class _Assignee(TypedDict):
    """Kind, id and name of whom an issue is assigned to."""

    assigned_type: str | None
    assigned_id: str | None
    assigned_to: str | None


_NOBODY = _Assignee(assigned_type=None, assigned_id=None, assigned_to=None)


def _assignee(value: object) -> _Assignee:
    if not isinstance(value, dict):
        return _NOBODY
    kind, identity, name = texts(value, ("type", "id", "name"))
    return {"assigned_type": kind, "assigned_id": identity, "assigned_to": name}


class _Labels(TypedDict):
    """An error's type, value, file and function."""

    exception_type: str | None
    exception_value: str | None
    filename: str | None
    function: str | None


_UNLABELLED = _Labels(exception_type=None, exception_value=None, filename=None, function=None)


def _labels(metadata: object) -> _Labels:
    """SDKs put anything there, so what is no text is left out."""
    if not isinstance(metadata, dict):
        return _UNLABELLED
    values = (metadata.get("type"), metadata.get("value"), metadata.get("filename"), metadata.get("function"))
    kind, value, filename, function = (value if isinstance(value, str) else None for value in values)
    return {"exception_type": kind, "exception_value": value, "filename": filename, "function": function}

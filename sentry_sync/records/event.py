"""Events, their bodies, and hourly error counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sentry_sync.records.fields import Malformed, Raw, dumped, integer, mapping, moment, named, required, text
from sentry_sync.records.issue import IssueEnvironment


@dataclass(frozen=True, slots=True)
class Event:
    """One error event without its body. ``event_id`` is 32 hex digits, unique within its project."""

    project_id: str
    event_id: str
    issue_id: str
    timestamp: datetime
    environment: str | None
    release: str | None
    level: str | None
    title: str | None
    transaction: str | None
    platform: str | None
    user_key: str | None
    tags: Mapping[str, str]
    """Empty where the source does not carry tags (Explore rows)."""


@dataclass(frozen=True, slots=True)
class EventGone:
    """An event that is held, and that a complete list of its time no longer has."""

    project_id: str
    event_id: str


@dataclass(frozen=True, slots=True)
class EventBody:
    """The whole event as the server sent it: stack trace, breadcrumbs, request, contexts."""

    project_id: str
    event_id: str
    issue_id: str
    timestamp: datetime
    body: Mapping[str, Any]
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """Errors of one issue, environment and release within one hour; ``""`` stands for none given."""

    project_id: str
    issue_id: str
    environment: str
    release: str
    hour: datetime
    count: int
    users: int | None


def parse_event(raw: Raw) -> Event:
    """A row of an issue's or a project's event list, or an event's detail, in Sentry's or GlitchTip's case.

    GlitchTip spells its issue events in snake case (``event_id``, ``date_created``) and ids as integers.
    """
    tags = _tags(raw.get("tags"))
    user = mapping(raw.get("user"), "user")
    timestamp = moment(raw, "dateCreated") or moment(raw, "date_created")
    if timestamp is None:
        raise Malformed("dateCreated is missing")
    return Event(
        project_id=_either(raw, "projectID", "project_id"),
        event_id=event_id(_either(raw, "eventID", "event_id")),
        issue_id=_either(raw, "groupID", "group_id"),
        timestamp=timestamp,
        environment=tags.get("environment") or named(raw.get("environment")),
        release=tags.get("release") or _release(raw.get("release")),
        level=tags.get("level") or text(raw, "level"),
        title=text(raw, "title"),
        transaction=tags.get("transaction"),
        platform=text(raw, "platform"),
        user_key=_user_key(user, tags),
        tags=tags,
    )


def parse_event_body(raw: Raw, at: datetime) -> EventBody:
    """An event's detail as a body to keep; Malformed also when it could not be written down again."""
    event = parse_event(raw)
    dumped(raw)
    return EventBody(event.project_id, event.event_id, event.issue_id, event.timestamp, raw, at)


PROJECT = "project.id"
"""The column of Explore that says whose a row is. ``project`` is its slug, which may be another's by now."""


def parse_explore_event(raw: Raw) -> Event:
    """A row of Explore's ``errors`` dataset."""
    timestamp = moment(raw, "timestamp")
    if timestamp is None:
        raise Malformed("timestamp is missing")
    return Event(
        project_id=required(raw, PROJECT),
        event_id=event_id(required(raw, "id")),
        issue_id=required(raw, "issue.id"),
        timestamp=timestamp,
        environment=text(raw, "environment") or None,
        release=text(raw, "release") or None,
        level=text(raw, "level"),
        title=text(raw, "title"),
        transaction=text(raw, "transaction") or None,
        platform=text(raw, "platform"),
        user_key=text(raw, "user") or text(raw, "user.display"),
        tags={},
    )


def parse_error_count(raw: Raw, hour: datetime) -> ErrorCount:
    """A row of Explore's ``errors`` dataset grouped by issue, environment and release within ``hour``."""
    return ErrorCount(
        project_id=required(raw, PROJECT),
        issue_id=required(raw, "issue.id"),
        environment=text(raw, "environment") or "",
        release=text(raw, "release") or "",
        hour=hour,
        count=integer(raw, "count()") or 0,
        users=integer(raw, "count_unique(user)"),
    )


def event_id(value: str) -> str:
    """An event id as 32 lowercase hex digits, whichever way the server wrote it."""
    digits = value.replace("-", "").lower()
    if len(digits) != 32 or any(digit not in "0123456789abcdef" for digit in digits):
        raise Malformed("eventID is not 32 hex digits")
    return digits


def _either(raw: Raw, camel: str, snake: str) -> str:
    return required(raw, camel if raw.get(camel) is not None else snake)


def _tags(value: object) -> dict[str, str]:
    """Tags as a mapping, from ``[{key, value}]`` or ``[[key, value]]``; the last of a repeated key stands."""
    found: dict[str, str] = {}
    for tag in value if isinstance(value, list) else ():
        pair = (tag.get("key"), tag.get("value")) if isinstance(tag, Mapping) else tag
        if isinstance(pair, (list, tuple)) and len(pair) == 2 and isinstance(pair[0], str):
            found[pair[0]] = "" if pair[1] is None else str(pair[1])
    return found


def _release(value: object) -> str | None:
    if isinstance(value, Mapping):
        return text(value, "version")
    return value if isinstance(value, str) else None


def _user_key(user: Raw, tags: Mapping[str, str]) -> str | None:
    """Sentry's own key for a user: ``id:``, ``username:``, ``email:`` or ``ip:`` with the value."""
    if tags.get("user"):
        return tags["user"]
    for name, prefix in (("id", "id"), ("username", "username"), ("email", "email"), ("ip_address", "ip")):
        value = user.get(name)
        if isinstance(value, (str, int)) and value != "":
            return f"{prefix}:{value}"
    return None


def environments_of(events: Iterable[Event]) -> list[IssueEnvironment]:
    """What the events tell of their issues' environments: to the second, as Explore tells it."""
    found: dict[tuple[str, str], IssueEnvironment] = {}
    for event in events:
        key, at = (event.issue_id, event.environment or ""), event.timestamp.replace(microsecond=0)
        known = found.get(key)
        first, last = (min(known.first_seen, at), max(known.last_seen, at)) if known else (at, at)
        found[key] = IssueEnvironment(*key, event.project_id, first, last)
    return list(found.values())

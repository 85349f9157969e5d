"""An issue: what it is, what people did with it, and what its events say about it."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sentry_sync.simulator.identifiers import issue_id, short_suffix
from sentry_sync.simulator.moments import DAY, zulu

from .catalogue import Kind
from .event_index import EventIndex
from .projects import Project

NEW_FOR = 7 * DAY
"""How long an issue counts as `new` before it is `ongoing`, as Sentry documents it."""


WAKE_AFTER = 600
"""Sentry looks for snoozes that ended every few minutes (`clear_expired_snoozes`)."""


@dataclass(frozen=True, slots=True)
class Activity:
    """One thing that happened to an issue, as its activity list tells it."""

    number: int
    type: str
    at: int
    user: dict[str, Any] | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Issue:
    """One issue. Counts and dates are read from its events; status may be derived from the clock."""

    number: int
    project: Project
    kind: Kind
    level: str
    priority: str
    index: EventIndex
    clock: Callable[[], int]
    short_number: int
    stored_status: str = "unresolved"
    stored_substatus: str | None = "ongoing"
    status_details: dict[str, Any] = field(default_factory=dict)
    ignore_until: int | None = None
    assigned_to: dict[str, str] | None = None
    priority_locked_at: int | None = None
    inbox_since: int | None = None
    activity: list[Activity] = field(default_factory=list)
    events: array[int] = field(default_factory=lambda: array("i"))
    merged: list[int] = field(default_factory=list)
    """Numbers of the issues merged into this one."""
    version: int = 0
    """Rises with every change that a row could show."""
    kept_first_seen: int = 0
    """When the issue began, for the time after its last event has been deleted by retention."""
    cache: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The issue's id, a numeric string."""
        return issue_id(self.number)

    @property
    def short_id(self) -> str:
        """The readable id, such as WEB-STOREFRONT-1A; it survives a rename of the project."""
        slug = (self.project.former_slugs or [self.project.slug])[0]
        return f"{slug.upper()}-{short_suffix(self.short_number)}"

    @property
    def title(self) -> str:
        """The title, attacker-writable."""
        return self.kind.title

    @property
    def count(self) -> int:
        """Events over the issue's whole life."""
        return len(self.events)

    @property
    def first_second(self) -> int:
        """When the first event happened, in epoch seconds."""
        return self.index.timestamp[self.events[0]] if self.events else self.kept_first_seen

    @property
    def last_second(self) -> int:
        """When the latest event happened, in epoch seconds."""
        return self.index.timestamp[self.events[-1]] if self.events else self.kept_first_seen

    @property
    def first_seen(self) -> datetime:
        """When the first event happened."""
        return datetime.fromtimestamp(self.first_second, UTC)

    @property
    def last_seen(self) -> datetime:
        """When the latest event happened."""
        return datetime.fromtimestamp(self.last_second, UTC)

    @property
    def user_count(self) -> int:
        """Different users over the issue's whole life."""
        if self.cache.get("users_at") != self.version:
            self.cache["users"] = users(self.index, self.events)
            self.cache["users_at"] = self.version
        return int(self.cache["users"])

    @property
    def first_release(self) -> int:
        """Number of the release of the first event; -1 for none."""
        return self.index.release[self.events[0]] if self.events else -1

    @property
    def auto_resolved(self) -> bool:
        """Shown as resolved because nothing happened for the project's resolve age."""
        age = self.project.resolve_age
        return bool(age) and self.stored_status == "unresolved" and self.clock() - self.last_second > age

    @property
    def status(self) -> str:
        """The status Sentry shows, which may be ahead of what it has stored."""
        if self.auto_resolved:
            return "resolved"
        if self.stored_status == "ignored" and self.ignore_until is not None and self.clock() >= self.ignore_until:
            return "unresolved"
        return self.stored_status

    @property
    def substatus(self) -> str | None:
        """The substatus Sentry shows."""
        status = self.status
        if status not in ("unresolved", "ignored"):
            return None
        if status != self.stored_status:
            return "ongoing"
        if self.stored_substatus == "new" and self.clock() - self.first_second > NEW_FOR:
            return "ongoing"
        return self.stored_substatus

    def shown_details(self) -> dict[str, Any]:
        """Sentry's `statusDetails` for the shown status."""
        if self.auto_resolved:
            return {"autoResolved": True}
        if self.status == self.stored_status:
            return self.status_details
        return {}

    def changed(self) -> None:
        """Make every cached rendering of this issue stale."""
        self.version += 1

    def note(self, activity_type: str, at: int, user: dict[str, Any] | None = None, **data: Any) -> None:
        """Write something into the activity list."""
        self.activity.append(Activity(len(self.activity), activity_type, at, user, data))

    def resolve(self, at: int, user: dict[str, Any] | None = None, **details: Any) -> None:
        """Store the status resolved."""
        self._store("resolved", None, details)
        self.note("set_resolved", at, user)

    def ignore(self, at: int, user: dict[str, Any] | None = None, until: int | None = None) -> None:
        """Store the status ignored (archived), forever, until a moment, or until it escalates."""
        self._store("ignored", "archived_until_condition_met" if until else "archived_until_escalating", {})
        self.ignore_until = until
        if until is not None:
            self.status_details = {"ignoreUntil": zulu(until)}
        self.note("set_ignored", at, user)

    def reopen(self, at: int, user: dict[str, Any] | None = None, *, regressed: bool = False) -> None:
        """Store the status unresolved, by a person or because a new event came."""
        self._store("unresolved", "regressed" if regressed else "ongoing", {})
        self.inbox_since = at
        self.note("set_regression" if regressed else "set_unresolved", at, user)

    def wake(self, at: int) -> None:
        """What Sentry's job does with a snooze that ended a while ago: store what is shown already."""
        if (
            self.stored_status == "ignored"
            and self.ignore_until is not None
            and at >= self.ignore_until + WAKE_AFTER
        ):
            self.reopen(at)

    def pending(self, status: str) -> None:
        """Store one of the passing statuses, pending_deletion or pending_merge."""
        self._store(status, None, {})

    def _store(self, status: str, substatus: str | None, details: dict[str, Any]) -> None:
        self.stored_status = status
        self.stored_substatus = substatus
        self.status_details = details
        self.ignore_until = None
        self.inbox_since = None
        self.changed()


def users(index: EventIndex, events: array[int]) -> int:
    """How many different users these events happened to."""
    column = index.user
    found = {column[number] for number in events}
    found.discard(-1)
    return len(found)

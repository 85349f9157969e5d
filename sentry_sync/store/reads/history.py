"""What was true of an issue at a given time, as far as our looks at it tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Text, bindparam, select

from sentry_sync.store import tables
from sentry_sync.store.history import TRACKED
from sentry_sync.store.reads.prepared import Prepared, Snapshot

FIELDS = (*TRACKED, "count", "removed_as")
"""The columns of ``issues`` whose past is kept."""


@dataclass(frozen=True, slots=True)
class Change:
    """Some time between two looks a field changed: ``old`` at ``after``, ``new`` at ``at``."""

    field: str
    after: datetime
    at: datetime
    old: str | None
    new: str | None
    seen_by: str


@dataclass(frozen=True, slots=True)
class Then:
    """A field at a moment. Where that lies between two looks that differ, it was ``value`` or ``or_else``."""

    value: str | None
    """What the last look before the moment saw."""
    certain: bool = True
    or_else: str | None = None
    """What the next look saw, where that differs; a count may have been anything in between."""


@dataclass(frozen=True, slots=True)
class IssueThen:
    """An issue at a moment."""

    issue_id: str
    moment: datetime
    known_since: datetime
    """Our first look at it."""
    verified_at: datetime
    """Our last look at it: a moment after this is told as it was then."""
    fields: Mapping[str, Then]
    """Each of FIELDS; empty for a moment before the first look, of which nothing is known."""


_issues, _history = tables.issues.c, tables.issue_history.c
_ISSUE = Prepared(
    select(
        _issues.known_since, _issues.verified_at, *(tables.issues.c[name].label(f"now_{name}") for name in FIELDS)
    ).where(_issues.id == bindparam("issue", type_=Text))
)
_CHANGES = Prepared(
    select(_history.field, _history.after, _history.at, _history.old, _history.new, _history.seen_by)
    .where(_history.issue_id == bindparam("issue", type_=Text))
    .order_by(_history.at.desc(), _history.id.desc())
)


def changes(snapshot: Snapshot, issue_id: str) -> list[Change]:
    """Every change seen of an issue, the latest first. Times are the server's, in whole seconds."""
    return [Change(*row) for row in _CHANGES.all(snapshot, {"issue": issue_id})]


def at(snapshot: Snapshot, issue_id: str, moment: datetime) -> IssueThen | None:
    """The issue as it was at ``moment``; None for one the store doesn't hold.

    Counts are kept once a day, so between a day's first and last change they are uncertain.
    """
    row = _ISSUE.first(snapshot, {"issue": issue_id})
    if row is None:
        return None
    now = {name: getattr(row, f"now_{name}") for name in FIELDS}
    shown = {name: None if value is None else str(value) for name, value in now.items()}
    known = row.known_since <= moment
    fields = reconstruct(shown, changes(snapshot, issue_id), moment) if known else {}
    return IssueThen(issue_id, moment, row.known_since, row.verified_at, fields)


def reconstruct(now: Mapping[str, str | None], seen: Iterable[Change], moment: datetime) -> dict[str, Then]:
    """Each field at ``moment``: from what is so now back through what was seen to change, the latest first."""
    then = {name: Then(value) for name, value in now.items()}
    for change in seen:
        if change.at <= moment or change.field not in then:
            continue
        if change.after < moment:
            then[change.field] = Then(change.old, certain=False, or_else=change.new)
        else:
            then[change.field] = Then(change.old)
    return then

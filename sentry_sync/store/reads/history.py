"""What was true of issues at a given time, as far as our looks at them tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from sentry_sync.store import tables
from sentry_sync.store.history import TRACKED
from sentry_sync.store.reads.knowledge import as_list, listed
from sentry_sync.store.reads.prepared import Prepared, Snapshot
from sentry_sync.store.types import Moment

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

    @property
    def looked_at_since(self) -> bool:
        """Whether a look at the moment or after it bears out what the looks before it saw."""
        return self.verified_at >= self.moment


_issues, _history = tables.issues.c, tables.issue_history.c
_ISSUES = Prepared(
    select(
        _issues.id,
        _issues.known_since,
        _issues.verified_at,
        *(tables.issues.c[name].label(f"now_{name}") for name in FIELDS),
    ).where(_issues.id.in_(select(listed("ids").c.value)))
)
_CHANGES = Prepared(
    select(
        _history.issue_id,
        _history.field,
        _history.after,
        _history.at,
        _history.old,
        _history.new,
        _history.seen_by,
    )
    .where(_history.issue_id.in_(select(listed("ids").c.value)), _history.at > bindparam("moment", type_=Moment))
    .order_by(_history.at.desc(), _history.id.desc())
)


def at(snapshot: Snapshot, ids: Sequence[str], moment: datetime) -> dict[str, IssueThen]:
    """The issues as they were at ``moment``, by id; those the store doesn't hold are left out.

    Counts are kept once a day, so between a day's first and last change they are uncertain.
    """
    wanted = {"ids": as_list(ids)}
    seen: dict[str, list[Change]] = defaultdict(list)
    for issue_id, *change in _CHANGES.all(snapshot, {**wanted, "moment": moment}):
        seen[issue_id].append(Change(*change))
    return {row.id: _issue_then(row, seen[row.id], moment) for row in _ISSUES.all(snapshot, wanted)}


def _issue_then(row: Any, seen: Iterable[Change], moment: datetime) -> IssueThen:
    now = {name: getattr(row, f"now_{name}") for name in FIELDS}
    shown = {name: None if value is None else str(value) for name, value in now.items()}
    known = row.known_since <= moment
    fields = reconstruct(shown, seen, moment) if known else {}
    return IssueThen(row.id, moment, row.known_since, row.verified_at, fields)


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

"""The audit log: what was changed at Sentry from here. Written before the change is sent, concluded after it.

A process that dies in between leaves ``sent``: the change may have been made, and that it was tried is on record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, update

from sentry_sync.store import tables

SENT = "sent"
"""The outcome of a change until another one is known."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one thing, and who is to change it."""

    at: datetime
    actor: str
    source: str
    action: str
    target: str
    field: str
    old: str | None
    new: str | None


def note(connection: Connection, changes: Sequence[Change]) -> list[int]:
    """Write down what is about to be sent; the keys to conclude it by."""
    names = ("at", "actor", "source", "action", "target", "field", "old", "new")
    found: list[int] = []
    for change in changes:
        values = {name: getattr(change, name) for name in names}
        done = connection.execute(insert(tables.audit_log).values(**values, outcome=SENT))
        found.extend(done.inserted_primary_key or ())
    return found


def conclude(connection: Connection, keys: Sequence[int], outcomes: Sequence[str]) -> None:
    """Write down what became of each change."""
    log = tables.audit_log
    for key, outcome in zip(keys, outcomes, strict=True):
        connection.execute(update(log).where(log.c.id == key).values(outcome=outcome))

"""What alert rules found, and what was told of it: it survives the process, so that nobody is told twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert

from sentry_sync.store import tables
from sentry_sync.store.moments import from_micros


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One subject of one rule, for one target."""

    rule: str
    subject: str
    """As JSON."""
    target: str
    firing: bool
    since: datetime
    value: float | None
    told: bool
    told_at: datetime | None


def rows(connection: sqlite3.Connection) -> list[AlertRow]:
    """All that is kept."""
    found = connection.execute(
        "SELECT rule, subject, target, firing, since, value, told, told_at FROM alerts ORDER BY 1, 2, 3"
    )
    return [
        AlertRow(
            rule,
            subject,
            target,
            bool(firing),
            from_micros(since),
            value,
            bool(told),
            None if told_at is None else from_micros(told_at),
        )
        for rule, subject, target, firing, since, value, told, told_at in found
    ]


class AlertBooks:
    """Writes them, inside a transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, wanted: Iterable[AlertRow], instead_of: Sequence[AlertRow]) -> None:
        """Have these rows instead of those."""
        kept, held = set(wanted), set(instead_of)
        alerts = tables.alerts
        for row in held - kept:
            where = (alerts.c.rule == row.rule, alerts.c.subject == row.subject, alerts.c.target == row.target)
            self._connection.execute(delete(alerts).where(*where))
        for row in kept - held:
            values = {name: getattr(row, name) for name in AlertRow.__slots__}
            self._connection.execute(insert(alerts).values(**values))

"""query-sql: one SELECT over the copy's tables, run in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sentry_sync.answers import untrusted
from sentry_sync.answers.capping import DEFAULT_BYTES, MOST_BYTES
from sentry_sync.answers.command import Command, Listener
from sentry_sync.answers.freshness import Facts, freshness
from sentry_sync.answers.tidy import Limits, size, tidy
from sentry_sync.sync.plan import stale_after

if TYPE_CHECKING:
    from sentry_sync.answers.asking import Answer
    from sentry_sync.answers.desk import Desk
    from sentry_sync.trends.apart import Told

ROWS = 100
"""Rows unless asked otherwise: an assistant that wants more than a table of figures should group them."""

MOST_ROWS = 1_000

LONGEST_STATEMENT = 20_000
"""Characters: what a model writes in one go has a tenth of it."""

CELL = Limits(text=1_000, items=50, depth=4)
"""Of one value: a title and a few lines, not a stack trace."""

SECONDS = 20.0
"""Clients give up on a call after 60 seconds, some after 30."""

_BESIDE = 3_000
"""Bytes that freshness with its notes and the columns may take beside the rows."""

_RESOURCE: Mapping[str, str] = {
    **dict.fromkeys(("organizations", "projects", "project_stats", "environments"), "projects"),
    **dict.fromkeys(("issues", "issue_raw", "issue_history", "issue_environments"), "issues"),
    **dict.fromkeys(("events", "event_bodies", "error_counts"), "events"),
    **dict.fromkeys(("releases", "release_projects", "deploys", "release_health"), "releases"),
    **dict.fromkeys(("transaction_stats", "transaction_windows", "query_stats", "web_vitals"), "performance"),
}
"""Whose sync brings a table's rows."""


@dataclass(frozen=True, slots=True)
class SqlCommand(Command):
    """A statement and how much of its answer is wanted."""

    sql: str
    limit: int = ROWS
    max_bytes: int = DEFAULT_BYTES

    resource = "issues"

    @property
    def most(self) -> int:
        """Bytes its answer may take."""
        return self.max_bytes

    def carry_out(self, desk: Desk, listener: Listener) -> Answer:
        """Run the statement; raises QueryError in one line for one that is refused, mistaken or too much work."""
        from sentry_sync.trends.apart import Limits as SqlLimits

        desk.check_origin()
        limits = SqlLimits(rows=self.limit, seconds=SECONDS, bytes=MOST_BYTES * 5)
        told = desk.sql.ask(desk.store.paths, self.sql, limits, listener.gone)
        return answer(told, desk.clock.now(), self.max_bytes)


def answer(told: Told, now: datetime, most: int) -> Answer:
    """What the statement gave, cut at a row's border to about ``most`` bytes.

    Any value may have come out of an event, so that the rows as a whole stand under ``untrusted``.
    """
    rows = list(_fitting([[tidy(value, CELL) for value in row] for row in told.rows], most - _BESIDE))
    return {
        "columns": [
            {"name": untrusted.line(name, 100), "type": untrusted.line(kind, 100)}
            for name, kind in zip(told.columns, told.types, strict=True)
        ],
        "row_count": len(rows),
        "more": told.truncated or len(rows) < len(told.rows),
        "ms": round(told.ms),
        "untrusted": {"rows": rows},
        "freshness": _freshness(told, now, cut=len(rows) < len(told.rows)),
    }


def _fitting(rows: list[list[Any]], room: int) -> Iterator[list[Any]]:
    """The first rows that fit into so many bytes; one at least, which is then cut like any other answer."""
    for place, row in enumerate(rows):
        room -= size(row) + 1
        if room < 0 and place:
            return
        yield row


def _freshness(told: Told, now: datetime, *, cut: bool) -> dict[str, Any]:
    dates = {table: datetime.fromisoformat(at) if at else None for table, at in told.tables.items()}
    cut_notes = ("rows were left out to stay under max_bytes: ask for fewer columns or rows",) if cut else ()
    return of_tables(dates, now, complete=told.complete, notes=(*told.notes, *cut_notes))


def of_tables(
    dates: Mapping[str, datetime | None], now: datetime, *, complete: bool, notes: tuple[str, ...]
) -> dict[str, Any]:
    """Of all tables that were read: as old as the oldest of them, and whole if each of them is."""
    known = [at for at in dates.values() if at]
    facts = Facts(
        as_of=min(known) if known and len(known) == len(dates) else None,
        complete=complete,
        stale_after=timedelta.max,
        notes=notes,
    )
    old = any(
        at is None or (table in _RESOURCE and now - at > stale_after(_RESOURCE[table]))
        for table, at in dates.items()
    )
    return freshness(facts, now=now, next_sync_at=None) | {"stale": old}

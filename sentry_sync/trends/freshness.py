"""How fresh and how complete the tables behind a SQL answer are, and that in one line each."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sentry_sync.records.audit import HOUR
from sentry_sync.records.intervals import Interval, floor, gaps, union
from sentry_sync.store.columns import COLUMNS
from sentry_sync.store.moments import from_micros

ORGANIZATION = ""
"""The scope of a mark or of coverage that stands for the whole organization."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Which streams fill a table, and which coverage tells what of it is complete."""

    streams: tuple[str, ...]
    covered: str | None = None
    by: str = ""
    """What the covered time means, where that is not the rows' own time."""
    only: str = ""
    """What of Sentry's rows the table is meant to hold, where that is not all of them."""


ORIGINS: Mapping[str, Origin] = {
    "organizations": Origin(("organization",)),
    "projects": Origin(("projects",)),
    "project_stats": Origin(("project_stats",)),
    "environments": Origin(("environments", "projects")),
    "issues": Origin(("issues.hot",), "issues", " by last_seen"),
    "issue_raw": Origin(("issues.hot",), "issues", " by the issue's last_seen"),
    "issue_history": Origin(("issues.hot",), only="changes between two looks"),
    "issue_environments": Origin(("issue_environments",), "issue_environments", " by last_seen"),
    "error_counts": Origin(("error_counts",), "error_counts"),
    "events": Origin(("events",), "events"),
    "event_bodies": Origin(("event_bodies",), only="the newest of active issues"),
    "releases": Origin(("releases", "releases.sweep")),
    "release_projects": Origin(("releases", "releases.sweep")),
    "deploys": Origin(("deploys",), only="those of the newest releases, and the last one of others"),
    "release_health": Origin(("release_health",), "release_health"),
    "transaction_stats": Origin(("transactions",), "transactions"),
    "transaction_windows": Origin(
        ("transaction_windows.24h", "transaction_windows.7d"), only="windows that were synced or asked for"
    ),
    "query_stats": Origin(("queries",), "queries"),
    "web_vitals": Origin(("web_vitals",), "web_vitals"),
}
"""The tables that come from Sentry; the others are the store's own books and always complete."""


@dataclass(frozen=True, slots=True)
class TableState:
    """What the store knows of one table, at the moment of the answer."""

    table: str
    as_of: datetime | None
    """The oldest time for which its rows are true; None if none of its streams ever finished."""
    known: tuple[Interval, ...] = ()
    """The time for which it is complete for the whole organization."""
    covered: bool = False
    """Whether completeness is a matter of time for this table at all."""
    by: str = ""
    only: str = ""
    """What of Sentry's rows it is meant to hold; empty for all of them."""
    sources: tuple[str, ...] = ()
    approximate: bool = False
    """The server sampled or extrapolated part of it."""
    scopes: int = 0
    """How many projects, issues or releases are known each on its own."""
    set_aside: int = 0
    """Rows the server sent that could not be understood."""
    served_since: datetime | None = None
    """From when on the server still listed such rows, where some are held from before."""
    removed: int = 0
    """Rows left out since Sentry no longer has them."""

    @property
    def whole(self) -> bool:
        """Whether all that it is meant to hold is held, as of then and since its first known time."""
        unbroken = len(self.known) == 1 or not self.covered
        return self.as_of is not None and unbroken and not self.set_aside and not self.only


def describe(state: TableState) -> str:
    """One line: the table's name, what of it is complete, and when it was true."""
    parts = [_completeness(state), *_caveats(state)]
    if state.as_of is not None:
        parts.append(f"as of {_time(state.as_of)}")
    return f"{state.table}: {'; '.join(part for part in parts if part)}"


def _completeness(state: TableState) -> str:
    if not state.known and not state.scopes and state.as_of is None:
        return "never synced"
    if not state.covered:
        return f"only {state.only}" if state.only else ""
    if not state.known:
        return (
            f"known for {_count(state.scopes, 'scope')} only, not as a whole"
            if state.scopes
            else "no time is complete"
        )
    whole = Interval(state.known[0].start, state.known[-1].end)
    span = f"from {_time(whole.start)} to {_time(whole.end)}{state.by}"
    missing = gaps(whole, state.known)
    if not missing:
        return f"complete {span}"
    longest = max(missing, key=lambda gap: gap.length)
    count = f"{len(missing)} gaps, the longest" if len(missing) > 1 else "1 gap,"
    return f"complete {span} but for {count} from {_time(longest.start)} to {_time(longest.end)}"


def _caveats(state: TableState) -> Iterable[str]:
    if state.approximate:
        yield "in part sampled by the server"
    if state.served_since:
        yield f"rows from before {_time(state.served_since)} are held here only: Sentry no longer lists them"
    if state.set_aside:
        yield f"{_count(state.set_aside, 'row')} could not be read and left out"
    if state.removed:
        yield f"without {_count(state.removed, 'row')} that Sentry no longer has (see removed_{state.table})"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def states(connection: sqlite3.Connection, relations: Collection[str]) -> tuple[TableState, ...]:
    """The state of each synced table among ``relations``, by name; the store's own books have none.

    Reads inside the caller's transaction, so that it speaks of the very rows that were loaded.
    """
    named = {name.removeprefix("removed_") for name in relations}
    return tuple(_state(connection, table) for table in sorted(named & ORIGINS.keys()))


def _state(connection: sqlite3.Connection, table: str) -> TableState:
    origin = ORIGINS[table]
    state = TableState(
        table,
        _as_of(connection, origin.streams),
        covered=origin.covered is not None,
        by=origin.by,
        only=origin.only,
        set_aside=_set_aside(connection, origin.streams),
        removed=_removed(connection, table),
    )
    return _with_coverage(connection, state, origin.covered) if origin.covered else state


def _as_of(connection: sqlite3.Connection, streams: tuple[str, ...]) -> datetime | None:
    rows = connection.execute(
        f"SELECT scope, as_of FROM marks WHERE stream IN ({_marks(streams)})",  # noqa: S608 (no values)
        streams,
    ).fetchall()
    whole = [as_of for scope, as_of in rows if scope == ORGANIZATION]
    oldest = min(whole or [as_of for _, as_of in rows], default=None)
    return None if oldest is None else from_micros(oldest)


def _with_coverage(connection: sqlite3.Connection, state: TableState, resource: str) -> TableState:
    rows = connection.execute(
        'SELECT scope, start, "end", source, approximate FROM coverage WHERE resource = ?', (resource,)
    ).fetchall()
    whole = (Interval(from_micros(row[1]), from_micros(row[2])) for row in rows if row[0] == ORGANIZATION)
    return replace(
        state,
        known=tuple(union(whole)),
        sources=tuple(sorted({row[3] for row in rows})),
        approximate=any(row[4] for row in rows),
        served_since=_served_since(connection, state.table),
        scopes=len({row[0] for row in rows} - {ORGANIZATION}),
    )


_TIMES = {"events": "timestamp", "error_counts": "hour"}
"""The times of rows that the server drops with its events."""


def _served_since(connection: sqlite3.Connection, table: str) -> datetime | None:
    """Since when the server serves the table's rows, if older ones are held."""
    row = connection.execute("SELECT since FROM retention WHERE resource = 'events'").fetchone()
    if row is None or table not in _TIMES:
        return None
    since = floor(from_micros(row[0]), HOUR) if table == "error_counts" else from_micros(row[0])
    oldest = connection.execute(f"SELECT min({_TIMES[table]}) FROM {table}").fetchone()[0]  # noqa: S608 (our own names)
    return since if oldest is not None and from_micros(oldest) < since else None


def _set_aside(connection: sqlite3.Connection, streams: tuple[str, ...]) -> int:
    """Unreadable rows of the last pass over each window: reading a window again makes good for the time before."""
    last = (
        f"SELECT max(id) FROM passes WHERE stream IN ({_marks(streams)}) AND state = 'done' "  # noqa: S608 (no values)
        "GROUP BY stream, scope, start"
    )
    row = connection.execute(f"SELECT sum(rejected) FROM passes WHERE id IN ({last})", streams).fetchone()  # noqa: S608
    return int(row[0] or 0)


def _removed(connection: sqlite3.Connection, table: str) -> int:
    if "removed_at" not in COLUMNS[table]:
        return 0
    row = connection.execute(f"SELECT count(*) FROM {table} WHERE removed_at IS NOT NULL").fetchone()  # noqa: S608 (our own names)
    return int(row[0])


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))

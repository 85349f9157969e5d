"""How each kind of row is written: one prebuilt statement each, rows as tuples.

Built from the tables once and run through the driver: SQLAlchemy's per-row work would cost a fifth of the first
sync. Nothing is ever overwritten by something older, nor something known by something unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cache
from operator import attrgetter
from typing import Any

import orjson
from sqlalchemy import LargeBinary, Table
from sqlalchemy.dialects import sqlite

from sentry_sync.records import audit, event, issue, organization, performance, release
from sentry_sync.store import bodies, tables
from sentry_sync.store.types import EventId, Moment, Tags, to_json, to_micros

Record = Any
Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Upsert:
    """One kind of record's statement and how a record becomes its parameters."""

    sql: str
    rows: Callable[[Iterable[Record]], list[Row]]


@dataclass(frozen=True, slots=True)
class Rule:
    """What differs from "the new row stands" when a row is already there."""

    table: Table
    keep: frozenset[str] = frozenset()
    """Columns where a new NULL does not replace an old value."""
    lowest: frozenset[str] = frozenset()
    """Columns that only go down."""
    highest: frozenset[str] = frozenset()
    """Columns that only go up."""
    guard: str | None = None
    """A column whose new value must not be older than the old one's."""
    revive: frozenset[str] = frozenset()
    """Columns cleared when the row is seen again."""
    missing_only: bool = False
    """Write only where there is no row yet."""
    born: tuple[str, str] | None = None
    """A column that keeps what another one was when the row was first written."""
    reborn: bool = False
    """A row that was removed and is seen again counts as first written then."""


_GONE = frozenset({"removed_at", "removed_as", "merged_into"})
_KNOWN_EVENT = frozenset(
    {"environment", "release", "level", "title", "transaction", "platform", "user_key", "tags"}
)

RULES: dict[type, Rule] = {
    organization.Organization: Rule(tables.organizations, guard="verified_at"),
    organization.Project: Rule(
        tables.projects,
        guard="verified_at",
        revive=frozenset({"removed_at"}),
        keep=frozenset({"date_created"}),
        born=("known_since", "verified_at"),
        reborn=True,
    ),
    organization.ProjectStats: Rule(tables.project_stats, guard="as_of"),
    organization.Environment: Rule(tables.environments, guard="verified_at"),
    # lifetime.lastSeen and userCount come back empty once no event is left in the server's retention, and lists
    # don't carry the first release: what we knew still holds.
    issue.Issue: Rule(
        tables.issues,
        guard="verified_at",
        revive=_GONE,
        keep=frozenset({"first_seen", "last_seen", "user_count", "first_release", "short_id"}),
        born=("known_since", "verified_at"),
    ),
    issue.IssueRaw: Rule(tables.issue_raw, guard="verified_at"),
    issue.IssueProject: Rule(tables.projects, missing_only=True),
    issue.IssueEnvironment: Rule(
        tables.issue_environments, lowest=frozenset({"first_seen"}), highest=frozenset({"last_seen"})
    ),
    event.Event: Rule(tables.events, keep=_KNOWN_EVENT),
    event.EventBody: Rule(tables.event_bodies),
    audit.Retention: Rule(tables.retention, guard="learned_at"),
    event.ErrorCount: Rule(tables.error_counts),
    release.Release: Rule(tables.releases, guard="verified_at", revive=frozenset({"removed_at"})),
    release.ReleaseProject: Rule(tables.release_projects, guard="verified_at"),
    release.Deploy: Rule(tables.deploys),
    release.ReleaseHealth: Rule(tables.release_health),
    performance.TransactionStat: Rule(tables.transaction_stats),
    performance.TransactionWindow: Rule(tables.transaction_windows),
    performance.QueryStat: Rule(tables.query_stats),
    performance.WebVital: Rule(tables.web_vitals),
}


@cache
def upsert_for(kind: type) -> Upsert:
    """The statement for records of ``kind``; raises KeyError for a kind the store does not know."""
    if kind is event.EventBody:
        return Upsert(_sql(RULES[kind], [column.name for column in tables.event_bodies.columns]), _body_rows)
    rule = RULES[kind]
    names = [field.name for field in fields(kind)]
    return Upsert(_sql(rule, names), _rows_of(rule.table, names))


def _sql(rule: Rule, names: Sequence[str]) -> str:
    table, quote = rule.table, sqlite.dialect().identifier_preparer.quote
    keys = [column.name for column in table.primary_key]
    columns, values = list(names), ["?"] * len(names)
    if rule.born:
        columns.append(rule.born[0])
        values.append(f"?{names.index(rule.born[1]) + 1}")
    named = ", ".join(map(quote, columns))
    insert = f"INSERT INTO {quote(table.name)} ({named}) VALUES ({', '.join(values)})"  # noqa: S608 (our own names)
    if rule.missing_only:
        return f"{insert} ON CONFLICT DO NOTHING"
    changes = [_change(rule, table, name) for name in names if name not in keys]
    if rule.born and rule.reborn:
        kept, newly = f"{table.name}.{rule.born[0]}", f"excluded.{rule.born[1]}"
        changes.append(f"{rule.born[0]} = CASE WHEN {table.name}.removed_at IS NULL THEN {kept} ELSE {newly} END")
    changes += [f"{quote(name)} = NULL" for name in sorted(rule.revive)]
    guard = f" WHERE excluded.{rule.guard} >= {table.name}.{rule.guard} OR {table.name}.{rule.guard} IS NULL"
    return f"{insert} ON CONFLICT ({', '.join(map(quote, keys))}) DO UPDATE SET {', '.join(changes)}" + (
        guard if rule.guard else ""
    )


def _change(rule: Rule, table: Table, name: str) -> str:
    quoted = sqlite.dialect().identifier_preparer.quote(name)
    new, old = f"excluded.{quoted}", f"{table.name}.{quoted}"
    if name in rule.keep:
        return f"{quoted} = coalesce({new}, {old})"
    if name in rule.lowest:
        return f"{quoted} = min({new}, {old})"
    if name in rule.highest:
        return f"{quoted} = max({new}, {old})"
    return f"{quoted} = {new}"


def _rows_of(table: Table, names: Sequence[str]) -> Callable[[Iterable[Record]], list[Row]]:
    values = attrgetter(*names)
    converters = [
        (at, _CONVERT[type(table.c[name].type)]) for at, name in enumerate(names) if _converted(table, name)
    ]

    def rows(records: Iterable[Record]) -> list[Row]:
        written = []
        for record in records:
            row = list(values(record))
            for at, convert in converters:
                if row[at] is not None:
                    row[at] = convert(row[at])
            written.append(tuple(row))
        return written

    return rows


def _converted(table: Table, name: str) -> bool:
    return type(table.c[name].type) in _CONVERT


_CONVERT: dict[type, Callable[[Any], object]] = {
    Moment: to_micros,
    EventId: bytes.fromhex,
    Tags: to_json,
    LargeBinary: bodies.pack,
}


def _body_rows(records: Iterable[event.EventBody]) -> list[Row]:
    rows: list[Row] = []
    for record in records:
        plain = orjson.dumps(record.body)
        rows.append(
            (
                record.project_id,
                bytes.fromhex(record.event_id),
                record.issue_id,
                to_micros(record.timestamp),
                bodies.pack(plain),
                len(plain),
                to_micros(record.fetched_at),
            )
        )
    return rows

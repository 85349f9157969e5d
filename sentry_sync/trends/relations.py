"""What a statement can read: the store's tables as DuckDB shows them.

Every relation is a table DuckDB holds as SQLite stores it (schema ``stored``) and a view over it that says what
the values mean: times as TIMESTAMP in UTC, event ids as 32 hex digits, tags as JSON. Compressed columns are left
out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import Boolean, Float, Integer, LargeBinary, Table, Text

from sentry_sync.store import tables
from sentry_sync.store.types import EventId, Moment, Tags


@dataclass(frozen=True, slots=True)
class Kind:
    """How one type of column is held and shown."""

    stored: str
    """DuckDB's type for the value as it comes out of SQLite."""
    shown: str
    """DuckDB's type as a statement sees it."""
    view: str = "{}"
    """The expression from the one to the other."""


# TIMESTAMP, not TIMESTAMPTZ: all our times are UTC, and reading the latter needs pytz.
_MOMENT = Kind("BIGINT", "TIMESTAMP", "make_timestamp({})")
_TEXT = Kind("VARCHAR", "VARCHAR")
_INTEGER = Kind("BIGINT", "BIGINT")
_KINDS: Mapping[type, Kind] = {
    Moment: _MOMENT,
    EventId: Kind("BLOB", "VARCHAR", "lower(hex({}))"),
    Tags: Kind("JSON", "JSON"),
    Boolean: Kind("BOOLEAN", "BOOLEAN"),
    Float: Kind("DOUBLE", "DOUBLE"),
    Integer: _INTEGER,
    Text: _TEXT,
}


@dataclass(frozen=True, slots=True)
class Relation:
    """One relation a statement can name."""

    name: str
    source: str
    """The SQLite table its rows come from."""
    columns: Mapping[str, Kind]
    condition: str | None = None
    """SQLite's WHERE: which of the table's rows belong to this relation."""
    ledger: bool = False
    """The table lies in the request ledger, not in the store's own database."""


def quote(name: str) -> str:
    """``name`` as an identifier, for SQLite and DuckDB alike."""
    return '"' + name.replace('"', '""') + '"'


def ddl(relation: Relation, columns: Iterable[str]) -> list[str]:
    """The statements that make an empty relation of some of its columns."""
    chosen = {name: relation.columns[name] for name in columns}
    stored = ", ".join(f"{quote(name)} {kind.stored}" for name, kind in chosen.items())
    shown = ", ".join(f"{kind.view.format(quote(name))} AS {quote(name)}" for name, kind in chosen.items())
    return [
        f"CREATE TABLE stored.{quote(relation.name)} ({stored})",
        f"CREATE VIEW {quote(relation.name)} AS SELECT {shown} FROM stored.{quote(relation.name)}",  # noqa: S608 (our own names)
    ]


def select(relation: Relation, columns: Iterable[str]) -> str:
    """SQLite's statement for the relation's rows, its columns in the order given."""
    names = ", ".join(map(quote, columns))
    where = f" WHERE {relation.condition}" if relation.condition else ""
    return f"SELECT {names} FROM {quote(relation.source)}{where}"  # noqa: S608 (our own names)


def _relation(table: Table, name: str | None = None, condition: str | None = None) -> Relation:
    columns = {
        column.name: _KINDS[type(column.type)]
        for column in table.columns
        # Bodies and raw rows are zstd frames: nothing SQL could do with them.
        if not isinstance(column.type, LargeBinary)
    }
    return Relation(name or table.name, table.name, MappingProxyType(columns), condition)


REQUESTS = Relation(
    "requests",
    "requests",
    MappingProxyType(
        {
            "at": _MOMENT,
            "finished_at": _MOMENT,
            "lane": _TEXT,
            "endpoint": _TEXT,
            "status": _INTEGER,
            "process": _TEXT,
        }
    ),
    ledger=True,
)

REMOVED = "removed_at IS NOT NULL"
PRESENT = "removed_at IS NULL"
_REMOVABLE = ("issues", "projects", "releases")
"""Tables that remember what Sentry no longer has. The relation of that name shows what the tools show: only what
is still there; ``removed_issues``, ``removed_projects`` and ``removed_releases`` hold the rest."""


def _all() -> Iterable[Relation]:
    for name, table in tables.metadata.tables.items():
        if name in _REMOVABLE:
            yield _relation(table, condition=PRESENT)
            yield _relation(table, f"removed_{name}", REMOVED)
        else:
            yield _relation(table)
    yield REQUESTS


RELATIONS: Mapping[str, Relation] = MappingProxyType({relation.name: relation for relation in _all()})
"""Every relation by name: a public interface, like the tables it comes from."""

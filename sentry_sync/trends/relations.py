"""What a statement can read: the store's tables as DuckDB shows them.

Every relation is a table DuckDB holds as SQLite stores it (schema ``stored``), of the large ones the lake's files
beside it, and a view over them that says what the values mean: times as TIMESTAMP in UTC, event ids as 32 hex
digits, tags as JSON. Compressed columns are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sentry_sync.store.columns import COLUMNS, KINDS, Kind, quote


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


def view(relation: Relation, columns: Iterable[str], rows: str) -> str:
    """The statement for the view that is read; ``rows`` is a query for the values as the lake has them."""
    shown = (f"{relation.columns[name].to_shown.format(quote(name))} AS {quote(name)}" for name in columns)
    return f"CREATE OR REPLACE VIEW {quote(relation.name)} AS SELECT {', '.join(shown)} FROM ({rows})"  # noqa: S608 (our own names)


def select(relation: Relation, columns: Iterable[str]) -> str:
    """SQLite's statement for the relation's rows, its columns in the order given."""
    names = ", ".join(map(quote, columns))
    where = f" WHERE {relation.condition}" if relation.condition else ""
    return f"SELECT {names} FROM {quote(relation.source)}{where}"  # noqa: S608 (our own names)


def _relation(table: str, name: str | None = None, condition: str | None = None) -> Relation:
    columns = {column: KINDS[kind] for column, kind in COLUMNS[table].items()}
    return Relation(name or table, table, MappingProxyType(columns), condition)


REQUESTS = Relation(
    "requests",
    "requests",
    MappingProxyType(
        {
            "at": KINDS["moment"],
            "finished_at": KINDS["moment"],
            "lane": KINDS["text"],
            "endpoint": KINDS["text"],
            "status": KINDS["integer"],
            "process": KINDS["text"],
        }
    ),
    ledger=True,
)

REMOVED = "removed_at IS NOT NULL"
PRESENT = "removed_at IS NULL"
_OWN = ("lake_spans", "lake_changes", "lake_counter", "erasures")
"""Tables that only the publishing of the lake or the scrubbing goes by, and that may change with it."""

_REMOVABLE = ("issues", "projects", "releases")
"""Tables that remember what Sentry no longer has. The relation of that name shows what the tools show: only what
is still there; ``removed_issues``, ``removed_projects`` and ``removed_releases`` hold the rest."""


def _all() -> Iterable[Relation]:
    for name in COLUMNS:
        if name in _OWN:
            continue
        if name in _REMOVABLE:
            yield _relation(name, condition=PRESENT)
            yield _relation(name, f"removed_{name}", REMOVED)
        else:
            yield _relation(name)
    yield REQUESTS


RELATIONS: Mapping[str, Relation] = MappingProxyType({relation.name: relation for relation in _all()})
"""Every relation by name: a public interface, like the tables it comes from."""

"""Taking a name out of every text there is in a table, whatever column it got into."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from sqlalchemy import Connection, Text

from sentry_sync.store import tables as stored
from sentry_sync.store.columns import quote

_BOOKS = frozenset({"origin", "erasures", "lake_parts", "lake_spans", "lake_changes", "lake_counter", "leases"})
"""Tables with no text but our own."""


def columns(table: str) -> list[str]:
    """The columns of a table that hold text and tell no row apart."""
    found = stored.metadata.tables[table]
    return [
        column.name
        for column in found.columns
        if isinstance(column.type, Text) and not column.primary_key and not column.name.endswith("_id")
    ]


def tables() -> list[str]:
    """The tables that have such columns."""
    return [name for name in stored.metadata.tables if name not in _BOOKS and columns(name)]


def sweep(connection: Connection, table: str, without: Callable[[str], str]) -> int:
    """Take out of each text what ``without`` takes out; how many rows had any."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 (for the type checker: the store is SQLite)
    driver.create_function("swept", 1, lambda text: without(text) if isinstance(text, str) else text)
    names = [quote(name) for name in columns(table)]
    sets = ", ".join(f"{name} = swept({name})" for name in names)
    differs = " OR ".join(f"swept({name}) IS NOT {name}" for name in names)
    done = connection.exec_driver_sql(f"UPDATE {table} SET {sets} WHERE {differs}")  # noqa: S608 (our own names)
    return done.rowcount

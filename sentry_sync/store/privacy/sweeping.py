"""Taking a name out of the texts of a table, wherever it got into one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from sqlalchemy import Connection

from sentry_sync.store.columns import quote
from sentry_sync.store.privacy.places import SWEPT

BATCH = 1000
"""Rows in a transaction: each text of each is looked through, which takes some 20 ms."""


def sweep(connection: Connection, table: str, after: int, without: Callable[[str], str]) -> tuple[int | None, int]:
    """Take out of the texts of the next rows by key what ``without`` takes out.

    The key of the last of them, None where there are no more; and how many had any.
    """
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 (for the type checker: the store is SQLite)
    rows = f"SELECT rowid FROM {table} WHERE rowid > ? ORDER BY rowid LIMIT {BATCH}"  # noqa: S608 (our own names)
    last = connection.exec_driver_sql(f"SELECT max(rowid) FROM ({rows})", (after,)).scalar_one()  # noqa: S608
    if last is None:
        return None, 0
    driver.create_function("swept", 1, lambda text: without(text) if isinstance(text, str) else text)
    names = [quote(name) for name in SWEPT[table]]
    sets = ", ".join(f"{name} = swept({name})" for name in names)
    differs = " OR ".join(f"swept({name}) IS NOT {name}" for name in names)
    # Two subjects of an alert that are one without a name would be rows of one key.
    statement = f"UPDATE OR REPLACE {table} SET {sets} WHERE rowid > ? AND rowid <= ? AND ({differs})"  # noqa: S608
    return last, connection.exec_driver_sql(statement, (after, last)).rowcount

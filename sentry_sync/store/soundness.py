"""Whether a store's file is whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sentry_sync.errors import StoreBusy, StoreError, StoreTooNew, StoreUnwritable
from sentry_sync.store import database, migrate, tables


def check(path: Path) -> None:
    """Raise StoreError, saying what is wrong and what to do, unless the store has our schema and sound pages."""
    migrate.check(path)
    with _reading(path) as connection:
        _check_tables(path, connection)
        _check_pages(path, connection)


def is_damaged(path: Path) -> bool:
    """Whether pages of the file are broken, or what an intact schema of ours must have is missing."""
    try:
        with _reading(path) as connection:
            _check_pages(path, connection)
            if migrate.current(path) == migrate.HEAD:
                _check_tables(path, connection)
    except (StoreTooNew, StoreBusy, StoreUnwritable):
        raise
    except StoreError:
        return True
    return False


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    uri = f"file:{database.quoted(path)}?mode=ro"
    with database.explained(path), closing(database.connect(uri)) as connection:
        yield connection


def _check_pages(path: Path, connection: sqlite3.Connection) -> None:
    found = [row[0] for row in connection.execute("PRAGMA integrity_check(1)")]
    if found != ["ok"]:
        raise database.damaged(path, " ".join(str(found[0]).split()))


def _check_tables(path: Path, connection: sqlite3.Connection) -> None:
    for name, table in tables.metadata.tables.items():
        columns = {row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (name,))}
        missing = sorted({column.name for column in table.columns} - columns)
        if missing:
            raise StoreError(
                f"{path} lacks {name}.{missing[0]}: it was changed by hand; run `{database.REBUILD}`, "
                "which keeps the file aside and saves what can be read"
            )

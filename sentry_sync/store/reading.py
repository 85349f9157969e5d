"""Reading the store without SQLAlchemy."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from sentry_sync.errors import StoreMissing
from sentry_sync.store import migrate, sqlite
from sentry_sync.store.paths import StorePaths


@contextmanager
def reading(paths: StorePaths) -> Iterator[sqlite3.Connection]:
    """One read transaction: a snapshot. Raises StoreMissing, StoreTooNew or another StoreError."""
    if not paths.database.exists():
        raise StoreMissing(f"there is no store at {paths.directory} yet: run `sentry-sync sync` first")
    with sqlite.explained(paths.database):
        uri = f"file:{sqlite.quoted(paths.database)}?mode=ro"
        with closing(sqlite.connect(uri)) as connection:
            migrate.check(paths.database, connection)
            connection.execute("PRAGMA temp_store = MEMORY")
            if paths.projects:
                from sentry_sync.store import only  # here, since its records are not needed otherwise

                only.hide_others(connection, paths.projects)
            connection.execute("BEGIN")
            yield connection

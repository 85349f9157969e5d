"""``sentry-sync db``: the schema of the local database."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from sentry_sync.cli import output
from sentry_sync.cli.settings import Settings
from sentry_sync.errors import StoreError, StoreMissing
from sentry_sync.store import database, migrate, tables
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.store import Store


def upgrade(settings: Settings, *, as_json: bool) -> None:
    """Create or migrate the store and say what it was and is."""
    store = Store(settings.store)
    before = migrate.current(store.paths.database)
    store.prepare()
    if as_json:
        output.document({"store": settings.store, "before": before, "after": migrate.HEAD})
    elif before == migrate.HEAD:
        output.line(f"{settings.store}: schema {before} already")
    else:
        output.line(f"{settings.store}: schema {before or 'none'} -> {migrate.HEAD}")


def current(settings: Settings, *, as_json: bool) -> None:
    """Say the store's schema version and the program's."""
    paths = _present(settings)
    version = migrate.current(paths.database)
    if as_json:
        output.document({"store": settings.store, "schema": version, "wanted": migrate.HEAD})
    else:
        note = (
            "" if version == migrate.HEAD else f"; this program wants {migrate.HEAD}: run `sentry-sync db upgrade`"
        )
        output.line(f"{settings.store}: schema {version or 'none'}{note}")


def check(settings: Settings, *, as_json: bool) -> None:
    """Say that the store is whole; raises StoreError when it is not."""
    paths = _present(settings)
    migrate.check(paths.database)
    uri = f"file:{database.quoted(paths.database)}?mode=ro"
    with (
        database.explained(paths.database),
        closing(sqlite3.connect(uri, uri=True, timeout=database.BUSY_SECONDS)) as connection,
    ):
        _check_tables(paths, connection)
        found = [row[0] for row in connection.execute("PRAGMA integrity_check(1)")]
    if found != ["ok"]:
        raise StoreError(
            f"{paths.database} is damaged ({found[0]}): move it away and run `sentry-sync sync` again"
        )
    if as_json:
        output.document({"store": settings.store, "schema": migrate.HEAD, "ok": True})
    else:
        output.line(f"{settings.store}: schema {migrate.HEAD}, sound")


def _check_tables(paths: StorePaths, connection: sqlite3.Connection) -> None:
    for name, table in tables.metadata.tables.items():
        columns = {row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (name,))}
        missing = sorted({column.name for column in table.columns} - columns)
        if missing:
            raise StoreError(
                f"{paths.database} lacks {name}.{missing[0]}: it was changed by hand; "
                "move it away and run `sentry-sync sync` again"
            )


def _present(settings: Settings) -> StorePaths:
    paths = StorePaths(settings.store)
    if not paths.database.exists():
        raise StoreMissing(f"there is no store at {settings.store} yet: run `sentry-sync sync` first")
    return paths

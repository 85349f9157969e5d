"""Bringing a store's schema to this program's version.

Alembic is imported only when there is something to migrate: looking up the version costs one small query. A new
store is made from ``migrations/schema.sql``, which is what the migrations make of an empty file: that takes 10 ms
instead of 60, and Alembic takes 250 to import.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from sentry_sync import resources
from sentry_sync.errors import StoreError, StoreTooNew
from sentry_sync.store import sqlite

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0002"
"""The newest migration in ``migrations/``; a test holds the two together."""


NEWEST = "head"
"""Alembic's name for the newest."""


SEPARATOR = ";\n\n"
"""What ends a statement of ``schema.sql``: triggers hold semicolons and newlines, but no empty line."""


def current(path: Path) -> str | None:
    """The store's schema version; None for an empty or absent one. Raises StoreTooNew, StoreUnwritable."""
    if not path.exists():
        return None
    uri = f"file:{sqlite.quoted(path)}?mode=ro"
    with sqlite.explained(path), closing(sqlite3.connect(uri, uri=True, timeout=30)) as connection:
        return version(connection, path)


def version(connection: sqlite3.Connection, path: Path) -> str | None:
    """The same of a store that is open, at ``path``: to open it and read its schema takes two milliseconds."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    found = str(row[0]) if row else None
    # Versions are numbered, so that a program can tell "newer than I know" from "not one of mine".
    if found is not None and found > HEAD:
        raise StoreTooNew(
            f"the store in {path.parent} was written by a newer sentry-sync (schema {found}, this program "
            f"knows {HEAD}): upgrade sentry-sync, or choose another store with SENTRY_SYNC_STORE"
        )
    return found


def check(path: Path, connection: sqlite3.Connection | None = None) -> None:
    """Raise StoreError unless the schema is this program's own; over ``connection`` where it is open already."""
    found = version(connection, path) if connection else current(path)
    if found != HEAD:
        raise StoreError(
            f"the store in {path.parent} has schema {found or 'none'}, this program wants {HEAD}: "
            "run `sentry-sync db upgrade`"
        )


def upgrade(path: Path, revision: str = NEWEST) -> None:
    """Migrate to ``revision``; a failed migration leaves the store as it was."""
    from sentry_sync.store import database

    path.touch(mode=0o600)
    engine = database.writer(path)
    try:
        with engine.begin() as connection:
            empty = connection.exec_driver_sql("SELECT 1 FROM sqlite_master").first() is None
            if empty and revision == NEWEST:
                for statement in statements():
                    connection.exec_driver_sql(statement)
                return
            from alembic import command

            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    finally:
        engine.dispose()


def downgrade(path: Path, revision: str) -> None:
    """Migrate back to ``revision``; ``base`` empties the store."""
    from alembic import command

    from sentry_sync.store import database

    engine = database.writer(path)
    try:
        with engine.begin() as connection:
            config = _config()
            config.attributes["connection"] = connection
            command.downgrade(config, revision)
    finally:
        engine.dispose()


def statements() -> list[str]:
    """What makes an empty file a store of the newest schema."""
    script = (resources.folder("migrations") / "schema.sql").read_text(encoding="utf-8")
    return [part for part in script.split(SEPARATOR) if part.strip()]


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(resources.folder("migrations")))
    return config

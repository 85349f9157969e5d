"""The page of tables, from ``sentry_sync/store/tables.py`` and what SQL sees of it; and what makes them."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import LargeBinary

from sentry_sync.store import migrate, tables
from sentry_sync.trends.meanings import MEANING
from sentry_sync.trends.relations import RELATIONS


def page() -> Iterator[str]:
    """The lines of schema.md."""
    yield "# Tables"
    yield ""
    yield "What `sentry-sync sql` reads. Names change only with a migration and a line in CHANGELOG.md."
    yield ""
    yield (
        "In SQL, times are TIMESTAMP in UTC, event ids 32 hex digits and tags JSON. In `store.db` itself (SQLite) "
        "times are integers, microseconds since 1970, and event ids are blobs of 16 bytes."
    )
    for name, relation in RELATIONS.items():
        yield f"\n## {name}\n\n{MEANING[name]}\n\n| Column | Type | Key |\n| --- | --- | --- |"
        table = tables.metadata.tables.get(relation.source)
        for column, kind in relation.columns.items():
            key = table is not None and table.c[column].primary_key
            yield f"| `{column}` | {kind.shown} | {'yes' if key else ''} |"
        hidden = [c.name for c in table.columns if isinstance(c.type, LargeBinary)] if table is not None else []
        if hidden:
            yield f"\nIn `store.db` also: {', '.join(f'`{column}`' for column in hidden)} (zstd)."


def script() -> Iterator[str]:
    """The statements of schema.sql: all that the migrations leave in an empty file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        # By number: to the newest, a new store is made from this very file.
        migrate.upgrade(path, migrate.HEAD)
        with closing(sqlite3.connect(path)) as connection:
            made = connection.execute(
                "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
            ).fetchall()
            rows = [line.removesuffix(";") for line in connection.iterdump() if line.startswith("INSERT INTO")]
        # In the order of the migrations, which iterdump() does not keep.
        for statement in (*(sql for (sql,) in made), *rows):
            yield statement + migrate.SEPARATOR

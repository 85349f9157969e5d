"""Opening ``store.db``: engines whose transactions are what they look like."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from sentry_sync.errors import StoreMissing
from sentry_sync.store.reads.prepared import Snapshot
from sentry_sync.store.sqlite import REBUILD, connect, damaged, explain, quoted

__all__ = [
    "REBUILD",
    "Identity",
    "connect",
    "damaged",
    "explain",
    "explained",
    "identity",
    "quoted",
    "reader",
    "writer",
]

CHECKPOINT_PAGES = 4000
"""16 MB of WAL between checkpoints: each one syncs the disk, and SQLite's own 4 MB means one every 20 pages."""


@lru_cache(maxsize=8)
def writer(path: Path) -> Engine:
    """An engine for the one writer of the moment: WAL, each BEGIN takes the write lock at once."""
    engine = create_engine("sqlite://", creator=lambda: connect(f"file:{quoted(path)}"), poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        # synchronous=NORMAL in WAL loses no commit to a killed process, only to a power cut.
        connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY;")
        connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def reader(path: Path) -> Engine:
    """An engine that cannot write; each BEGIN is a snapshot. Raises StoreMissing if there is no store."""
    if not path.exists():
        raise StoreMissing(f"there is no store at {path.parent} yet: run `sentry-sync sync` first")
    return _reader(path)


@lru_cache(maxsize=8)
def _reader(path: Path) -> Engine:
    """Kept: an engine holds no connection, but every statement it has compiled, half of a small sync's time."""
    engine = create_engine(
        "sqlite://", creator=lambda: connect(f"file:{quoted(path)}?mode=ro", Snapshot), poolclass=NullPool
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


Identity = tuple[int, int] | None
"""Device and inode of the database file; None for no file. Tells a store put in the place of the one we hold."""


def identity(path: Path) -> Identity:
    """Which file stands at ``path`` now."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite says into one line of ours, with what to do."""
    try:
        yield
    except (DBAPIError, sqlite3.Error, UnicodeDecodeError) as error:
        raise explain(path, error) from error

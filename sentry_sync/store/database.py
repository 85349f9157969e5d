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

from sentry_sync.errors import StoreBusy, StoreError, StoreMissing, StoreUnwritable
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.reads.prepared import Snapshot

BUSY_SECONDS = 30.0
"""SQLite's own wait for a lock; our file lock already keeps writers apart, so this is for checkpoints."""


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
        "sqlite://", creator=lambda: connect(f"file:{quoted(path)}?mode=ro"), poolclass=NullPool
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


def quoted(path: Path) -> str:
    """``path`` as it stands in an SQLite URI."""
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def connect(uri: str) -> sqlite3.Connection:
    """A connection without transactions but those it is told to begin."""
    # isolation_level=None: pysqlite's own transactions are no snapshots and leave failed migrations half done.
    return sqlite3.connect(
        uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, factory=Snapshot
    )


DAMAGE = ("malformed", "not a database", "unsupported file format", "Could not decode")
"""What SQLite says of a file that it can't read, or not any more."""

REBUILD = "sentry-sync db rebuild"
"""What brings a damaged store back."""


def damaged(path: Path, said: str) -> StoreError:
    """The error for a file of which SQLite, or a check of ours, ``said`` that it is broken."""
    # Only the store holds what can be saved; the ledger counts the requests of a day.
    remedy = f"run `{REBUILD}`, which keeps the file aside and saves what can be read"
    if path.name != StorePaths(path.parent).database.name:
        remedy = "move it away and run the command again"
    return StoreError(f"{path} is damaged or not a database ({said}): {remedy}")


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite says into one line of ours, with what to do."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        raise explain(path, error) from error


def explain(path: Path, error: Exception) -> StoreError:
    """The error of ours that stands for SQLite's ``error`` at ``path``."""
    said = str(error.orig if isinstance(error, DBAPIError) else error)
    if "full" in said:
        return StoreUnwritable(f"the disk of {path.parent} is full: free some space and run the command again")
    if "readonly" in said or "read-only" in said or "unable to open" in said or "disk I/O" in said:
        return StoreUnwritable(
            f"cannot write the store in {path.parent} ({said}): check its permissions and disk, "
            "or choose another with SENTRY_SYNC_STORE"
        )
    if "locked" in said or "busy" in said:
        return StoreBusy(f"the store in {path.parent} is locked by another program: try again when it is done")
    if any(words in said for words in DAMAGE):
        return damaged(path, said)
    return StoreError(f"the store in {path.parent} failed: {said}")

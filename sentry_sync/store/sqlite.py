"""The store's files through Python's own SQLite alone: what can be had without loading SQLAlchemy.

Loading it takes longer than most answers, and a process that runs one statement needs none of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sentry_sync.errors import StoreBusy, StoreError, StoreUnwritable
from sentry_sync.store.paths import StorePaths

BUSY_SECONDS = 30.0
"""SQLite's own wait for a lock; our file lock already keeps writers apart, so this is for checkpoints."""


def quoted(path: Path) -> str:
    """``path`` as it stands in an SQLite URI."""
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def connect(uri: str, kind: type[sqlite3.Connection] = sqlite3.Connection) -> sqlite3.Connection:
    """A connection without transactions but those it is told to begin."""
    # isolation_level=None: pysqlite's own transactions are no snapshots and leave failed migrations half done.
    return sqlite3.connect(
        uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, factory=kind
    )


DAMAGE = ("malformed", "not a database", "unsupported file format", "Could not decode")
"""What SQLite says of a file that it can't read, or not any more."""

BROKEN = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What reading a damaged file raises; the latter for names that are garbage, even within SQLite's own message."""

REBUILD = "sentry-sync db rebuild"
"""What brings a damaged store back."""


def damaged(path: Path, said: str) -> StoreError:
    """The error for a file of which SQLite, or a check of ours, ``said`` that it is broken."""
    # Only the store holds what can be saved; the ledger counts the requests of a day.
    remedy = f"run `{REBUILD}`, which keeps the file aside and saves what can be read"
    if path.name != StorePaths(path.parent).database.name:
        remedy = "move it away and run the command again"
    return StoreError(f"{path} is damaged or not a database ({said}): {remedy}")


def explain(path: Path, error: Exception) -> StoreError:
    """The error of ours that stands for SQLite's ``error`` at ``path``."""
    if isinstance(error, UnicodeDecodeError):
        return damaged(path, "garbage where a name should be")
    said = str(getattr(error, "orig", error))
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


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite says into one line of ours, with what to do."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise explain(path, error) from error

"""The ledger's own small database: its tables, its statements, and how it is opened.

It isn't in WAL mode: every process writes it and may checkpoint it, which is what SQLite's WAL-reset bug (up to
3.51.2) needs to lose a commit. A persistent rollback journal costs 0.06 ms more per request and has no such bug.
``synchronous=OFF``: a killed process loses nothing, and what a power cut may take is a minute's memory.
There are no migrations: the file holds nothing that is worth one, a newer one is refused.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

from sentry_sync.errors import StoreTooNew, StoreUnwritable
from sentry_sync.store.sqlite import quoted

_connecting = threading.Lock()

VERSION = 1
BUSY_SECONDS = 10.0
"""A ledger transaction takes a tenth of a millisecond; one that can't begin for 10 s has met a stopped process."""

PACED = "project_events"
"""The endpoint whose limit is known from Sentry's source (60 per minute, one at a time) before any header tells.
It has an index of its own, so that counting it stays cheap among any number of others."""

UNKNOWN = "?"
"""The bucket of a request to an endpoint that hasn't answered yet: it counts in every bucket."""

NO_BUCKET = ""
"""The bucket of an endpoint that answers without announcing a limit."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS requests(
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, finished_at INTEGER, lane TEXT NOT NULL, endpoint TEXT NOT NULL,
  status INTEGER, process TEXT NOT NULL, bucket TEXT NOT NULL, holds_until INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS requests_by_hold ON requests(holds_until, lane);
CREATE INDEX IF NOT EXISTS requests_by_bucket ON requests(bucket, holds_until, lane);
CREATE INDEX IF NOT EXISTS requests_paced ON requests(holds_until, lane) WHERE endpoint = 'project_events';
CREATE TABLE IF NOT EXISTS buckets(
  name TEXT PRIMARY KEY, "limit" INTEGER, window INTEGER, longest INTEGER NOT NULL, reset INTEGER,
  resets_at INTEGER NOT NULL, remaining INTEGER, observed_at INTEGER NOT NULL, concurrent_limit INTEGER,
  blocked_until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS endpoints(
  endpoint TEXT PRIMARY KEY, bucket TEXT NOT NULL, blocked_until INTEGER NOT NULL, strikes INTEGER NOT NULL)
  STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS waiting(lane INTEGER PRIMARY KEY, until INTEGER NOT NULL) STRICT;
"""

COUNT_ALL = """
SELECT count(*) FILTER (WHERE lane = 'live'), count(*), count(*) FILTER (WHERE holds_until > :now)
FROM requests WHERE holds_until > :start"""
COUNT_PACED = """
SELECT count(*) FILTER (WHERE lane = 'live'), count(*), count(*) FILTER (WHERE holds_until > :now)
FROM requests WHERE endpoint = 'project_events' AND holds_until > :start"""
COUNT_BUCKET = """
SELECT count(*) FILTER (WHERE lane = 'live'), count(*), count(*) FILTER (WHERE holds_until > :now),
  count(*) FILTER (WHERE holds_until > :observed)
FROM requests WHERE bucket IN (:bucket, '?') AND holds_until > :start"""
ANY_KNOWN = "SELECT EXISTS (SELECT 1 FROM endpoints), EXISTS (SELECT 1 FROM buckets)"
COUNT_UNKNOWN = "SELECT count(*) FROM requests WHERE bucket = '?' AND holds_until > :now"

NTH_ALL = "SELECT holds_until FROM requests WHERE holds_until > :start ORDER BY holds_until LIMIT 1 OFFSET :nth"
NTH_PACED = """
SELECT holds_until FROM requests WHERE endpoint = 'project_events' AND holds_until > :start
ORDER BY holds_until LIMIT 1 OFFSET :nth"""
NTH_BUCKET = """
SELECT holds_until FROM requests WHERE bucket IN (:bucket, '?') AND holds_until > :start
ORDER BY holds_until LIMIT 1 OFFSET :nth"""

INSERT = """INSERT INTO requests(at, lane, endpoint, process, bucket, holds_until)
  VALUES (?, ?, ?, ?, ?, ?)"""
SETTLE = "UPDATE requests SET finished_at = ?, status = ?, bucket = ?, holds_until = ? WHERE id = ?"
MOVE = "UPDATE requests SET bucket = ? WHERE endpoint = ? AND holds_until > ?"

ENDPOINT = "SELECT bucket, blocked_until, strikes FROM endpoints WHERE endpoint = ?"
UPSERT_ENDPOINT = "INSERT OR REPLACE INTO endpoints(endpoint, bucket, blocked_until, strikes) VALUES (?, ?, ?, ?)"
BUCKET = "SELECT * FROM buckets WHERE name = ?"
BUCKETS = "SELECT * FROM buckets"
UPSERT_BUCKET = "INSERT OR REPLACE INTO buckets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

MARK = "INSERT OR REPLACE INTO waiting(until, lane) VALUES (?, ?)"
UNMARK = "DELETE FROM waiting WHERE until < ? AND lane = ?"

PULL_BACK = """
UPDATE requests SET at = min(at, :now), finished_at = min(finished_at, :now),
  holds_until = min(holds_until, CASE WHEN finished_at IS NULL THEN :now + :longest ELSE :now END)
  WHERE at > :now OR holds_until > :now"""
PULL_BUCKETS = """
UPDATE buckets SET resets_at = min(resets_at, :now + :block), observed_at = min(observed_at, :now),
  blocked_until = min(blocked_until, :now + :block)"""
PULL_ENDPOINTS = "UPDATE endpoints SET blocked_until = min(blocked_until, :now + :block)"

UNDER_WAY = "SELECT id, process FROM requests WHERE holds_until > :now"
ABANDON = "UPDATE requests SET holds_until = ? WHERE id = ?"
PRUNE_EXCESS = "DELETE FROM requests WHERE id <= ?"
PRUNE_OLD = """DELETE FROM requests WHERE id IN (
  SELECT id FROM (SELECT id, holds_until FROM requests ORDER BY id LIMIT 512) WHERE holds_until < ?)"""
RECENT = """SELECT at, finished_at, lane, endpoint, status, process FROM requests WHERE at >= ?
  ORDER BY id DESC LIMIT ?"""
SPENT = "SELECT lane, count(*) FROM requests WHERE holds_until > ? GROUP BY lane"


def connect(path: Path) -> sqlite3.Connection:
    """Open the ledger at ``path``, creating it private to its owner.

    Raises StoreUnwritable if the directory refuses it, StoreTooNew if a newer program wrote it, sqlite3.Error for
    what SQLite finds wrong.
    """
    with _connecting:
        _create(path)
        connection = sqlite3.connect(
            f"file:{quoted(path)}", uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open an existing ledger without the power to change it; raises sqlite3.Error."""
    return sqlite3.connect(f"file:{quoted(path)}?mode=ro", uri=True, timeout=BUSY_SECONDS, isolation_level=None)


def _create(path: Path) -> None:
    """Make the file before SQLite does, so that it's never readable by others.

    Only if it isn't there: closing any descriptor of a file drops the locks that this process holds on it.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StoreUnwritable(
            f"cannot write the request ledger {path}: {error.strerror}; free the disk or its permissions, "
            "or choose another place with SENTRY_SYNC_STORE"
        ) from error


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA journal_mode = PERSIST")
    connection.execute("PRAGMA synchronous = OFF")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise StoreTooNew(
            f"{path} was written by a newer sentry-sync: upgrade this one, or delete the file "
            "(it only counts requests) while none is running"
        )
    if version < VERSION:
        connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")

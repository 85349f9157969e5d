"""Held read-only connections: each answer reads within one snapshot and lets go of it at once.

A snapshot kept open would pin the WAL, which then grows without bound; a connection opened for each answer costs
more than the answer. So connections are kept, transactions are not.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import StaticPool

from sentry_sync.errors import StoreError, StoreMissing
from sentry_sync.store import database, migrate, tables
from sentry_sync.store.reads.prepared import Snapshot
from sentry_sync.store.store import Store

_SCHEMA = "SELECT version_num FROM alembic_version"


class TookTooLong(Exception):
    """A look was broken off: whoever can wait looks again."""


@dataclass(frozen=True, slots=True)
class _Held:
    connection: Connection
    driver: Snapshot
    identity: database.Identity
    real: bool
    """False for the empty stand-in of a store that is not there."""


class Reader:
    """Snapshots of one store. Safe to share between threads: each takes a connection of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._path = store.paths.database
        self._idle: list[_Held] = []
        self._lock = threading.Lock()

    @contextmanager
    def snapshot(self, within: float | None = None) -> Iterator[Snapshot]:
        """One moment of the store; a store that isn't there yet reads as an empty one.

        An older store is brought up to date first. Raises StoreTooNew and other StoreErrors, and TookTooLong once
        its statements are at work for longer than ``within`` seconds.
        """
        held = self._take()
        try:
            with database.explained(self._path):
                held.driver.execute("BEGIN")
                try:
                    # A migration is written as well: where nobody has written, the schema is the one that it was.
                    if held.driver.renewed() and held.real:
                        self._check_schema(held.driver)
                    if within is not None:
                        held.driver.give_up_after(within)
                    yield held.driver
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                        raise TookTooLong from None
                    raise
                finally:
                    if within is not None:
                        held.driver.go_on()
                    held.driver.execute("ROLLBACK")
        except StoreError:
            held.connection.close()
            raise
        finally:
            if not held.connection.closed:
                with self._lock:
                    self._idle.append(held)

    def close(self) -> None:
        """Close the connections that are not in use."""
        with self._lock:
            idle, self._idle = self._idle, []
        for held in idle:
            held.connection.close()

    def _take(self) -> _Held:
        identity = database.identity(self._path)
        with self._lock:
            while self._idle:
                held = self._idle.pop()
                if held.identity == identity and (held.real or identity is None):
                    return held
                held.connection.close()
        return self._open(identity)

    def _open(self, identity: database.Identity) -> _Held:
        version = migrate.current(self._path)
        if version is not None and version != migrate.HEAD:
            self._store.prepare()
        try:
            if version is not None:
                connection = self._store.read()
                return _Held(connection, driver_of(connection), identity, real=True)
        except StoreMissing:
            pass
        connection = empty()
        return _Held(connection, driver_of(connection), identity, real=False)

    def _check_schema(self, driver: Snapshot) -> None:
        """A process that serves for days may see its store migrated by a newer program: then it must stop."""
        (version,) = driver.execute(_SCHEMA).fetchone()
        if version != migrate.HEAD:
            migrate.current(self._path)  # a newer schema is refused here, in its own words
            raise StoreError("the store changed its schema while it was being read: ask again")


def empty() -> Connection:
    """A store in memory with nothing in it: what is known where there is no store."""
    engine = create_engine(
        "sqlite://",
        poolclass=StaticPool,
        connect_args={"check_same_thread": False, "isolation_level": None, "factory": Snapshot},
    )
    tables.metadata.create_all(engine)
    return engine.connect()


def driver_of(connection: Connection) -> Snapshot:
    """The driver's connection below SQLAlchemy's, for prepared statements."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, Snapshot):
        raise TypeError("the store is not SQLite")
    return driver

"""A store: one directory, one organization's copy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine

from sentry_sync.records.clock import Clock, SystemClock
from sentry_sync.store import database, locks, migrate
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.unit_of_work import UnitOfWork

WRITER_BUSY = "another sentry-sync has been writing to this store for too long: try again, or end that process"


class Store:
    """Opens, migrates, reads and writes one store. Cheap to make: nothing is opened until it is asked for."""

    def __init__(self, directory: Path, clock: Clock | None = None) -> None:
        self.paths = StorePaths(directory)
        self._clock = clock or SystemClock()
        self._writer: Engine | None = None
        self._connection: Connection | None = None

    def prepare(self) -> None:
        """Create the store, or bring an older one up to date.

        Raises StoreTooNew, StoreUnwritable or StoreBusy.
        """
        self.paths.create()
        with database.explained(self.paths.database):
            version = migrate.current(self.paths.database)
        if version == migrate.HEAD:
            return
        with self._lock(), database.explained(self.paths.database):
            migrate.upgrade(self.paths.database)

    @contextmanager
    def write(self) -> Iterator[UnitOfWork]:
        """One transaction: commits when the block ends, leaves no trace when it raises.

        No two processes write at once: SQLite before 3.51.3 can corrupt a WAL that two connections reset.
        """
        with self._lock(), database.explained(self.paths.database):
            connection = self._writing()
            with connection.begin():
                yield UnitOfWork(connection)

    def read(self) -> Connection:
        """A read-only connection of the caller's own; raises StoreMissing or StoreTooNew."""
        engine = database.reader(self.paths.database)
        with database.explained(self.paths.database):
            migrate.check(self.paths.database)
            return engine.connect()

    def syncing(self) -> AbstractContextManager[None]:
        """Be the only process that syncs into this store; raises StoreBusy."""
        self.paths.create()
        return locks.syncing(self.paths.sync_lock, self._clock)

    def close(self) -> None:
        """Let go of the database. Closing may checkpoint, so it counts as writing."""
        if self._connection is not None and self._writer is not None:
            with self._lock():
                self._connection.close()
                self._writer.dispose()
            self._connection = self._writer = None

    def _writing(self) -> Connection:
        if self._connection is None:
            self._writer = database.writer(self.paths.database)
            self._connection = self._writer.connect()
        return self._connection

    def _lock(self) -> AbstractContextManager[int]:
        return locks.held(self.paths.write_lock, self._clock, patience=locks.PATIENCE_SECONDS, busy=WRITER_BUSY)

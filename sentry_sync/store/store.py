"""A store: one directory, one organization's copy."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine

from sentry_sync.errors import StoreBusy
from sentry_sync.records.clock import Clock, SystemClock
from sentry_sync.store import database, lease, locks, migrate, only
from sentry_sync.store.lease import Lease, Pacemaker
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.presence import Presence
from sentry_sync.store.privacy.rules import Rules
from sentry_sync.store.reads.prepared import below
from sentry_sync.store.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from sentry_sync.store.privacy.scrub import Scrubber

WRITER_BUSY = "another sentry-sync has been writing to this store for too long: try again, or end that process"

LOOK_SECONDS = 1.0
"""How often a process that waits to sync looks at the lease: reading one row, without any lock."""

ORDINARY = Rules()

Waiting = Callable[[Lease | None], bool]
"""Asked before each second of waiting, with who syncs (None: somebody writes for long); False gives up."""


class Store:
    """Opens, migrates, reads and writes one store. Cheap to make: nothing is opened until it is asked for."""

    def __init__(
        self,
        directory: Path,
        clock: Clock | None = None,
        rules: Rules = ORDINARY,
        projects: tuple[str, ...] = (),
    ) -> None:
        self._rules = rules
        self._scrubber: Scrubber | None = None
        self.paths = StorePaths(directory, projects)
        self._clock = clock or SystemClock()
        self._writer: Engine | None = None
        self._connection: Connection | None = None
        self._file: database.Identity = None
        self._mutex = threading.Lock()
        self._lease: Lease | None = None
        self._pacemaker: Pacemaker | None = None

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

        No two processes write at once: SQLite before 3.51.3 can corrupt a WAL that two connections reset. Inside
        :meth:`syncing` it raises LeaseLost, and writes nothing, once another process has taken over.
        """
        scrubber = self.scrubber()
        with self._transaction() as connection:
            yield UnitOfWork(connection, scrubber, self.paths.projects)

    @property
    def rules(self) -> Rules:
        """What of a row may be stored."""
        return self._rules

    def another(self) -> Store:
        """The same store, opened for itself."""
        return Store(self.paths.directory, self._clock, self._rules, self.paths.projects)

    def unlimited(self) -> Store:
        """The same store, whose reads see every project."""
        return Store(self.paths.directory, self._clock, self._rules)

    def scrubber(self) -> Scrubber:
        """What each row passes on its way in; raises StoreUnwritable where its key can't be kept."""
        if self._scrubber is None:
            # Here, since its patterns take 30 ms to compile, and most processes write nothing.
            from sentry_sync.store.privacy.pseudonyms import Pseudonyms, key_of
            from sentry_sync.store.privacy.scrub import Scrubber

            self.paths.create()
            self._scrubber = Scrubber(self._rules, Pseudonyms(key_of(self.paths.key)))
        return self._scrubber

    def read(self) -> Connection:
        """A read-only connection of the caller's own; raises StoreMissing or StoreTooNew."""
        engine = database.reader(self.paths.database)
        with database.explained(self.paths.database):
            connection = engine.connect()
            try:
                driver = below(connection)
                migrate.check(self.paths.database, driver)
                if self.paths.projects:
                    only.hide_others(driver, self.paths.projects)
            except BaseException:
                connection.close()
                raise
            return connection

    @contextmanager
    def syncing(self, waiting: Waiting | None = None) -> Iterator[None]:
        """Be the only process that syncs into this store, which is prepared first.

        Raises StoreBusy, naming who syncs, or with ``waiting`` only once that says to wait no longer. Raises
        LeaseLost or another StoreError at its end, or at a write inside, if the lease could not be renewed. Inside
        another block of this store it changes nothing: a daemon holds the lease over many runs.
        """
        if self._lease:
            yield
            return
        self.paths.create()
        with Presence(self.paths.presence) as presence:
            mine = self._take_lease(waiting, presence.name)
            try:
                with Pacemaker(self._beat) as pacemaker:
                    self._lease, self._pacemaker = mine, pacemaker
                    yield
            finally:
                self._lease = self._pacemaker = None
                with self._transaction() as connection:
                    lease.give_back(connection, mine, self._clock.now())

    def vacuum(self) -> None:
        """Write the database anew, so that no free page holds what was deleted. Readers may go on."""
        with self._lock(), database.explained(self.paths.database):
            self._outside("PRAGMA temp_store=FILE")  # the draft is as large as the store
            self._outside("VACUUM")
            self._outside("PRAGMA temp_store=MEMORY")

    def space(self) -> tuple[int, int]:
        """Bytes of the database that hold something, and bytes in free pages."""
        with database.explained(self.paths.database), closing(self.read()) as connection:
            size, pages, free = (
                connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("page_size", "page_count", "freelist_count")
            )
        return (pages - free) * size, free * size

    def empty_log(self) -> bool:
        """Move the log into the database and cut it to nothing; False while a reader needs what is in it."""
        with self._lock(), database.explained(self.paths.database):
            busy: int = self._outside("PRAGMA wal_checkpoint(TRUNCATE)")[0]
        return busy == 0

    def _outside(self, statement: str) -> Any:
        """The first row of a statement that no transaction may hold."""
        driver = self._writing().connection.driver_connection
        assert driver is not None  # noqa: S101 (for the type checker: the connection is open)
        return driver.execute(statement).fetchone()

    def close(self) -> None:
        """Let go of the database. Closing may checkpoint, so it counts as writing."""
        if self._connection is not None:
            with self._lock():
                self._disconnect()

    def _take_lease(self, waiting: Waiting | None, name: str) -> Lease:
        while True:
            found: Lease | None = None
            try:
                self.prepare()
                found = self._lease_held()
                if found is None:
                    with self._transaction() as connection:
                        return lease.take(connection, self._clock.now(), name, self.paths)
            except StoreBusy:
                if waiting is None:
                    raise
            if waiting is None or not waiting(found):
                raise lease.busy(found) if found else StoreBusy(WRITER_BUSY)
            self._clock.sleep(LOOK_SECONDS)

    def _lease_held(self) -> Lease | None:
        """Who syncs, read without a lock: whoever waits disturbs nobody."""
        with database.explained(self.paths.database), closing(self.read()) as connection, connection.begin():
            return lease.held(lease.read(connection), self._clock.now(), self.paths)

    def _beat(self) -> None:
        """Each transaction of the holder's renews the lease; this one does nothing else."""
        with self._transaction():
            pass

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        if self._pacemaker:
            self._pacemaker.check()
        with self._lock(), database.explained(self.paths.database):
            connection = self._writing()
            with connection.begin():
                if self._lease:
                    lease.keep(connection, self._lease, self._clock.now())
                yield connection

    def _writing(self) -> Connection:
        file = database.identity(self.paths.database)
        if self._connection is None or file != self._file:
            # A store that was rebuilt is another file at the same path: what we hold open is the damaged one.
            self._disconnect()
            self._writer = database.writer(self.paths.database)
            self._connection = self._writer.connect()
            self._file = database.identity(self.paths.database)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None and self._writer is not None:
            self._connection.close()
            self._writer.dispose()
        self._connection = self._writer = None

    @contextmanager
    def _lock(self) -> Iterator[None]:
        # The file lock alone would do, but threads of one process need not poll for each other.
        if not self._mutex.acquire(timeout=locks.PATIENCE_SECONDS):
            raise StoreBusy(WRITER_BUSY)
        try:
            path, patience = self.paths.write_lock, locks.PATIENCE_SECONDS
            with locks.held(path, self._clock, patience=patience, busy=WRITER_BUSY):
                yield
        finally:
            self._mutex.release()

"""A damaged store, begun anew with what can be read of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError

from sentry_sync.errors import StoreError, StoreMissing
from sentry_sync.records.clock import Clock
from sentry_sync.store import database, lease, locks, migrate, tables
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.salvage import Saved, salvage
from sentry_sync.store.soundness import is_damaged
from sentry_sync.store.store import WRITER_BUSY

Origin = tuple[str, str]
"""Base URL and organization that a store is a copy of."""

_LOG = ("-wal", "-shm")
"""Files beside a database that are part of it: named after it, and taken for another's by their name alone."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did."""

    aside: Path
    """Where the damaged file is kept."""
    saved: tuple[Saved, ...]
    assumed: Origin | None
    """Whose copy the store was taken for, where that could not be read; None where it could."""


def rebuild(paths: StorePaths, clock: Clock, origin: Callable[[], Origin], *, force: bool = False) -> Rebuilt:
    """Put a fresh store in the place of a damaged one, with every row that can be read, and keep the old file.

    ``origin`` is asked whose copy it was where that is lost. Raises StoreError when the store is sound and
    StoreBusy while another process syncs, unless ``force``; StoreTooNew, StoreMissing and StoreUnwritable always.
    """
    fresh = paths.directory / f"{paths.database.name}.rebuilt"
    aside = paths.directory / f"{paths.database.name}.damaged-{clock.now():%Y%m%dT%H%M%SZ}"
    if not paths.database.exists() and not fresh.exists():
        raise StoreMissing(f"there is no store at {paths.directory} yet: run `sentry-sync sync` first")
    with (
        locks.held(paths.write_lock, clock, patience=locks.PATIENCE_SECONDS, busy=WRITER_BUSY),
        database.explained(paths.database),
    ):
        _finish_interrupted(paths.database, fresh)
        if not is_damaged(paths.database) and not force:
            raise StoreError(f"{paths.database} is sound, there is nothing to save it from (or use --force)")
        if not force:
            _refuse_while_syncing(paths, clock)
        if aside.exists():
            raise StoreError(f"{aside} was put aside this very second: run it again")
        _remove(fresh)
        migrate.upgrade(fresh)
        saved = salvage(paths.database, fresh)
        assumed = _claim(fresh, origin) if any(part.rows for part in saved) else None
        _put_in_place(paths.database, aside, fresh)
    return Rebuilt(aside, tuple(saved), assumed)


def _refuse_while_syncing(paths: StorePaths, clock: Clock) -> None:
    try:
        with closing(database.reader(paths.database).connect()) as connection, connection.begin():
            holder = lease.held(lease.read(connection), clock.now(), paths)
    except (DBAPIError, UnicodeDecodeError):
        return  # a lease that nobody can read, nobody can hold: the next write inside it fails
    if holder:
        raise lease.busy(holder)


def _claim(fresh: Path, origin: Callable[[], Origin]) -> Origin | None:
    """See that rows which were saved stay one organization's; whose, if that had to be asked."""
    engine = database.writer(fresh)
    try:
        with engine.begin() as connection:
            if connection.execute(select(tables.origin)).first():
                return None
            base_url, organization = origin()
            connection.execute(insert(tables.origin).values(base_url=base_url, organization=organization))
            return base_url, organization
    finally:
        engine.dispose()


def _put_in_place(database: Path, aside: Path, fresh: Path) -> None:
    """Swap the files. The damaged one's log goes with it: left behind, it would be taken for the fresh one's."""
    database.rename(aside)
    for ending in _LOG:
        log = database.with_name(database.name + ending)
        if log.exists():
            log.rename(aside.with_name(aside.name + ending))
    fresh.rename(database)


def _finish_interrupted(database: Path, fresh: Path) -> None:
    """Go on with a swap that was killed between its two halves."""
    if database.exists():
        return
    for ending in _LOG:
        database.with_name(database.name + ending).unlink(missing_ok=True)
    fresh.rename(database)


def _remove(fresh: Path) -> None:
    for ending in ("", *_LOG):
        fresh.with_name(fresh.name + ending).unlink(missing_ok=True)

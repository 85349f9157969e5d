"""Leaving nothing behind: what was deleted or overwritten stays in free pages and in the log until this."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from sentry_sync.errors import StoreBusy
from sentry_sync.records.clock import Clock
from sentry_sync.store import locks
from sentry_sync.store.store import Store

TRIES = 60
"""Times that the log is tried to be emptied, a second apart: a reader holds it while its statement runs."""

AT_WORK = "another erase, scrub or prune is at work: try again when it is done"

BUSY = (
    "the rows are written, but another process still reads what was there before: "
    "end it (an `sql` or `export` that runs for long) and run the command again"
)


class AtWork(StoreBusy):
    """Another process writes all rows again."""


@contextmanager
def alone(store: Store, clock: Clock, patience: float = locks.PATIENCE_SECONDS) -> Iterator[None]:
    """Be the only process that writes all rows again, row by row: a vacuum meanwhile would number them anew.

    Raises AtWork once another was at it for longer than ``patience``.
    """
    store.paths.create()
    with ExitStack() as lock:
        try:
            lock.enter_context(locks.held(store.paths.care_lock, clock, patience=patience, busy=AT_WORK))
        except StoreBusy as error:
            raise AtWork(AT_WORK) from error
        yield


def vacuum(store: Store, clock: Clock) -> None:
    """Write the database anew, without free pages, and empty its log; raises StoreBusy while somebody reads."""
    store.vacuum()
    for _ in range(TRIES):
        if store.empty_log():
            return
        clock.sleep(1.0)
    raise StoreBusy(BUSY)

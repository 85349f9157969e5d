"""Leaving nothing behind: what was deleted or overwritten stays in free pages and in the log until this."""

from __future__ import annotations

from sentry_sync.errors import StoreBusy
from sentry_sync.records.clock import Clock
from sentry_sync.store.store import Store

TRIES = 60
"""Times that the log is tried to be emptied, a second apart: a reader holds it while its statement runs."""

BUSY = (
    "the rows are written, but another process still reads what was there before: "
    "end it (an `sql` or `export` that runs for long) and run the command again"
)


def vacuum(store: Store, clock: Clock) -> None:
    """Write the database anew, without free pages, and empty its log; raises StoreBusy while somebody reads."""
    store.vacuum()
    for _ in range(TRIES):
        if store.empty_log():
            return
        clock.sleep(1.0)
    raise StoreBusy(BUSY)

"""Writing again what is held, as the rules of today or an erasure want it: a batch in each transaction."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sentry_sync.records.clock import Clock
from sentry_sync.store import locks
from sentry_sync.store.privacy import held
from sentry_sync.store.privacy.erased import Erased
from sentry_sync.store.privacy.places import SWEPT
from sentry_sync.store.privacy.scrub import Fields
from sentry_sync.store.store import Store

Change = Callable[[Erased, type, Any], Fields]
"""What of a row of that kind changes, given who was erased."""


def rewrite(store: Store, clock: Clock, change: Change) -> dict[str, int]:
    """Write every row again that ``change`` says has other fields; how many, by table.

    What is written meanwhile by a sync has passed the scrubber itself.
    """
    done: dict[str, int] = {}
    for kind in held.kinds():
        after, changed = -1, 0
        while True:
            with store.write() as uow:
                books = uow.persons
                rows = books.batch(kind, after)
                changed += books.rewrite(kind, rows, partial(change, books.erased()))
            if not rows:
                break
            after = rows[-1].key
            clock.sleep(locks.PAUSE_SECONDS)
        done[held.table_of(kind)] = changed
    return done


def sweep(store: Store, clock: Clock, without: Callable[[str], str]) -> dict[str, int]:
    """Take out of each text that may name a person what ``without`` takes out; how many rows had any, by table."""
    done: dict[str, int] = {}
    for table in SWEPT:
        after: int | None = -1
        while after is not None:
            with store.write() as uow:
                after, swept = uow.persons.sweep(table, after, without)
            done[table] = done.get(table, 0) + swept
            clock.sleep(locks.PAUSE_SECONDS)
    return done

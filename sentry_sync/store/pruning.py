"""Dropping rows that nobody wants any longer: a slice in each transaction, so that whoever writes waits for one.

First the copy ceases to claim that time, in one transaction; only then rows go. Killed anywhere, it claims nothing
that it does not hold, and the next pruning goes on with what is left.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sentry_sync.records.clock import Clock
from sentry_sync.store import locks, sqlite
from sentry_sync.store.old_rows import ABOVE, Old, old
from sentry_sync.store.privacy.retention import Keeping
from sentry_sync.store.reads.prepared import below
from sentry_sync.store.store import Store

SLICE = 1000
"""Rows in a transaction: some 50 ms, their entries in the indexes and the lake's triggers included."""

LISTED = 50 * SLICE
"""Keys that are looked up at a time, without any lock."""


@dataclass(slots=True)
class Pruned:
    """What was dropped."""

    rows: dict[str, int] = field(default_factory=dict)
    """By table."""
    whole: bool = True
    """Whether nothing is left that was to go."""


def _silent(table: str, rows: int) -> None:
    """Report to nobody."""


def prune(
    store: Store,
    clock: Clock,
    keeping: Keeping,
    now: datetime,
    bodies_per_issue: int | None = None,
    *,
    stop: Callable[[], bool] = lambda: False,
    report: Callable[[str, int], None] = _silent,
) -> Pruned:
    """Drop what is older than ``keeping`` wants, and all but the newest bodies of each issue, until ``stop``.

    ``report`` is called with each slice: the table, and how many of its rows went so far.
    """
    with store.write() as uow:
        uow.old_rows.give_up(keeping, now)
    done = Pruned()
    # Of every project, whichever this store's own reads are limited to: what is old goes.
    with closing(store.unlimited().read()) as connection:
        look = below(connection)
        slices = itertools.chain.from_iterable(_of_age(store, look, what) for what in old(keeping, now))
        surplus = _surplus(store, look, bodies_per_issue) if bodies_per_issue is not None else ()
        for table, rows in itertools.chain(slices, surplus):
            done.rows[table] = done.rows.get(table, 0) + rows
            if not rows:
                continue
            report(table, done.rows[table])
            if stop():
                return replace(done, whole=False)
            clock.sleep(locks.PAUSE_SECONDS)
    return done


def _of_age(store: Store, look: sqlite3.Connection, what: Old) -> Iterator[tuple[str, int]]:
    more = True
    while more:
        keys = _listed(store, look, what.listing, (what.since, LISTED))
        more = len(keys) == LISTED
        for start in range(0, len(keys), SLICE):
            with store.write() as uow:
                dropped = uow.old_rows.drop(what, keys[start : start + SLICE])
            yield what.table, dropped
    yield what.table, 0


def _surplus(store: Store, look: sqlite3.Connection, kept: int) -> Iterator[tuple[str, int]]:
    more = True
    while more:
        waiting = _listed(store, look, ABOVE, (kept, SLICE))
        more = len(waiting) == SLICE
        while waiting:
            dropped = 0
            with store.write() as uow:
                while waiting and dropped < SLICE:
                    found = uow.old_rows.drop_surplus(waiting[-1], kept, SLICE)
                    dropped += found
                    if found < SLICE:
                        waiting.pop()
            yield "event_bodies", dropped


def _listed(store: Store, look: sqlite3.Connection, statement: str, values: Sequence[int]) -> list[Any]:
    # Outside a transaction: each look sees what is there by then, and no snapshot pins the log while rows go.
    with sqlite.explained(store.paths.database):
        return [key for (key,) in look.execute(statement, values)]

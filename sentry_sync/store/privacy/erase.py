"""Erasing a person: out of every row, the lake, the files put aside, and the free pages and log of the database.

Their events stay, without them: how often something fails is no personal data, and counts must stay true. First it
is remembered (as keyed hashes) that the person is erased: nothing then brings them back, meanwhile or later. Each
step can be done again, so an erasure that was cut short is finished by the same command, or by one without a name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from sentry_sync.records.clock import Clock
from sentry_sync.records.event import Event, EventBody
from sentry_sync.store.lake import Lake
from sentry_sync.store.privacy import beside, sweeping
from sentry_sync.store.privacy.erased import Erased, Identity, of_body, of_key, of_tags, without
from sentry_sync.store.privacy.finding import Names
from sentry_sync.store.privacy.rewriting import rewrite
from sentry_sync.store.privacy.scrub import Fields
from sentry_sync.store.privacy.vacuum import alone, vacuum
from sentry_sync.store.store import Store

Report = Callable[[str], None]


@dataclass(slots=True)
class Erasure:
    """What was done."""

    names: dict[str, int] = field(default_factory=dict)
    """How many names of each kind were given or found."""
    rows: dict[str, int] = field(default_factory=dict)
    """Rows written again, by table."""
    files: int = 0
    """Files put aside that were deleted."""


def erase(store: Store, clock: Clock, given: Sequence[Identity], report: Report) -> Erasure:
    """Erase the person of these names, or finish what was begun if there are none.

    Raises StoreError when the store can't be written; then it is to be run again.
    """
    store.prepare()
    with alone(store, clock):
        return _erased(store, clock, Names(given, store.scrubber().pseudonyms), report)


def _erased(store: Store, clock: Clock, names: Names, report: Report) -> Erasure:
    done = Erasure()
    if names.all:
        report("looking for the person's other names")
        with closing(store.read()) as reading, reading.begin():
            beside.look(reading, names)
        for kind, _ in names.all.values():
            done.names[kind] = done.names.get(kind, 0) + 1
    with store.write() as uow:
        uow.persons.remember(names.all.values(), clock.now())
    report("writing rows again")
    _rewrite(store, names, done)
    report("writing the lake again")
    Lake(store, clock).purge()
    done.files = _delete_aside(store)
    report("emptying free pages and the log")
    vacuum(store, clock)
    with store.write() as uow:
        uow.persons.conclude(sum(done.rows.values()))
    return done


def _rewrite(store: Store, names: Names, done: Erasure) -> None:
    scrubber = store.scrubber()
    spelled = names.spelled
    # An id is a number like any other: only the person's own events are cleared of it.
    mentioned = [name for name in spelled if name[0] != "id"]

    def change(erased: Erased, kind: type, row: Any) -> Fields:
        return scrubber.fields(kind, row, erased, spelled if names.has(_who(kind, row)) else mentioned)

    done.rows = rewrite(store, change)
    for table in sweeping.tables() if mentioned else ():
        with store.write() as uow:
            swept = uow.persons.sweep(table, without(frozenset(mentioned)))
        done.rows[table] = done.rows.get(table, 0) + swept


def _who(kind: type, row: Any) -> list[Identity]:
    if kind is EventBody:
        return of_body(row.body)
    return [*of_key(row.user_key), *of_tags(row.tags)] if kind is Event else []


def _delete_aside(store: Store) -> int:
    """Delete the files of databases that were damaged: nobody can write them again."""
    found = list(store.paths.directory.glob(f"{store.paths.database.name}.damaged-*"))
    for path in found:
        path.unlink()
    return len(found)

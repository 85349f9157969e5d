"""Erasing a person: out of every row, the lake, the files put aside, and the free pages and log of the database.

Their events stay, without them: how often something fails is no personal data, and counts must stay true. First it
is remembered (as keyed hashes) that the person is erased: nothing then brings them back, meanwhile or later. Their
names are kept in clear in a file of their own until the last step is done. Each step can be done again, so an
erasure that was cut short is finished by whoever comes next: the daemon, the same command, or one without a name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from sentry_sync.records.clock import Clock
from sentry_sync.records.event import Event, EventBody
from sentry_sync.store.lake import Lake
from sentry_sync.store.locks import PATIENCE_SECONDS
from sentry_sync.store.privacy import beside, books
from sentry_sync.store.privacy.erased import Erased, Identity, of_body, of_key, of_tags, without
from sentry_sync.store.privacy.finding import Names
from sentry_sync.store.privacy.pending import Pending
from sentry_sync.store.privacy.rewriting import rewrite, sweep
from sentry_sync.store.privacy.scrub import Fields
from sentry_sync.store.privacy.vacuum import alone, vacuum
from sentry_sync.store.store import Store

Report = Callable[[str], None]

NAMELESS = (
    "the file with the names of an erasure that was begun is lost: it is finished by what is remembered of them. "
    "A name of several words, or of less than 4 letters, may still be mentioned: erase it by name again to be sure"
)


@dataclass(slots=True)
class Erasure:
    """What was done."""

    names: dict[str, int] = field(default_factory=dict)
    """How many names of each kind were given or found."""
    rows: dict[str, int] = field(default_factory=dict)
    """Rows written again, by table."""
    files: int = 0
    """Files put aside that were deleted."""


def erase(
    store: Store, clock: Clock, given: Sequence[Identity], report: Report, patience: float = PATIENCE_SECONDS
) -> Erasure:
    """Erase the person of these names, and whoever an erasure was begun of that is not through.

    Raises StoreError when the store can't be written, and StoreBusy where another such command was at work for
    longer than ``patience``; then it is to be run again.
    """
    store.prepare()
    with alone(store, clock, patience):
        pending = Pending(store.paths.erasing)
        nameless = not pending and unfinished(store)
        names = Names([*pending.names(), *given], store.scrubber().pseudonyms)
        if names.all:
            pending.keep(names.all.values())
            report("looking for the person's other names")
            # In every project, whichever this store's own reads are limited to.
            with closing(Store(store.paths.directory, clock, store.rules).read()) as reading, reading.begin():
                beside.look(reading, names)
            pending.keep(names.all.values())
        if nameless:
            report(NAMELESS)
        done = _erased(store, clock, names, report, nameless=nameless)
        pending.forget()
        return done


def unfinished(store: Store) -> bool:
    """Whether an erasure was begun and is not through; raises StoreError."""
    if Pending(store.paths.erasing):
        return True
    if not store.paths.database.exists():
        return False
    with closing(store.read()) as reading, reading.begin():
        return books.unfinished(reading)


def _erased(store: Store, clock: Clock, names: Names, report: Report, *, nameless: bool) -> Erasure:
    done = Erasure(dict(Counter(kind for kind, _ in names.all.values())))
    with store.write() as uow:
        uow.persons.remember(names.all.values(), clock.now())
        remembered = uow.persons.erased()
    report("writing rows again")
    done.rows = _rewrite(store, clock, names, remembered if nameless else None)
    report("writing the lake again")
    Lake(store, clock).purge()
    done.files = _delete_aside(store)
    report("emptying free pages and the log")
    vacuum(store, clock)
    with store.write() as uow:
        uow.persons.conclude(sum(done.rows.values()))
    return done


def _rewrite(store: Store, clock: Clock, names: Names, remembered: Erased | None) -> dict[str, int]:
    scrubber = store.scrubber()
    spelled = names.spelled
    # An id is a number like any other: only the person's own events are cleared of it.
    mentioned = [name for name in spelled if name[0] != "id"]

    def change(erased: Erased, kind: type, row: Any) -> Fields:
        return scrubber.fields(kind, row, erased, spelled if names.has(_who(kind, row)) else mentioned)

    clean = without(frozenset(mentioned))
    rows = Counter(rewrite(store, clock, change))
    rows.update(sweep(store, clock, (lambda text: remembered.unmentioned(clean(text))) if remembered else clean))
    return dict(rows)


def _who(kind: type, row: Any) -> list[Identity]:
    if kind is EventBody:
        return of_body(row.body)
    return [*of_key(row.user_key), *of_tags(row.tags)] if kind is Event else []


def _delete_aside(store: Store) -> int:
    """Delete files of damaged databases, and of a rebuild that was cut short: nobody can write them again."""
    directory, name = store.paths.directory, store.paths.database.name
    with store.write():  # a rebuild under way holds this lock
        found = [path for kind in ("damaged-*", "rebuilt*") for path in directory.glob(f"{name}.{kind}")]
        for path in found:
            path.unlink()
    return len(found)

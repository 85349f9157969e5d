"""Who syncs into the store: one process at a time, and a dead or silent one is followed within a minute.

The lease is a row with a holder, a generation and a last beat. Each transaction of the process that syncs makes
sure in itself that the row is still its own (a fence), so a lease that was taken over wrongly, after a jump of the
clock or a long sleep of the machine, costs a run and never a row.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from sentry_sync.errors import LeaseLost, SentrySyncError, StoreBusy
from sentry_sync.records.schedule import Rest
from sentry_sync.store import tables
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.presence import is_dead, spoken
from sentry_sync.store.reads.prepared import Change, Prepared, Snapshot

NAME = "sync"
"""The one lease there is."""

NOBODY = ""
"""The holder of a lease that was given back. The row stays, so that no generation comes twice."""

SILENT_AFTER = timedelta(seconds=60)
"""A holder unheard of for this long is taken to be gone: four beats missed, on a machine however busy."""

BEAT_SECONDS = 15.0
"""How often a holder that writes nothing says that it is there; each page it writes says so as well."""

_lease = tables.leases.c

_HELD = select(tables.leases).where(_lease.name == NAME)
_HELD_PREPARED = Prepared(_HELD)
_OWN = (_lease.name == NAME, _lease.holder == bindparam("own"), _lease.generation == bindparam("mine"))
_BEAT = Change(update(tables.leases).where(*_OWN).values(beat_at=bindparam("at")))
_GIVE_BACK = (
    update(tables.leases)
    .where(*_OWN)
    .values(holder=NOBODY, beat_at=bindparam("at"), rests_until=None, rests_because=None)
)
_REST = Change(
    update(tables.leases)
    .where(_lease.name == NAME)
    .values(rests_until=bindparam("until"), rests_because=bindparam("because"))
)


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds the right to sync, or held it last."""

    holder: str
    """By what others can tell whether it is there (see ``presence``), or NOBODY."""
    generation: int
    """How often the lease was taken so far."""
    taken_at: datetime
    beat_at: datetime
    """When the holder last said that it is there, by the clock of its machine."""
    rest: Rest | None = None
    """Its last rest, which may be over; see :meth:`resting`."""

    @property
    def process(self) -> str:
        """The holder's ``host:pid``."""
        return spoken(self.holder)

    def resting(self, now: datetime) -> Rest | None:
        """The rest that it takes at ``now``."""
        return self.rest if self.rest and self.rest.until > now else None

    def __str__(self) -> str:
        """As an error or the status names the holder."""
        return f"process {self.process}, last heard of at {self.beat_at:%Y-%m-%d %H:%M:%S} UTC"


def is_free(lease: Lease | None, now: datetime, *, dead: bool) -> bool:
    """Whether the lease may be taken at ``now``; ``dead`` says that its holder is known to be gone.

    A beat far in the future is no sign of life: the clock was set back since.
    """
    return lease is None or lease.holder == NOBODY or dead or abs(now - lease.beat_at) > SILENT_AFTER


def held(lease: Lease | None, now: datetime, paths: StorePaths) -> Lease | None:
    """``lease`` while somebody holds it, as far as can be told from here; else None."""
    return None if lease is None or is_free(lease, now, dead=is_dead(lease.holder, paths.presence)) else lease


def read(connection: Connection) -> Lease | None:
    """The lease as it stands; None before the first sync."""
    return _of(connection.execute(_HELD).first())


def read_in(snapshot: Snapshot) -> Lease | None:
    """The same for an answer."""
    return _of(_HELD_PREPARED.first(snapshot))


def _of(row: Any | None) -> Lease | None:
    if row is None:
        return None
    rest = Rest(row.rests_until, row.rests_because) if row.rests_until else None
    return Lease(row.holder, row.generation, row.taken_at, row.beat_at, rest)


def busy(lease: Lease) -> StoreBusy:
    """The refusal of whoever wants to sync while ``lease`` is held."""
    return StoreBusy(
        f"another sentry-sync ({lease}) is syncing into this store: wait for it, "
        "or watch it with `sentry-sync status`"
    )


def take(connection: Connection, now: datetime, name: str, paths: StorePaths) -> Lease:
    """Take the lease by that name inside a write transaction; raises StoreBusy when somebody holds it."""
    before = read(connection)
    holder = held(before, now, paths)
    if holder:
        raise busy(holder)
    mine = Lease(name, before.generation + 1 if before else 1, now, now)
    taken = {
        "holder": mine.holder,
        "generation": mine.generation,
        "taken_at": now,
        "beat_at": now,
        "rests_until": None,
        "rests_because": None,
    }
    statement = upsert(tables.leases).values(name=NAME, **taken)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=taken))
    return mine


def keep(connection: Connection, mine: Lease, now: datetime) -> None:
    """Say inside a write transaction that the holder is at work; raises LeaseLost when another took over."""
    done = _BEAT.run(connection, {"own": mine.holder, "mine": mine.generation, "at": now})
    if not done.rowcount:
        other = read(connection)
        who = f" (process {other.process})" if other and other.holder != NOBODY else ""
        raise LeaseLost(
            f"another sentry-sync{who} took over the sync of this store, since this one had been silent for a "
            "minute: it stopped here and wrote nothing more; see `sentry-sync status`"
        )


def rest(connection: Connection, found: Rest | None) -> None:
    """Tell inside a transaction of the holder's that it rests, or rests no longer."""
    until, because = (found.until, found.because) if found else (None, None)
    _REST.run(connection, {"until": until, "because": because})


def give_back(connection: Connection, mine: Lease, now: datetime) -> None:
    """Free the lease for whoever comes next, unless another took it over."""
    connection.execute(_GIVE_BACK, {"own": mine.holder, "mine": mine.generation, "at": now})


class Pacemaker(AbstractContextManager["Pacemaker"]):
    """Calls ``beat`` from a thread of its own every ``every`` seconds while its block lasts.

    A holder that waits a quarter of an hour for its budget, or a minute for an answer, writes nothing meanwhile.
    """

    def __init__(self, beat: Callable[[], None], every: float = BEAT_SECONDS) -> None:
        self._beat = beat
        self._every = every
        self._ended = threading.Event()
        self._failure: SentrySyncError | None = None
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, once a beat under way is done. Raises what made beats fail, unless the block failed itself."""
        self._ended.set()
        self._thread.join()
        if kind is None:
            self.check()

    def check(self) -> None:
        """Raise the error that a beat failed with: who can't renew a lease must not go on as if it held it."""
        if self._failure:
            raise self._failure

    def _run(self) -> None:
        while not self._ended.wait(self._every):
            try:
                self._beat()
            except SentrySyncError as error:
                self._failure = error
                return

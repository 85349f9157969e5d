"""What the server can do: when a "no" is believed, how long, and when a "yes" is taken back.

A server may lose what it had: datasets are retired, endpoints removed, servers replaced. But one odd 400, or some
minutes in which a proxy answers for it, must not send a good server down the ladder.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from sentry_sync import __version__
from sentry_sync.errors import BadRequest, Gone, NotSupported, SentryError
from sentry_sync.store.reads.state import State
from sentry_sync.store.store import Store
from sentry_sync.sync.server_clock import ServerClock
from sentry_sync.sync.stream import Stream

FORGET = timedelta(days=7)
"""How long we take a server's "no" for an answer: servers are upgraded, and asking again costs one request."""

FORGET_ONCE = timedelta(hours=1)
"""The same for the first "no" of all: a proxy's page may have stood in for the server in that very moment."""

TELLING = timedelta(days=1)
"""How often a capability that works is written down again: its date need not be newer than that."""

HOLDS = timedelta(minutes=15)
"""How long something known to work must have failed, in every run, to be taken for gone: restarts take less."""

BROWNOUT = timedelta(days=1)
"""The same for 410: Sentry retires an endpoint by an hour of it now and then, long before it is gone."""

_NAMES_IT = re.compile(r"\bdataset\b|no longer (exists|supported)", re.IGNORECASE)
"""What Sentry says of a dataset it does not have (any more)."""

_DOUBTED, TWICE, _PROGRAM = "doubted:", "twice:", "program:"
"""Notes of ours beside the server's capabilities: since when one has failed, whether it was found lacking more
than once, and which version asked."""


class Verdict(Enum):
    """What a refusal means."""

    FAILED = auto()
    """Nothing: it failed this time."""
    DOUBTED = auto()
    """It failed this time, and may be gone."""
    LACKING = auto()
    """The server has no such thing: the next rung is tried."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known when the server refuses something."""

    error: SentryError
    known: bool
    """It has worked before."""
    works: bool
    """It has worked in this very run."""
    proven: bool
    """The server has answered as Sentry does in this run: a login page before it is not taken for it."""
    doubted_at: datetime | None
    """Since when it has failed each time."""
    now: datetime


def verdict(found: Evidence) -> Verdict:
    """What the refusal means."""
    refused = isinstance(found.error, BadRequest)
    if found.works or not (refused or found.proven):
        return Verdict.FAILED
    gone = isinstance(found.error, Gone)
    if not gone and (not found.known or (refused and _NAMES_IT.search(str(found.error)))):
        return Verdict.LACKING
    if found.doubted_at is None or found.now - found.doubted_at < (BROWNOUT if gone else HOLDS):
        return Verdict.DOUBTED
    return Verdict.LACKING


class Capabilities:
    """The server's capabilities as the store remembers them, during one run.

    They are read once, as it begins: every stream asks for several, and nobody else writes them meanwhile.
    """

    def __init__(self, store: Store, clock: ServerClock, state: State) -> None:
        self._store = store
        self._clock = clock
        self._state = state
        self._told = state.capabilities()
        self._works: set[str] = set()

    def heed_upgrade(self) -> None:
        """Ask again for what another version of this program could not get: it may have asked wrongly.

        Its passes end as well: what their cursors meant to it is not known.
        """
        mine = f"{_PROGRAM}{__version__}"
        before = [name for name in self._told if name.startswith(_PROGRAM)]
        if mine in before or not self._state.origin():
            return
        with self._store.write() as uow:
            if before:
                uow.forget_lacking()
                uow.abandon(None)
            for name in before:
                uow.unlearn(name)
            uow.learn(mine, self._clock.now(), available=True)
        self._told = self._state.capabilities()

    def lacks(self, rung: Stream) -> bool:
        """Whether the server is known to lack what the rung needs."""
        return any(
            name and self._known(name) is False and not self._expired(name) for name in (rung.needs, rung.after)
        )

    def probe(self, rungs: Iterable[Stream]) -> None:
        """Before rungs are tried again that the server lacked: other rungs' passes are not for them to end."""
        for rung in rungs:
            if rung.needs and self._known(rung.needs) is False and not self.lacks(rung):
                with self._store.write() as uow:
                    uow.abandon(rung.name)

    def _known(self, name: str) -> bool | None:
        known = self._told.get(name)
        return known[0] if known else None

    def _expired(self, name: str) -> bool:
        known = self._told.get(name)
        believed = FORGET if f"{TWICE}{name}" in self._told else FORGET_ONCE
        return known is None or self._clock.now() - known[1] >= believed

    def confirm(self, name: str) -> None:
        """It works."""
        self._works.add(name)
        known = self._told.get(name)
        if known is None or not known[0] or self._clock.now() - known[1] > TELLING:
            self._learn(name, available=True)
        for note in (f"{_DOUBTED}{name}", f"{TWICE}{name}"):
            if note in self._told:
                self._forget(note)

    def refused(self, name: str, error: SentryError, *, proven: bool, read: bool) -> bool:
        """Whether the refusal means that the server lacks it; that, or a doubt, is remembered.

        ``read`` says that pages were read before it came.
        """
        known, doubted = self._told.get(name), self._told.get(f"{_DOUBTED}{name}")
        found = Evidence(
            error,
            known=known is not None and known[0],
            works=name in self._works or (read and isinstance(error, BadRequest)),
            proven=proven,
            doubted_at=doubted[1] if doubted else None,
            now=self._clock.now(),
        )
        judged = verdict(found)
        if judged is Verdict.LACKING:
            if known is not None and not known[0]:
                self._learn(f"{TWICE}{name}", available=False)
            self._learn(name, available=False)
            self._forget(f"{_DOUBTED}{name}")
        elif judged is Verdict.DOUBTED and doubted is None:
            self._learn(f"{_DOUBTED}{name}", available=False)
        # What was lacking before, and may still be, is left aside for this run, whoever said so.
        still = known is not None and not known[0] and isinstance(error, NotSupported)
        return judged is Verdict.LACKING or still

    def _learn(self, name: str, *, available: bool) -> None:
        now = self._clock.now()
        with self._store.write() as uow:
            uow.learn(name, now, available=available)
        self._told[name] = available, now

    def _forget(self, name: str) -> None:
        with self._store.write() as uow:
            uow.unlearn(name)
        self._told.pop(name, None)

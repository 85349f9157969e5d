"""Whether there is anything to answer from, in yes and no: for whoever sends questions here, or does not yet."""

from __future__ import annotations

from dataclasses import dataclass

from sentry_sync.answers.desk import Desk
from sentry_sync.errors import StoreError
from sentry_sync.store import lease
from sentry_sync.store.reads import knowledge

FIRST = ("projects", "issues.hot")
"""Streams that the least question needs once."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """What is there."""

    store: bool
    """The store can be read, and is the configured organization's."""
    syncing: bool
    """Some process keeps it up to date."""
    first_copy: bool
    """Projects and issues were read whole once."""

    @property
    def ready(self) -> bool:
        """Whether questions should come here."""
        return self.store and self.syncing and self.first_copy


def readiness(desk: Desk) -> Readiness:
    """The state of things now; never raises for a store that can't be used."""
    try:
        with desk.moment() as (snapshot, _):
            known = knowledge.read(snapshot, FIRST, ())
            held = lease.held(lease.read_in(snapshot), desk.clock.now(), desk.store.paths)
            return Readiness(
                store=True,
                syncing=held is not None,
                first_copy=all(known.as_of(stream) is not None for stream in FIRST),
            )
    except StoreError:
        return Readiness(store=False, syncing=False, first_copy=False)

"""A store that claims to know the future: the server is asked for its time, and the claims are taken back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sentry_sync.errors import AuthFailed, SentryError
from sentry_sync.records.budget import Lane
from sentry_sync.store.reads.state import State
from sentry_sync.store.store import Store
from sentry_sync.sync.server_clock import ServerClock

if TYPE_CHECKING:
    from sentry_sync.sentry.client import SentryClient

FUTURE = timedelta(minutes=1)
"""Claims this little ahead come true before anyone could be misled by them."""


def is_future(claim: datetime | None, now: datetime) -> bool:
    """Whether a claim to know all until then can't be true at ``now``."""
    return claim is not None and claim - now > FUTURE


class Doubt:
    """Compares what the store claimed as a run began with the time as the server tells it."""

    def __init__(self, store: Store, clock: ServerClock, state: State) -> None:
        self._store = store
        self._clock = clock
        self._state = state
        self._claim = state.newest_claim()
        self.notes: list[str] = []
        """What was taken back, a line each."""

    def settle(self, client: SentryClient) -> None:
        """Before anything is planned: if the store is ahead of us, one request tells which of both is wrong.

        Nothing might be due for as long as it is ahead, and then no answer would ever tell. Raises AuthFailed.
        """
        if is_future(self._claim, self._clock.now()):
            try:
                self._clock.hear(client.lane(Lane.HOT).organization().server_time)
            except AuthFailed:
                raise
            except SentryError:
                # The streams will meet it too, and say so. Until the server speaks, the store is believed.
                self._clock.at_least(self._state.latest_mark())
                return
            self.raised()
        self._clock.at_least(self._state.latest_mark())

    def raised(self) -> bool:
        """Whether the server's time, as heard by now, belied the store; then its claims have been taken back."""
        if not is_future(self._claim, self._clock.now()):
            return False
        with self._store.write() as uow:
            said = uow.take_back(self._clock.now())
        self._claim = self._state.newest_claim()
        self.notes.extend([said] if said else [])
        return said is not None

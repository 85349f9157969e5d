"""The half of a process that syncs: a daemon, and how it comes by other settings while it runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial

from sentry_sync.cli.connect import Sent, client_of, connection_of, policy_of, store_of, unheard
from sentry_sync.cli.settings import Settings
from sentry_sync.daemon import Daemon, Tell, Worker
from sentry_sync.records.clock import SystemClock
from sentry_sync.records.stoppable import StoppableClock
from sentry_sync.store.lake import Lake
from sentry_sync.store.store import Store


class SyncHalf:
    """A daemon over a store of its own: no thread of another half ever waits for its transactions in a queue."""

    def __init__(self, settings: Settings, store: Store, tell: Tell, sent: Sent) -> None:
        self._store = store
        self._tell = tell
        self._sent = sent
        self._stopping = threading.Event()
        self._clock = StoppableClock(SystemClock(), self._stopping)
        self._opened = ExitStack()
        self.daemon = Daemon(store, self._worker(settings), self._stopping, tell)

    def adopt(self, settings: Settings) -> None:
        """From the next page on sync by other settings. Raises SettingsError for such as could reach no server."""
        connection_of(settings)
        self.daemon.hand_over(partial(self._worker, settings))

    def close(self) -> None:
        """Let go of the connections to Sentry."""
        self._opened.close()

    def _worker(self, settings: Settings) -> Worker:
        """A worker with a client of its own; the former's is closed, since only one works at a time."""
        self._opened.close()
        client = client_of(connection_of(settings), self._store, self._clock, settings.rate_limit, self._sent)
        return Worker(
            self._store,
            self._opened.enter_context(client),
            self._clock,
            policy=policy_of(settings),
            per_minute=settings.rate_limit,
            tell=self._tell,
            lake=Lake(self._store, self._clock),
            nudgeable=self._clock.nudgeable,
        )

    def nudge(self) -> None:
        """Look at once for what somebody hints at; called in any thread."""
        if self.daemon.nudge():
            self._clock.nudge()


@contextmanager
def syncing(settings: Settings, tell: Tell, sent: Sent = unheard) -> Iterator[SyncHalf]:
    """The half, closed with the block. Raises SettingsError for settings that could never reach a server."""
    connection_of(settings)
    with closing(store_of(settings)) as store, closing(SyncHalf(settings, store, tell, sent)) as half:
        yield half

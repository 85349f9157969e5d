"""``sentry-sync daemon``: the sync on its schedule, until a signal ends it."""

from __future__ import annotations

import threading
from contextlib import closing

from sentry_sync.cli import output
from sentry_sync.cli.connect import client_of, connection_of, policy_of, store_of
from sentry_sync.cli.settings import Settings
from sentry_sync.cli.together import Half, until_a_signal
from sentry_sync.daemon import Daemon, Said, StoppableClock, Worker
from sentry_sync.records.clock import SystemClock
from sentry_sync.store.lake import Lake


def run(settings: Settings, *, as_json: bool) -> None:
    """Sync until SIGTERM or SIGINT. Raises SettingsError, and StoreError when the store can't be used."""
    connection = connection_of(settings)
    policy = policy_of(settings)
    stopping = threading.Event()
    clock = StoppableClock(SystemClock(), stopping)

    def tell(said: Said) -> None:
        _tell(said, as_json=as_json)

    with (
        closing(store_of(settings)) as store,
        client_of(connection, store, clock, settings.rate_limit) as client,
    ):
        worker = Worker(
            store, client, clock, policy=policy, per_minute=settings.rate_limit, tell=tell, lake=Lake(store, clock)
        )
        daemon = Daemon(store, worker, stopping, tell)
        until_a_signal(Half("the sync", daemon.run, daemon.stop))


def _tell(said: Said, *, as_json: bool) -> None:
    if not as_json:
        output.warn(output.printable(said.text))
        return
    result = said.result
    about = {"stream": result.stream, "state": result.state, "error": result.error} if result else {}
    output.document({"daemon": {"said": said.text, **about}})
    output.flush()

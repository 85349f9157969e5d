"""``sentry-sync serve``: the sync on its schedule, and all that is served over HTTP, in one process."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass

from sentry_sync.cli import output
from sentry_sync.cli.answering import answers_of
from sentry_sync.cli.connect import client_of, connection_of, policy_of, store_of
from sentry_sync.cli.settings import Settings
from sentry_sync.cli.together import Half, until_a_signal
from sentry_sync.daemon import Daemon, Said, StoppableClock, Worker
from sentry_sync.records.clock import SystemClock
from sentry_sync.serve import logs
from sentry_sync.serve.ending import end_without_waiting
from sentry_sync.serve.gate import Gate, Rules
from sentry_sync.serve.http import address, bound
from sentry_sync.store.lake import Lake


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the command line says beside the settings."""

    http: str
    allow_writes: bool = False


def run(settings: Settings, chosen: Chosen) -> None:
    """Sync and serve until SIGTERM or SIGINT.

    Raises SettingsError for settings that could never reach a server, and for an address that cannot be had;
    StoreError when the store can't be used.
    """
    logs.to_stderr()
    token = settings.mcp_token.get_secret_value() if settings.mcp_token else None
    rules = Rules(token, frozenset(settings.mcp_hosts), settings.mcp_rate_limit)
    with bound(address(chosen.http), rules) as (listening, known), ExitStack() as opened:
        from sentry_sync.serve.http_server import HttpSide
        from sentry_sync.serve.machines import wing as machines

        syncing = _syncing(settings, opened)
        # Two halves, two stores: a transaction of one never waits for a thread of the other to give its turn up.
        answers = opened.enter_context(answers_of(settings, allow_writes=chosen.allow_writes))
        wings = [machines(answers)]
        serving = HttpSide(answers, listening, Gate(known, time.monotonic), output.warn, wings)
        until_a_signal(
            Half("the sync", syncing.run, syncing.stop), Half("the HTTP server", serving.run, serving.stop)
        )
    end_without_waiting()


def _syncing(settings: Settings, opened: ExitStack) -> Daemon:
    connection = connection_of(settings)
    policy = policy_of(settings)
    stopping = threading.Event()
    clock = StoppableClock(SystemClock(), stopping)
    store = opened.enter_context(closing(store_of(settings)))
    client = opened.enter_context(client_of(connection, store, clock, settings.rate_limit))
    worker = Worker(
        store, client, clock, policy=policy, per_minute=settings.rate_limit, tell=_tell, lake=Lake(store, clock)
    )
    return Daemon(store, worker, stopping, _tell)


def _tell(said: Said) -> None:
    output.warn(output.printable(said.text))

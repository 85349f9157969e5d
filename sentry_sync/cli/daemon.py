"""``sentry-sync daemon``: the sync on its schedule, until a signal ends it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from types import FrameType

from sentry_sync.cli import output
from sentry_sync.cli.connect import client_of, connection_of
from sentry_sync.cli.main import EXIT_INTERRUPTED
from sentry_sync.cli.settings import Settings
from sentry_sync.daemon import Daemon, Said, StoppableClock, Stopped, Worker
from sentry_sync.records.clock import SystemClock
from sentry_sync.store.lake import Lake
from sentry_sync.store.store import Store
from sentry_sync.sync.stream import Policy

PATIENCE = 4.0
"""Seconds a page under way is given to end after a signal; it is lost after that, and read again the next time."""


def run(settings: Settings, *, as_json: bool) -> None:
    """Sync until SIGTERM or SIGINT. Raises SettingsError, and StoreError when the store can't be used."""
    connection = connection_of(settings)
    policy = Policy(history_days=settings.history_days, max_events=settings.max_events)
    stopping = threading.Event()
    clock = StoppableClock(SystemClock(), stopping)

    def tell(said: Said) -> None:
        _tell(said, as_json=as_json)

    with (
        closing(Store(settings.store)) as store,
        client_of(connection, store, clock, settings.rate_limit) as client,
    ):
        worker = Worker(
            store, client, clock, policy=policy, per_minute=settings.rate_limit, tell=tell, lake=Lake(store, clock)
        )
        daemon = Daemon(store, worker, stopping, tell)
        _until_a_signal(daemon)


def _until_a_signal(daemon: Daemon) -> None:
    """Run ``daemon`` in a thread, so that a signal is heard at once whatever the thread waits for."""
    woken = threading.Event()
    told: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if told:
            _leave(EXIT_INTERRUPTED if number == signal.SIGINT else 128 + number)
        told.append(number)
        daemon.stop()
        woken.set()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="sync") as pool:
            running = pool.submit(daemon.run)
            running.add_done_callback(lambda _: woken.set())
            woken.wait()
            if not wait([running], PATIENCE).done:
                _leave(0)
            running.result()
    except Stopped:
        pass  # it was waiting for room in the budget: nothing is half done
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(code: int) -> None:
    """End the process as it is: a request under way can't be called back, and nothing is lost by it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _tell(said: Said, *, as_json: bool) -> None:
    if not as_json:
        output.warn(output.printable(said.text))
        return
    result = said.result
    about = {"stream": result.stream, "state": result.state, "error": result.error} if result else {}
    output.document({"daemon": {"said": said.text, **about}})
    output.flush()

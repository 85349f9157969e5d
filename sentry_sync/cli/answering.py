"""Answers as a command asks them: from the copy, and from Sentry where there is a token."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from sentry_sync.answers.context import Answers
from sentry_sync.answers.desk import Means
from sentry_sync.cli.connect import client_of, connection_of, policy_of, store_of
from sentry_sync.cli.settings import Settings
from sentry_sync.records.clock import SystemClock
from sentry_sync.trends.verdicts.health import Targets

if TYPE_CHECKING:
    from sentry_sync.sentry.client import SentryClient


@contextmanager
def answers_of(settings: Settings, *, allow_writes: bool = False) -> Iterator[Answers]:
    """Answers by these settings. Raises SettingsError for settings that could never reach a server."""
    # Without a token the copy is all there is.
    connection = connection_of(settings) if settings.auth_token else None
    clock = SystemClock()
    with closing(store_of(settings, clock)) as store, ExitStack() as opened:
        means = means_of(settings, allow_writes=allow_writes)
        if connection is None:
            yield opened.enter_context(Answers(store, clock, organization=settings.org, means=means))
            return
        client = once(partial(client_of, connection, store, clock, settings.rate_limit), opened)
        answers = Answers(
            store,
            clock,
            client,
            base_url=connection.base_url,
            organization=connection.organization,
            means=means,
        )
        yield opened.enter_context(answers)


def means_of(settings: Settings, *, allow_writes: bool = False) -> Means:
    """What answering may do beside reading."""
    targets = Targets(settings.target_crash_free, settings.target_latency_ms)
    return Means(settings.rate_limit, policy_of(settings), allow_writes, targets)


def once(
    make: Callable[[], AbstractContextManager[SentryClient]], opened: ExitStack
) -> Callable[[], SentryClient]:
    """What gives the one client of this process, made when it is first asked for and closed with ``opened``."""
    lock = threading.Lock()
    made: list[SentryClient] = []

    def client() -> SentryClient:
        with lock:
            if not made:
                made.append(opened.enter_context(make()))
            return made[0]

    return client

"""``sentry-sync mcp``: the tools, over stdio or HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING

from sentry_sync.answers.context import Answers
from sentry_sync.answers.desk import Means
from sentry_sync.cli.connect import client_of, connection_of
from sentry_sync.cli.settings import Settings
from sentry_sync.records.clock import SystemClock
from sentry_sync.serve import stdio
from sentry_sync.store.store import Store
from sentry_sync.sync.stream import Policy

if TYPE_CHECKING:
    from sentry_sync.sentry.client import SentryClient


def run(settings: Settings, http: str | None = None, *, allow_writes: bool = False) -> None:
    """Serve until stdin ends, or at the address ``http`` until a signal.

    Raises SettingsError for settings that could never reach a server, and for an address that cannot be had.
    """
    serve = stdio.run if http is None else partial(_over_http, settings, http)
    # Without a token the copy is all there is.
    connection = connection_of(settings) if settings.auth_token else None
    clock = SystemClock()
    with closing(Store(settings.store, clock)) as store, ExitStack() as opened:
        policy = Policy(history_days=settings.history_days, max_events=settings.max_events)
        means = Means(settings.rate_limit, policy, allow_writes)
        answers = Answers(store, clock, organization=settings.org, means=means)
        if connection is not None:
            client = once(partial(client_of, connection, store, clock, settings.rate_limit), opened)
            answers = Answers(
                store,
                clock,
                client,
                base_url=connection.base_url,
                organization=connection.organization,
                means=means,
            )
        serve(answers)


def _over_http(settings: Settings, http: str, answers: Answers) -> None:
    from sentry_sync.cli import output
    from sentry_sync.serve import http as serving
    from sentry_sync.serve.gate import Rules

    token = settings.mcp_token.get_secret_value() if settings.mcp_token else None
    rules = Rules(token, frozenset(settings.mcp_hosts), settings.mcp_rate_limit)
    serving.run(answers, serving.address(http), rules, output.warn)


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

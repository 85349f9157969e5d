"""From settings to a client: the one place that hands the token on.

The client brings httpx (0.1 s) and is imported when one is made: most questions of an assistant need none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sentry_sync.cli.settings import Settings
from sentry_sync.records.clock import Clock
from sentry_sync.sentry.connection import Connection
from sentry_sync.store.ledger import RequestLedger
from sentry_sync.store.store import Store

if TYPE_CHECKING:
    from sentry_sync.sentry.client import SentryClient


def connection_of(settings: Settings) -> Connection:
    """Where and whom to ask; raises SettingsError when something about the server is missing or wrong."""
    return Connection(
        settings.base_url, settings.token, settings.organization, settings.timeout, allow_http=settings.allow_http
    )


@contextmanager
def client_of(connection: Connection, store: Store, clock: Clock, per_minute: int) -> Iterator[SentryClient]:
    """A client that spends the store's budget of ``per_minute`` requests."""
    from sentry_sync.sentry.client import SentryClient

    with (
        RequestLedger(store.paths.ledger, clock, per_minute=per_minute) as ledger,
        SentryClient(connection, ledger, clock) as client,
    ):
        yield client

"""From settings to a client: the one place that hands the token on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sentry_sync.cli.settings import Settings
from sentry_sync.records.clock import Clock
from sentry_sync.sentry.client import SentryClient
from sentry_sync.sentry.connection import Connection
from sentry_sync.store.ledger import RequestLedger
from sentry_sync.store.store import Store


@contextmanager
def client_of(settings: Settings, store: Store, clock: Clock) -> Iterator[SentryClient]:
    """A client that spends the store's budget; raises SettingsError when something about the server is missing."""
    connection = Connection(settings.base_url, settings.token, settings.organization, settings.timeout)
    with (
        RequestLedger(store.paths.ledger, clock, per_minute=settings.rate_limit) as ledger,
        SentryClient(connection, ledger, clock) as client,
    ):
        yield client

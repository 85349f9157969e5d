"""From settings to a client: the one place that hands the token on.

The client brings httpx (0.1 s) and is imported when one is made: most questions of an assistant need none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from sentry_sync.cli.settings import Settings
from sentry_sync.errors import StoreError
from sentry_sync.records.budget import Lane, Limits, Reservation, Wait
from sentry_sync.records.clock import Clock
from sentry_sync.sentry.connection import Connection
from sentry_sync.store.ledger import RequestLedger
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.reads.state import State
from sentry_sync.store.store import Store
from sentry_sync.store.types import from_micros
from sentry_sync.sync.stream import Policy

if TYPE_CHECKING:
    from sentry_sync.sentry.client import SentryClient


def connection_of(settings: Settings) -> Connection:
    """Where and whom to ask; raises SettingsError when something about the server is missing or wrong."""
    return Connection(
        settings.base_url,
        settings.token,
        settings.organization,
        settings.timeout,
        settings.allow_http,
        settings.projects,
    )


def store_of(settings: Settings, clock: Clock | None = None) -> Store:
    """The settings' store; not opened yet."""
    return Store(settings.store, clock, settings.rules, settings.projects)


def policy_of(settings: Settings) -> Policy:
    """How much of Sentry's history to hold, and how long."""
    return Policy(history_days=settings.history_days, max_events=settings.max_events, keeping=settings.keeping)


def paths_of(settings: Settings) -> StorePaths:
    """Where the settings' store lies, for reading it as far as they allow."""
    return StorePaths(settings.store, settings.projects)


Sent = Callable[[Lane, int | None, float], None]
"""Hears of each request to Sentry: its lane, the answer's status if one came, and how many seconds it took."""


class CountedLedger:
    """A ledger that tells of each request once it is over."""

    def __init__(self, ledger: RequestLedger, clock: Clock, sent: Sent) -> None:
        self._ledger = ledger
        self._clock = clock
        self._sent = sent

    def reserve(self, endpoint: str, lane: Lane) -> Reservation | Wait:
        """Leave to send a request, or how long to wait before asking again."""
        return self._ledger.reserve(endpoint, lane)

    def settle(self, reservation: Reservation, status: int | None, limits: Limits | None) -> None:
        """The request is over."""
        took = self._clock.now() - from_micros(reservation.at)
        self._sent(reservation.lane, status, max(0.0, took.total_seconds()))
        self._ledger.settle(reservation, status, limits)


def unheard(_lane: Lane, _status: int | None, _seconds: float) -> None:
    """Nobody wants to know."""


@contextmanager
def client_of(
    connection: Connection, store: Store, clock: Clock, per_minute: int, sent: Sent = unheard
) -> Iterator[SentryClient]:
    """A client that spends the store's budget of ``per_minute`` requests."""
    from sentry_sync.sentry.client import SentryClient

    with (
        RequestLedger(store.paths.ledger, clock, per_minute=per_minute) as ledger,
        SentryClient(connection, CountedLedger(ledger, clock, sent), clock) as client,
    ):
        region = _region(store)
        if region:
            client.adopt_region(region)
        yield client


def _region(store: Store) -> str | None:
    """Where the organization said its data is, once a sync has asked: it spares a hop, and some data needs it."""
    try:
        with closing(store.read()) as reading:
            return State(reading).region()
    except StoreError:
        return None  # nothing synced yet, or a store that whoever uses it next will say what is wrong with

"""The way to Sentry for one question: the live lane, one deadline for all its requests, and writing back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sentry_sync.errors import BudgetExhausted
from sentry_sync.records.budget import Lane

if TYPE_CHECKING:
    from sentry_sync.records.clock import Clock
    from sentry_sync.records.issue import Issue
    from sentry_sync.sentry.client import SentryClient
    from sentry_sync.store.store import Store
    from sentry_sync.store.unit_of_work import UnitOfWork


class Live:
    """One question's errands. Made when it falls through; its deadline runs from then."""

    def __init__(self, client: SentryClient, store: Store, clock: Clock, deadline_seconds: float) -> None:
        self._client = client
        self._store = store
        self._clock = clock
        self._until = clock.now() + timedelta(seconds=deadline_seconds)

    @property
    def client(self) -> SentryClient:
        """The client in the live lane with what is left of the deadline; raises BudgetExhausted after it."""
        left = (self._until - self._clock.now()).total_seconds()
        if left <= 0:
            raise BudgetExhausted("the time for a live answer ran out: ask again, or for less")
        return self._client.lane(Lane.LIVE, left)

    def now(self) -> datetime:
        """Our own time."""
        return self._clock.now()

    def scrubbed(self, issue: Issue) -> Issue:
        """The issue as it may be shown; raises StoreUnwritable where the store's key can't be had."""
        fields = self._store.scrubber().allowed(issue)
        return replace(issue, **fields) if fields else issue

    def write(self, action: Callable[[UnitOfWork], None]) -> None:
        """Keep what was learned, in one transaction; the first one creates the store.

        Raises StoreMismatch when the store is of another organization, and other StoreErrors.
        """
        self._store.prepare()
        with self._store.write() as uow:
            connection = self._client.connection
            uow.claim(connection.base_url, connection.organization)
            action(uow)

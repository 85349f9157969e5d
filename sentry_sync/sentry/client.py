"""The client of Sentry's API."""

from __future__ import annotations

import random
from typing import Self

import httpx

from sentry_sync.records.budget import Lane
from sentry_sync.records.clock import Clock
from sentry_sync.sentry.connection import Connection
from sentry_sync.sentry.endpoints.events import EventEndpoints
from sentry_sync.sentry.endpoints.issues import IssueEndpoints
from sentry_sync.sentry.endpoints.measures import MeasureEndpoints
from sentry_sync.sentry.endpoints.organization import OrganizationEndpoints
from sentry_sync.sentry.endpoints.releases import ReleaseEndpoints
from sentry_sync.sentry.page import Page
from sentry_sync.sentry.session import Session
from sentry_sync.sentry.transports.budget import Ledger

LIVE_PATIENCE = 10.0
"""Seconds a live request waits if its caller names no deadline: as long as a person looks at a spinner."""


class SentryClient(OrganizationEndpoints, IssueEndpoints, EventEndpoints, ReleaseEndpoints, MeasureEndpoints):
    """One method per endpoint, each returning a Page; see `endpoints/`.

    Asks in the hot lane until told otherwise: ``client.lane(Lane.LIVE, 5.0).issue("42")``. ``transport`` is the
    network, replaced in tests. Safe to share between threads. Methods raise the SentryError the answer stands for,
    or BudgetExhausted when leave to ask can't come before the deadline.
    """

    def __init__(
        self,
        connection: Connection,
        ledger: Ledger,
        clock: Clock,
        *,
        transport: httpx.BaseTransport | None = None,
        rng: random.Random | None = None,
    ) -> None:
        super().__init__(Session(connection, ledger, clock, transport=transport, rng=rng), Lane.HOT, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def lane(self, lane: Lane, deadline_seconds: float | None = None) -> SentryClient:
        """The same client asking in ``lane``, each request answered or given up within ``deadline_seconds``.

        None is this one's deadline, if it has any; in the live lane LIVE_PATIENCE, if not.
        """
        if deadline_seconds is None:
            deadline_seconds = self._deadline_seconds
        if lane is Lane.LIVE and deadline_seconds is None:
            deadline_seconds = LIVE_PATIENCE
        view = object.__new__(type(self))
        super(SentryClient, view).__init__(self._session, lane, deadline_seconds)
        return view

    @property
    def connection(self) -> Connection:
        """Which organization on which server this client asks."""
        return self._session.connection

    def adopt_region(self, url: str) -> bool:
        """Send the organization's requests to ``url`` from now on; False if it isn't the same owner's server."""
        return self._session.origins.adopt(url)

    def close(self) -> None:
        """Close the connections, of every view."""
        self._session.close()


__all__ = ["LIVE_PATIENCE", "Page", "SentryClient"]

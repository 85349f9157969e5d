"""Identical reads under way at the same time are one request."""

from __future__ import annotations

import threading

import httpx

from sentry_sync.errors import BudgetExhausted, SentrySyncError
from sentry_sync.records.budget import Lane
from sentry_sync.records.clock import Clock
from sentry_sync.sentry.transports.errand import Errand, errand_of, seconds_left


class _Flight:
    """A request under way and, once it's over, what came of it."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.over = threading.Event()
        self.response: httpx.Response | None = None
        self.error: httpx.RequestError | SentrySyncError | None = None


class CoalesceTransport(httpx.BaseTransport):
    """Lets a GET for the URL of one that another thread has under way share its answer.

    Only if the other's lane is at least as high: a live request must not wait behind a backfill that waits for the
    budget. The answer's body has been read, so any number of threads may look at it.
    """

    def __init__(self, inner: httpx.BaseTransport, clock: Clock) -> None:
        self._inner = inner
        self._clock = clock
        self._lock = threading.Lock()
        self._flights: dict[str, _Flight] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer to ``request``, be it another thread's. Raises BudgetExhausted at the caller's deadline."""
        if request.method != "GET":  # two changes that look alike are still two, and no read's answer
            return self._inner.handle_request(request)
        errand = errand_of(request)
        key = str(request.url)
        while True:
            with self._lock:
                flight = self._flights.get(key)
                if flight is None or flight.lane < errand.lane:
                    flight = self._flights[key] = _Flight(errand.lane)
                    break
            response = self._share(flight, errand)
            if response is not None:
                return response
        return self._lead(request, key, flight)

    def close(self) -> None:
        """Close what is inside."""
        self._inner.close()

    def _lead(self, request: httpx.Request, key: str, flight: _Flight) -> httpx.Response:
        try:
            response = flight.response = self._inner.handle_request(request)
        except (httpx.RequestError, SentrySyncError) as error:
            flight.error = error
            raise
        else:
            return response
        finally:
            with self._lock:
                if self._flights.get(key) is flight:
                    del self._flights[key]
            flight.over.set()

    def _share(self, flight: _Flight, errand: Errand) -> httpx.Response | None:
        """Another thread's answer; None if it gave up for reasons of its own, and this one should ask itself."""
        if not flight.over.wait(seconds_left(errand, self._clock.now())):
            raise BudgetExhausted("another request for the same has not been answered in time; try again")
        if isinstance(flight.error, BudgetExhausted):
            return None
        if flight.error is not None:
            raise flight.error
        return flight.response

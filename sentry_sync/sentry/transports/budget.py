"""Each request pays the budget before it goes, and settles when it is over, whatever came of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Protocol

import httpx

from sentry_sync.errors import AskedToWait, BudgetExhausted, RateLimited
from sentry_sync.records.budget import Lane, Limits, Reservation, Wait
from sentry_sync.records.clock import Clock
from sentry_sync.sentry.limits import read_limits
from sentry_sync.sentry.transports.errand import errand_of, seconds_left

LONGEST_ANSWER = timedelta(seconds=60)
"""An answer that still trickles a minute after it was asked for is given up: pages take a second."""

LARGEST_BODY = 256 * 1024 * 1024
"""Bytes on the wire. Ten full native crashes are tens of megabytes (getsentry/sentry PR 122718); more would only
be a server gone wrong filling our memory."""

LONGEST_SLEEP = 5.0
"""Seconds until a waiter asks again even if room is further away: by then another process may have learned that
the server's window is shorter, and a stopping daemon isn't held up for longer."""

LONGEST_BLOCK = 65.0
"""Seconds. A refused minute is waited out; who is refused for longer lets other streams go on meanwhile."""


class Ledger(Protocol):
    """Gives leave to send requests and hears what came of them."""

    def reserve(self, endpoint: str, lane: Lane) -> Reservation | Wait:
        """Leave, or how long to wait before asking again."""
        ...

    def settle(self, reservation: Reservation, status: int | None, limits: Limits | None) -> None:
        """The request is over."""
        ...


class BudgetTransport(httpx.BaseTransport):
    """Waits for the ledger's leave: background lanes as long as it takes, others until their deadline.

    Reads the whole body before it returns, since only a completed request leaves the window in time. Raises
    BudgetExhausted if leave can't come before the deadline, RateLimited if the server wants minutes of quiet.
    """

    def __init__(self, inner: httpx.BaseTransport, ledger: Ledger, clock: Clock) -> None:
        self._inner = inner
        self._ledger = ledger
        self._clock = clock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Wait for leave, send ``request``, read its answer, settle."""
        reservation = self._leave(request)
        until = self._clock.now() + LONGEST_ANSWER
        status: int | None = None
        limits: Limits | None = None
        try:
            response = self._inner.handle_request(request)
            status = response.status_code
            headers = lowered(response)
            limits = read_limits(headers, status)
            self._read(response, until)
            if status == httpx.codes.TOO_MANY_REQUESTS:
                limits = read_limits(headers, status, response.content)
            return response
        finally:
            self._ledger.settle(reservation, status, limits)

    def close(self) -> None:
        """Close what is inside."""
        self._inner.close()

    def _leave(self, request: httpx.Request) -> Reservation:
        errand = errand_of(request)
        while isinstance(answer := self._ledger.reserve(errand.endpoint, errand.lane), Wait):
            left = seconds_left(errand, self._clock.now())
            if left is not None and answer.seconds > left:
                why = f"no request may be sent for {answer.seconds:.0f} s ({answer.reason}); try again then"
                raise AskedToWait(why) if answer.blocked else BudgetExhausted(f"{why}, or raise the budget")
            if answer.blocked and answer.seconds > LONGEST_BLOCK:
                raise RateLimited(
                    f"the server asked to leave {errand.endpoint} alone for {answer.seconds:.0f} s (429); "
                    "the next sync goes on where this one stopped"
                )
            self._clock.sleep(min(answer.seconds, LONGEST_SLEEP))
        return answer

    def _read(self, response: httpx.Response, until: datetime) -> None:
        if isinstance(response.stream, httpx.SyncByteStream):
            response.stream = _Bounded(response.stream, self._clock, until)
        try:
            response.read()
        except BaseException:
            response.close()
            raise


class _Bounded(httpx.SyncByteStream):
    """A body that raises ReadTimeout if it takes too long in all, however steadily it trickles."""

    def __init__(self, inner: httpx.SyncByteStream, clock: Clock, until: datetime) -> None:
        self._inner = inner
        self._clock = clock
        self._until = until

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for chunk in self._inner:
            size += len(chunk)
            if self._clock.now() > self._until:
                raise httpx.ReadTimeout("the body took too long")
            if size > LARGEST_BODY:
                raise httpx.ReadError("the body is too large")
            yield chunk

    def close(self) -> None:
        self._inner.close()


def lowered(response: httpx.Response) -> dict[str, str]:
    """The answer's headers with lower-case names; of a repeated one, the last."""
    return {
        name.decode("ascii", "replace").lower(): value.decode("latin-1") for name, value in response.headers.raw
    }

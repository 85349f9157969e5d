"""Sends again what may succeed the second time. Each try pays the budget."""

from __future__ import annotations

import random
from enum import StrEnum

import httpx

from sentry_sync.errors import BudgetExhausted
from sentry_sync.records.clock import Clock
from sentry_sync.sentry.transports.errand import Errand, errand_of, seconds_left

LONGEST_PAUSE = 30.0
"""Seconds; a deploy of Sentry takes about as long. What is down for longer is left to the next pass."""


BROWNOUT = 60.0
"""Seconds that a brownout of a deprecated endpoint lasts at first (sentry.io's are at noon, UTC)."""


class Trouble(StrEnum):
    """Why a try failed."""

    CONNECTION = "connection"
    SILENCE = "silence"
    BUSY = "busy"
    BROKEN = "broken"
    TOO_LARGE = "too large"
    LIMITED = "limited"
    RETIRED = "retired"
    HOPELESS = "hopeless"


RETRIES = {
    Trouble.CONNECTION: 4,  # refused, reset, cut: usually over in seconds
    Trouble.SILENCE: 1,  # no answer within the timeout: each try costs that long
    Trouble.BUSY: 4,  # 502 and 503: a deploy, a restarting worker
    Trouble.BROKEN: 2,  # 500: rarely passes
    Trouble.TOO_LARGE: 1,  # 504: the question is; once more for bad luck, then the caller asks for less
    Trouble.LIMITED: 5,  # 429: the ledger knows until when to wait, so there is no pause of our own
    Trouble.RETIRED: 1,  # 410: a brownout lasts a minute at first, then longer
    Trouble.HOPELESS: 0,
}
"""How many more tries each is worth."""

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
"""Where no byte of the request has left: a change that met one of these surely was not made."""

_BY_STATUS = {
    410: Trouble.RETIRED,
    429: Trouble.LIMITED,
    500: Trouble.BROKEN,
    502: Trouble.BUSY,
    503: Trouble.BUSY,
    504: Trouble.TOO_LARGE,
}


def trouble_of(outcome: httpx.Response | httpx.RequestError) -> Trouble | None:
    """What is wrong with a try; None if it has a final answer."""
    if isinstance(outcome, httpx.Response):
        return _BY_STATUS.get(outcome.status_code)
    if isinstance(outcome, (httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout)):
        return Trouble.SILENCE
    # A certificate doesn't get better, nor does an address that can't be asked.
    if "CERTIFICATE_VERIFY_FAILED" in str(outcome) or isinstance(outcome, httpx.UnsupportedProtocol):
        return Trouble.HOPELESS
    return Trouble.CONNECTION


def pause_before(trouble: Trouble, failures: int, chance: float) -> float | None:
    """Seconds before the next try after ``failures`` in a row; None to give up. ``chance`` is in [0, 1).

    1, 2, 4, 8 s, each between half and the whole of it, so that many clients don't come back as one.
    """
    if failures > RETRIES[trouble]:
        return None
    if trouble is Trouble.LIMITED:
        return 0.0
    if trouble is Trouble.RETIRED:
        return BROWNOUT
    return float(min(LONGEST_PAUSE, 2 ** (failures - 1))) * (0.5 + chance / 2)


def surely_undone(outcome: httpx.Response | httpx.RequestError) -> bool:
    """Whether a change that met this was not made: it never left, or the limiter turned it away."""
    if isinstance(outcome, httpx.Response):
        return outcome.status_code == httpx.codes.TOO_MANY_REQUESTS
    return isinstance(outcome, NEVER_SENT)


class RetryTransport(httpx.BaseTransport):
    """Tries again after trouble, with growing pauses, never past the caller's deadline.

    A change (PUT) only where it surely was not made: the second of two may undo what others did in between.

    What it returns or raises in the end is what the last try returned or raised.
    """

    def __init__(self, inner: httpx.BaseTransport, clock: Clock, rng: random.Random) -> None:
        self._inner = inner
        self._clock = clock
        self._rng = rng

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send ``request`` until it has a final answer or isn't worth another try."""
        errand = errand_of(request)
        outcome: httpx.Response | httpx.RequestError | None = None
        failures = 0
        while True:
            try:
                outcome = self._try(request)
            except BudgetExhausted:
                if outcome is None:
                    raise
                break  # what the server said last is the truer reason
            failures += 1
            worth = request.method == "GET" or surely_undone(outcome)
            trouble = trouble_of(outcome) if worth else None
            pause = pause_before(trouble, failures, self._rng.random()) if trouble else None
            if pause is None or not self._has_time(errand, pause):
                break
            if pause:
                self._clock.sleep(pause)
        if isinstance(outcome, httpx.RequestError):
            raise outcome
        return outcome

    def close(self) -> None:
        """Close what is inside."""
        self._inner.close()

    def _try(self, request: httpx.Request) -> httpx.Response | httpx.RequestError:
        try:
            return self._inner.handle_request(request)
        except httpx.RequestError as error:
            return error

    def _has_time(self, errand: Errand, pause: float) -> bool:
        left = seconds_left(errand, self._clock.now())
        return left is None or pause < left

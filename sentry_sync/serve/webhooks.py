"""``/webhooks/sentry``: Sentry's webhooks, written down before they are answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import anyio
import anyio.to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sentry_sync.errors import StoreError
from sentry_sync.records.delivery import UNINSTALLED, Delivery, Taken
from sentry_sync.serve.gate import Door
from sentry_sync.serve.hooks import BUSY, NO_SECRET, TOO_LARGE, TOO_SLOW, Refused, read
from sentry_sync.serve.http_app import Wing

logger = logging.getLogger(__name__)

PATH = "/webhooks/sentry"

LARGEST = 2 * 1024 * 1024
"""Bytes of a body: Sentry takes events of one megabyte, and sends them whole with an error."""

MOST_AT_ONCE = 16
"""Bodies under way: anybody may send one, and all of them together must not take the memory of the rest."""

BODY_SECONDS = 5.0
"""For a body to arrive in. Sentry itself hangs up after one second."""

WRITE_SECONDS = 0.8
"""Until a webhook that cannot be written down is refused: Sentry hangs up after one second, and tries again after
a 503."""

Take = Callable[[Sequence[Delivery]], Sequence[Taken]]

Count = Callable[[str], None]
"""Counts one webhook by what became of it."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    delivery: Delivery
    taken: asyncio.Future[Taken]


class Intake:
    """Writes deliveries down in a thread, all that wait in one transaction."""

    def __init__(self, take: Take, told: Callable[[], None], patience: float = WRITE_SECONDS) -> None:
        self._patience = patience
        self._take = take
        self._told = told
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None
        self._limiter: anyio.CapacityLimiter | None = None

    async def put(self, delivery: Delivery) -> Taken:
        """What became of it, once it is written down. Raises StoreError, and TimeoutError if that takes long."""
        one = _Waiting(delivery, asyncio.get_running_loop().create_future())
        self._waiting.append(one)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return await asyncio.wait_for(one.taken, self._patience)

    async def _write(self) -> None:
        # A thread of its own: questions that wait for Sentry may have taken all the others.
        limiter = self._limiter = self._limiter or anyio.CapacityLimiter(1)
        while self._waiting:
            batch, self._waiting = self._waiting, []
            found = [one.delivery for one in batch]
            try:
                outcomes = await anyio.to_thread.run_sync(self._take, found, limiter=limiter)
            except StoreError as error:
                for one in batch:
                    if not one.taken.done():
                        one.taken.set_exception(error)
                continue
            for one, outcome in zip(batch, outcomes, strict=True):
                if not one.taken.done():
                    one.taken.set_result(outcome)
            if Taken.ACCEPTED in outcomes:
                self._told()


class Webhooks:
    """The endpoint. ``secret`` gives the client secret as it is now, None where there is none."""

    def __init__(
        self, intake: Intake, secret: Callable[[], str | None], now: Callable[[], datetime], count: Count
    ) -> None:
        self._intake = intake
        self._secret = secret
        self._now = now
        self._count = count
        self._under_way = 0

    def wing(self) -> Wing:
        """Its route: open to anybody who can sign."""
        return Wing((Route(PATH, endpoint=self._receive, methods=["POST"]),), Door.SIGNED)

    async def _receive(self, request: Request) -> Response:
        read_of = await self._read(request)
        found = await self._taken(read_of) if isinstance(read_of, Delivery) else read_of
        outcome = found.value if isinstance(found, Taken) else found.outcome
        self._count(outcome)
        if isinstance(found, Taken):
            return JSONResponse({"outcome": outcome}, 200 if found is Taken.DUPLICATE else 202)
        # What is left of a refused body is not waited for.
        return JSONResponse({"outcome": outcome, "detail": found.text}, found.status, {"Connection": "close"})

    async def _taken(self, delivery: Delivery) -> Taken | Refused:
        if (delivery.resource, delivery.action) == UNINSTALLED:
            logger.warning("the integration was uninstalled in Sentry: see `sentry-sync doctor`")
        try:
            return await self._intake.put(delivery)
        except (StoreError, TimeoutError):
            return BUSY

    async def _read(self, request: Request) -> Delivery | Refused:
        if self._secret() is None:
            return NO_SECRET
        if self._under_way >= MOST_AT_ONCE:
            return BUSY
        self._under_way += 1
        try:
            with anyio.fail_after(BODY_SECONDS):
                body = await _body(request)
        except (TimeoutError, ClientDisconnect):
            return TOO_SLOW
        finally:
            self._under_way -= 1
        return TOO_LARGE if body is None else read(request.headers, body, self._secret(), self._now())


async def _body(request: Request) -> bytes | None:
    """The body; None for one that is too large."""
    if int(request.headers.get("content-length", "0")) > LARGEST:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            return None
    return bytes(body)

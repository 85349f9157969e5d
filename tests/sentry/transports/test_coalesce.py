"""Identical reads under way are one request."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import httpx
import pytest

from sentry_sync.errors import BudgetExhausted, NotFound
from sentry_sync.records.budget import Lane
from sentry_sync.sentry.transports.coalesce import CoalesceTransport
from sentry_sync.sentry.transports.errand import Errand
from tests.support.clock import FakeClock

PATIENCE = 10.0


class Gate(httpx.BaseTransport):
    """Lets requests in, tells of each, and answers when opened."""

    def __init__(self, act: Callable[[], httpx.Response]) -> None:
        self.act = act
        self.arrived = threading.Semaphore(0)
        self.open = threading.Event()
        self.count = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.count += 1
        self.arrived.release()
        assert self.open.wait(PATIENCE)
        return self.act()


def request(
    url: str = "https://sentry.io/a", lane: Lane = Lane.HOT, seconds: float | None = None
) -> httpx.Request:
    clock = FakeClock()
    clock.advance(seconds or 0)
    errand = Errand("issues", lane, clock.now() if seconds is not None else None)
    return httpx.Request("GET", url, extensions=errand.attached())


def fails(error: Exception) -> Callable[[], httpx.Response]:
    def act() -> httpx.Response:
        raise error

    return act


class Waiting(CoalesceTransport):
    """Tells when a request begins to wait for another's answer: only then does it ask how long it may."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.joined = threading.Semaphore(0)
        super().__init__(inner, Telling(self.joined))


class Telling(FakeClock):
    """Tells when it's asked for the time."""

    def __init__(self, asked: threading.Semaphore) -> None:
        super().__init__()
        self.asked = asked

    def now(self) -> datetime:
        self.asked.release()
        return super().now()


def test_threads_asking_the_same_share_one_answer() -> None:
    gate = Gate(lambda: httpx.Response(200, content=b"[]"))
    transport = Waiting(gate)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(transport.handle_request, request())
        assert gate.arrived.acquire(timeout=PATIENCE)
        others = [pool.submit(transport.handle_request, request(lane=Lane.WARM)) for _ in range(3)]
        for _ in others:
            assert transport.joined.acquire(timeout=PATIENCE)
        gate.open.set()
        assert {other.result(PATIENCE) for other in others} == {first.result(PATIENCE)}
    assert gate.count == 1


def test_another_url_is_another_request() -> None:
    gate = Gate(lambda: httpx.Response(200, content=b"[]"))
    transport = Waiting(gate)
    with ThreadPoolExecutor(2) as pool:
        pool.submit(transport.handle_request, request("https://sentry.io/a"))
        pool.submit(transport.handle_request, request("https://sentry.io/b"))
        assert gate.arrived.acquire(timeout=PATIENCE)
        assert gate.arrived.acquire(timeout=PATIENCE)
        gate.open.set()
    assert gate.count == 2


def test_a_live_request_does_not_wait_behind_a_backfill() -> None:
    gate = Gate(lambda: httpx.Response(200, content=b"[]"))
    transport = Waiting(gate)
    with ThreadPoolExecutor(3) as pool:
        slow = pool.submit(transport.handle_request, request(lane=Lane.BACKFILL))
        assert gate.arrived.acquire(timeout=PATIENCE)
        live = pool.submit(transport.handle_request, request(lane=Lane.LIVE))
        assert gate.arrived.acquire(timeout=PATIENCE)
        third = pool.submit(transport.handle_request, request(lane=Lane.HOT))
        assert transport.joined.acquire(timeout=PATIENCE)
        gate.open.set()
        assert third.result(PATIENCE) is live.result(PATIENCE)
        assert slow.result(PATIENCE) is not live.result(PATIENCE)
    assert gate.count == 2


def test_an_error_is_shared_too() -> None:
    gate = Gate(fails(NotFound("gone")))
    transport = Waiting(gate)
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(transport.handle_request, request())]
        assert gate.arrived.acquire(timeout=PATIENCE)
        asked.append(pool.submit(transport.handle_request, request()))
        assert transport.joined.acquire(timeout=PATIENCE)
        gate.open.set()
        assert [type(one.exception(PATIENCE)) for one in asked] == [NotFound, NotFound]
    assert gate.count == 1


def test_who_gave_up_for_lack_of_time_does_not_give_up_for_others() -> None:
    outcomes = iter((fails(BudgetExhausted("no time")), lambda: httpx.Response(200, content=b"[]")))

    def next_outcome() -> httpx.Response:
        return next(outcomes)()

    gate = Gate(next_outcome)
    transport = Waiting(gate)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(transport.handle_request, request())
        assert gate.arrived.acquire(timeout=PATIENCE)
        second = pool.submit(transport.handle_request, request())
        assert transport.joined.acquire(timeout=PATIENCE)
        gate.open.set()
        assert isinstance(first.exception(PATIENCE), BudgetExhausted)
        assert second.result(PATIENCE).status_code == 200


def test_waiting_for_anothers_answer_ends_at_the_deadline() -> None:
    gate = Gate(lambda: httpx.Response(200, content=b"[]"))
    transport = Waiting(gate)
    with ThreadPoolExecutor(2) as pool:
        pool.submit(transport.handle_request, request(lane=Lane.LIVE))
        assert gate.arrived.acquire(timeout=PATIENCE)
        with pytest.raises(BudgetExhausted):
            transport.handle_request(request(lane=Lane.LIVE, seconds=0))
        gate.open.set()


def test_the_next_request_after_the_answer_is_a_new_one() -> None:
    gate = Gate(lambda: httpx.Response(200, content=b"[]"))
    gate.open.set()
    transport = Waiting(gate)
    assert transport.handle_request(request()) is not transport.handle_request(request())


class Killed(BaseException):
    """Ends a thread as an interrupt does."""


def test_who_is_interrupted_leaves_the_others_to_ask_themselves() -> None:
    def interrupted() -> httpx.Response:
        raise Killed

    outcomes = iter((interrupted, lambda: httpx.Response(200, content=b"[]")))

    def next_outcome() -> httpx.Response:
        return next(outcomes)()

    gate = Gate(next_outcome)
    transport = Waiting(gate)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(transport.handle_request, request())
        assert gate.arrived.acquire(timeout=PATIENCE)
        second = pool.submit(transport.handle_request, request())
        assert transport.joined.acquire(timeout=PATIENCE)
        gate.open.set()
        assert isinstance(first.exception(PATIENCE), Killed)
        assert second.result(PATIENCE).status_code == 200
    assert gate.count == 2


def test_changes_that_look_alike_are_each_sent_and_are_no_reads_answer() -> None:
    gate = Gate(lambda: httpx.Response(200))
    waiting = Waiting(gate)
    changes = [request(), request(), request()]
    for change in changes[:2]:
        change.method = "PUT"
    with ThreadPoolExecutor(3) as pool:
        found = [pool.submit(waiting.handle_request, change) for change in changes]
        for _ in changes:
            assert gate.arrived.acquire(timeout=PATIENCE)
        gate.open.set()
        assert len({id(future.result()) for future in found}) == 3

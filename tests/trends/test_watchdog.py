from __future__ import annotations

import threading

from sentry_sync.trends.watchdog import Watchdog


def test_work_within_its_time_is_never_interrupted() -> None:
    calls: list[int] = []

    with Watchdog(lambda: calls.append(1), 60) as watchdog:
        assert not watchdog.expired

    assert calls == []
    assert not watchdog.expired


def test_an_interrupt_is_repeated_until_the_work_ends() -> None:
    twice = threading.Semaphore(0)

    with Watchdog(twice.release, 0) as watchdog:
        # An interrupt between two statements has no effect, so one alone would not do.
        assert twice.acquire(timeout=10)
        assert twice.acquire(timeout=10)
        assert watchdog.expired


def test_no_interrupt_comes_after_the_end() -> None:
    called = threading.Event()
    with Watchdog(called.set, 0):
        assert called.wait(10)
    called.clear()

    assert not any(thread.name == "statement-watchdog" for thread in threading.enumerate())
    assert not called.is_set()

"""A clock whose waits can be ended from another thread: for good, or for what is more urgent."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sentry_sync.records.clock import Clock


class Stopped(BaseException):
    """Told to stop while waiting. Nothing may catch it: what a page brought is stored, the rest is not begun."""


class Nudged(BaseException):
    """Somebody hints at what goes before the request that is waited for; caught where its slice ends."""


LOOK_UP = 0.2
"""Seconds of a wait until it is looked whether somebody hints at anything."""


class StoppableClock:
    """The machine's clock for waits that end with Stopped once ``stopping`` is set, or with Nudged if they may."""

    def __init__(self, clock: Clock, stopping: threading.Event) -> None:
        self._clock = clock
        self._stopping = stopping
        self._nudged = threading.Event()
        self._may_be_nudged = False

    def nudge(self) -> None:
        """End the wait that is under way, if it may be ended so; called in any thread."""
        self._nudged.set()

    @contextmanager
    def nudgeable(self) -> Iterator[None]:
        """Waits inside the block end with Nudged after ``nudge``."""
        self._nudged.clear()
        self._may_be_nudged = True
        try:
            yield
        finally:
            self._may_be_nudged = False

    def now(self) -> datetime:
        """The current time."""
        return self._clock.now()

    def sleep(self, seconds: float) -> None:
        """Return after ``seconds``; raises Stopped as soon as it is to stop."""
        until = time.monotonic() + seconds
        while True:
            left = max(0.0, until - time.monotonic())
            if self._stopping.wait(min(left, LOOK_UP)):
                raise Stopped
            if self._may_be_nudged and self._nudged.is_set():
                raise Nudged
            if left <= LOOK_UP:
                return

"""What runs until a signal: one half or two, each in a thread of its own, so that a signal is heard at once.

Whatever a half waits for, the main thread waits for signals alone. No half outlives another: a process that syncs
but answers nobody, or answers from a copy that grows old, looks alive and is not.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from types import FrameType

from sentry_sync.cli.main import EXIT_INTERRUPTED
from sentry_sync.errors import SentrySyncError
from sentry_sync.records.stoppable import Stopped

PATIENCE = 4.0
"""Seconds that what is under way is given to end after a signal: a page is lost after that, and read again."""


LOOK_SECONDS = 0.5
"""How long a signal may go unheard; two looks a second cost nothing to speak of."""


@dataclass(frozen=True, slots=True)
class Half:
    """Something that runs until it is told to stop."""

    name: str
    run: Callable[[], None]
    stop: Callable[[], None]
    """Called from another thread; returns at once."""


class Ended(SentrySyncError):
    """A half of the process ended though nobody told it to."""


def until_a_signal(*halves: Half, on_hangup: Callable[[], None] | None = None) -> None:
    """Run the halves until SIGTERM or SIGINT, or until one of them ends; a second signal ends the process at once.

    Raises what the half raised that ended, and Ended where it said nothing. ``on_hangup`` is called in the main
    thread after each SIGHUP.
    """
    # Its put() may interrupt itself. An Event set in a handler can wait for ever for the lock of its own wait().
    news: SimpleQueue[int] = SimpleQueue()
    told: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if told:
            leave(EXIT_INTERRUPTED if number == signal.SIGINT else 128 + number)
        told.append(number)
        news.put(number)

    def on_hup(number: int, _frame: FrameType | None) -> None:
        news.put(number)

    handlers = {signal.SIGINT: on_signal, signal.SIGTERM: on_signal}
    if on_hangup:
        handlers[signal.SIGHUP] = on_hup
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        running = [_Running(half, partial(news.put, 0)) for half in halves]
        while _next(news) == signal.SIGHUP:
            if on_hangup:
                on_hangup()
        _end(running, by_signal=bool(told))
    finally:
        for number, former in before.items():
            signal.signal(number, former)


def _next(news: SimpleQueue[int]) -> int:
    """The next thing to heed.

    Python runs a handler between two of its own steps: a signal that comes just as a wait begins ends no wait.
    """
    while True:
        with suppress(Empty):
            return news.get(timeout=LOOK_SECONDS)


class _Running:
    """A half in its thread, which nobody waits for when the process ends."""

    def __init__(self, half: Half, tell: Callable[[], None]) -> None:
        self.half = half
        self.over: Future[None] = Future()
        self.over.add_done_callback(lambda _: tell())
        threading.Thread(target=self._run, name=half.name, daemon=True).start()

    def _run(self) -> None:
        try:
            self.half.run()
        except BaseException as error:  # noqa: BLE001 (handed to the main thread, which raises it)
            self.over.set_exception(error)
        else:
            self.over.set_result(None)


def _end(running: Sequence[_Running], *, by_signal: bool) -> None:
    ended = None if by_signal else next(one for one in running if one.over.done())
    for one in running:
        one.half.stop()
    left = wait([one.over for one in running], PATIENCE).not_done
    # What ended first is why the others end, whatever became of them.
    for one in sorted(running, key=lambda each: each is not ended):
        if one.over.done():
            with suppress(Stopped):  # it was waiting for room in the budget: nothing is half done
                one.over.result()
    if ended:
        raise Ended(f"{ended.half.name} ended by itself: start it again")
    if left:
        leave(0)


def leave(code: int) -> None:
    """End the process as it is: a request under way can't be called back, and nothing is lost by it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)

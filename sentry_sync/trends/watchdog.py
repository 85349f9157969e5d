"""A time limit for work that only an interrupt can stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Self

AGAIN = 0.05
"""Seconds between interrupts: DuckDB forgets one that comes between two statements, so it is repeated."""


class Watchdog:
    """Calls ``interrupt`` from a thread of its own once the ``with`` block has lasted ``seconds``."""

    def __init__(self, interrupt: Callable[[], object], seconds: float) -> None:
        self._interrupt = interrupt
        self._seconds = seconds
        self._done = threading.Event()
        self._expired = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="statement-watchdog", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._done.set()
        self._thread.join()

    @property
    def expired(self) -> bool:
        """Whether the time is up: for loops of ours, which no interrupt reaches."""
        return self._expired.is_set()

    def _watch(self) -> None:
        if self._done.wait(self._seconds):
            return
        self._expired.set()
        while not self._done.is_set():
            self._interrupt()
            self._done.wait(AGAIN)

"""Tells open pages that something changed, as server-sent events: of what kind it is, and nothing of what it says.

One look at the store serves all pages, and only while there are any.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager, suppress

from sentry_sync.answers.changes import Changes, Subject
from sentry_sync.answers.context import Answers

LOOK_SECONDS = 2.0
"""A sync writes several times a second while it reads; nobody reads a page that fast."""

ALIVE_SECONDS = 20.0
"""A line is sent that often though nothing changed, so that a page that was closed is noticed."""

MOST = 100
"""Pages told at once. A further one is told to ask again later, and works without."""

MOST_OF_ONE = 25
"""Of one browser that logged in, or of one address: nobody takes the room of all others."""

RETRY = "retry: 5000\n\n"
CHANGED = "event: changed\ndata: {}\n\n"
ALIVE = ": nothing new\n\n"


class Live:
    """The open pages of one server."""

    def __init__(self, answers: Answers, look_seconds: float = LOOK_SECONDS) -> None:
        self._answers = answers
        self._look_seconds = look_seconds
        self._open: dict[asyncio.Event, Subject] = {}
        self._by: Counter[str] = Counter()
        self._changes: Changes | None = None
        self._watching: asyncio.Task[None] | None = None
        self._closed = False

    def full(self, who: str) -> bool:
        """Whether no further page of ``who`` can be told."""
        return self._closed or len(self._open) >= MOST or self._by[who] >= MOST_OF_ONE

    def close(self) -> None:
        """End all streams, from the server's own loop."""
        self._closed = True
        for changed in self._open:
            changed.set()

    async def stream(self, subject: Subject, who: str) -> AsyncGenerator[str]:
        """The events of one page of ``who``, for as long as it stays open."""
        with self._told(subject, who) as changed:
            yield RETRY
            while not self._closed:
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), ALIVE_SECONDS)
                if self._closed:
                    return
                yield CHANGED.format(subject.kind) if changed.is_set() else ALIVE
                changed.clear()

    @contextmanager
    def _told(self, subject: Subject, who: str) -> Iterator[asyncio.Event]:
        changed = asyncio.Event()
        if self._changes is None:
            self._changes = self._answers.changes()
            self._watching = asyncio.create_task(self._watch(self._changes))
        # At once, or what changes before the next look would be what others are compared with.
        self._changes.note(subject)
        self._open[changed] = subject
        self._by[who] += 1
        try:
            yield changed
        finally:
            del self._open[changed]
            self._by[who] -= 1
            self._by += Counter()  # forgets those of whom no page is open

    async def _watch(self, changes: Changes) -> None:
        """Look for what changed until no page is open any more."""
        try:
            while not self._closed:
                await asyncio.sleep(self._look_seconds)
                if not self._open:
                    return
                found = changes.since_last(set(self._open.values()))
                for changed, subject in self._open.items():
                    if subject in found:
                        changed.set()
        finally:
            self._changes = None
            changes.close()

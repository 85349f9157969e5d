"""What time it is at the server, learned from its answers."""

from __future__ import annotations

from datetime import datetime, timedelta

from sentry_sync.records.clock import Clock

TOLERANCE = timedelta(seconds=5)
"""Differences below this are the ``Date`` header's whole seconds and the answer's way to us, not a wrong clock."""


class ServerClock:
    """Our clock, corrected by as much as the server's last answer differed from it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = timedelta()

    def now(self) -> datetime:
        """The server's time as well as we know it."""
        return self.told(self._clock.now())

    def told(self, ours: datetime) -> datetime:
        """The server's time at a moment that our clock showed."""
        return ours + self._offset

    def at_least(self, known: datetime | None) -> None:
        """Take note that the server's clock had passed ``known`` by the last sync.

        If ours has not, it is behind: windows planned by it would end before what is already covered, and nothing
        would seem due. A minute too much is harmless, since no window is taken to end after the server's time.
        """
        if known is not None and known > self.now():
            self._offset += known - self.now() + timedelta(minutes=1)

    def hear(self, server_time: datetime) -> timedelta:
        """Take an answer's time; returns how far the server was ahead of what we thought."""
        ahead = server_time - self.now()
        if abs(ahead) <= TOLERANCE:
            return timedelta()
        self._offset += ahead
        return ahead

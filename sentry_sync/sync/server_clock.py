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
        return self._clock.now() + self._offset

    def hear(self, server_time: datetime) -> timedelta:
        """Take an answer's time; returns how far the server was ahead of what we thought."""
        ahead = server_time - self.now()
        if abs(ahead) <= TOLERANCE:
            return timedelta()
        self._offset += ahead
        return ahead

"""The simulator's own time: it starts anywhere, runs or stands still, and can be moved forward."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime


class VirtualClock:
    """Time that starts at `start` and, if `running`, moves `speed` times as fast as ours; `advance` adds to it."""

    def __init__(self, start: datetime | None = None, *, running: bool = True, speed: float = 1.0) -> None:
        self._speed = speed
        self._lock = threading.Lock()
        self._origin = start.timestamp() if start is not None else time.time()
        self._running = running
        self._monotonic = time.monotonic()
        self._advanced = 0.0

    def timestamp(self) -> float:
        """Seconds since the epoch."""
        with self._lock:
            elapsed = (time.monotonic() - self._monotonic) * self._speed if self._running else 0.0
            return self._origin + self._advanced + elapsed

    def seconds(self) -> int:
        """Whole seconds since the epoch, the resolution of Sentry's event timestamps."""
        return int(self.timestamp())

    def now(self) -> datetime:
        """The world's present moment, aware UTC."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def advance(self, seconds: float) -> None:
        """Move forward; ValueError for a negative number, since events never un-happen."""
        if seconds < 0:
            raise ValueError("The clock only moves forward.")
        with self._lock:
            self._advanced += seconds

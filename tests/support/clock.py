"""A clock that stands still until told otherwise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class FakeClock:
    """Starts at a fixed moment; ``sleep`` moves it on and remembers for how long."""

    def __init__(self, now: datetime | None = None) -> None:
        self.current = now or datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
        self.slept: list[float] = []
        self._ticks: list[Callable[[float], None]] = []

    def now(self) -> datetime:
        return self.current

    def follow(self, tick: Callable[[float], None]) -> None:
        """Let somebody else's clock move along with this one."""
        self._ticks.append(tick)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self.current += timedelta(seconds=seconds)
        for tick in self._ticks:
            tick(seconds)

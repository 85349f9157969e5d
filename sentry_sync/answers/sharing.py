"""A burst of identical questions is one errand to Sentry: who comes while it is under way gets its answer too."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any

from sentry_sync.errors import SentrySyncError


class _Flight:
    """An answer in the making and, once it is over, what came of it."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.answer: dict[str, Any] | None = None
        self.error: SentrySyncError | None = None


class Sharing:
    """Shared by all questions of a process, from any thread."""

    def __init__(self, patience_seconds: float) -> None:
        self._patience = patience_seconds
        self._lock = threading.Lock()
        self._flights: dict[Hashable, _Flight] = {}

    def once(self, key: Hashable, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What ``make`` gives, or what another thread's for the same key gives that is under way."""
        with self._lock:
            flight = self._flights.get(key)
            if flight is None:
                mine = self._flights[key] = _Flight()
        if flight is None:
            return self._lead(key, mine, make)
        flight.over.wait(self._patience)
        if flight.error is not None:
            raise flight.error
        # A leader that is too slow, or fell over a defect, is no reason for others not to try.
        return make() if flight.answer is None else dict(flight.answer)

    def _lead(self, key: Hashable, flight: _Flight, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        try:
            answer = flight.answer = make()
        except SentrySyncError as error:
            flight.error = error
            raise
        else:
            return answer
        finally:
            with self._lock:
                del self._flights[key]
            flight.over.set()

"""What takes longer to work out than a page may: done beside, and kept with its age for the next one who looks.

Nothing here is shown as if it were new: a page says how long ago each of these was worked out.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, TypeVar

T = TypeVar("T")

GOOD_FOR = 30.0
"""Seconds. Verdicts rest on whole hours, so that nothing of them changes faster; what they read is synced by the
minute at best."""

LONGEST = 600.0
"""Seconds that a result is shown for, with its age, while the next is worked out. One of last night would tell of
another day, and of persons who were erased since."""

MOST = 500
"""Results kept, the last ones wanted: a few kilobytes each."""

WORKERS = 2
"""Threads. More would take the interpreter from whoever is answered meanwhile."""


@dataclass(frozen=True, slots=True)
class Held(Generic[T]):
    """A result, and how many seconds ago work on it began."""

    value: T
    age: float
    renewing: bool = False
    """Whether it grew old and the next one is worked out."""


@dataclass(slots=True)
class _Entry:
    done: tuple[Future[Any], float] | None = None
    """The last result, and when work on it began."""
    under_way: tuple[Future[Any], float] | None = None


class Kept:
    """Results by their keys. ``clock`` counts seconds and never goes back. Safe to share between threads."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._lock = Lock()
        self._closed = False
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="dashboard")

    def ask(self, key: Hashable, work: Callable[[], T], patience: float = 0.0) -> Held[T] | None:
        """The result of ``work``; None if there is none within ``patience`` seconds.

        One that grew old is given while the next is worked out, and says so. Raises what ``work`` raised, unless
        that is tried again by now.
        """
        with self._lock:
            entry = self._entry(key)
            if not self._is_good(entry) and entry.under_way is None and not self._closed:
                self._begin(entry, work)
            under_way = entry.under_way
        if under_way and patience > 0:
            wait([under_way[0]], patience)
        with self._lock:
            self._settle(entry)
            if entry.done is None:
                return None
            future, began = entry.done
            renewing = entry.under_way is not None
        age = max(0.0, self._clock() - began)
        if renewing and (age > LONGEST or future.exception() is not None):
            return None
        return Held(future.result(), age, renewing)

    def close(self) -> None:
        """Begin nothing more; what is under way ends by itself, and what still waited is never there."""
        with self._lock:
            self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _entry(self, key: Hashable) -> _Entry:
        entry = self._entries.setdefault(key, _Entry())
        self._entries.move_to_end(key)
        if len(self._entries) > MOST:
            self._entries.popitem(last=False)
        self._settle(entry)
        return entry

    def _settle(self, entry: _Entry) -> None:
        if entry.under_way and entry.under_way[0].done():
            if not entry.under_way[0].cancelled():
                entry.done = entry.under_way
            entry.under_way = None

    def _is_good(self, entry: _Entry) -> bool:
        return entry.done is not None and self._clock() - entry.done[1] < GOOD_FOR

    def _begin(self, entry: _Entry, work: Callable[[], Any]) -> None:
        entry.under_way = self._pool.submit(work), self._clock()

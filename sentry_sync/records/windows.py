"""How long a window to ask for at once: pure functions, from how the last ones fared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sentry_sync.records.intervals import Interval, cut, floor

ROOM = 4
"""A window that met less than a quarter of the pages there may be can be doubled and still have half to spare."""

GROW_AGAIN = timedelta(hours=1)
"""How long a size stands before it is doubled: a server that is slow rather than full answers short windows with
few pages too, and each try at a longer one costs it a question it can't answer."""

STEADY = 24
"""So many windows read in a row show as much, at the cost of one question in thirteen (a time-out is asked twice).
After minutes of time-outs, ninety days would else be asked for hour by hour: 2,160 questions instead of 170."""


@dataclass(frozen=True, slots=True)
class Size:
    """How long a window a stream may ask for at once."""

    length: timedelta
    learned_at: datetime


@dataclass(frozen=True, slots=True)
class Limits:
    """Between what a stream's windows may vary."""

    finest: timedelta
    """Also the grid they lie on."""
    widest: timedelta
    pages: int | None
    """Pages after which the server's offsets end; None where there is no such end."""


def fitted(window: Interval, size: Size | None) -> list[Interval]:
    """``window`` in parts no longer than ``size``, newest first; None for no limit."""
    return [window] if size is None or window.length <= size.length else list(cut(window, size.length))


def shrunk(size: Size | None, limits: Limits, window: Interval, listed: timedelta | None = None) -> timedelta:
    """The size to go on with after ``window`` was too much for the server, or had more rows than it will list.

    ``listed`` is how much of it the server did list.
    """
    length = min(size.length if size else limits.widest, window.length) / 2
    length = length if listed is None else min(length, listed)
    return max(limits.finest, length // limits.finest * limits.finest)


def grown(
    size: Size | None, limits: Limits, window: Interval, pages: int, now: datetime, *, steady: int = 0
) -> timedelta | None:
    """The size to go on with after ``window`` was read whole in so many pages; None once there is no need for one.

    Only a window of the full size shows that a longer one would do. ``steady`` is how many windows before it were
    read in a row since the size changed.
    """
    if size is None:
        return None
    roomy = limits.pages is None or pages * ROOM <= limits.pages
    stood = steady >= STEADY or now - size.learned_at >= GROW_AGAIN
    if not roomy or window.length < size.length or not stood:
        return size.length
    return None if size.length * 2 >= limits.widest else size.length * 2


def halves(window: Interval, finest: timedelta) -> list[Interval] | None:
    """``window`` as two of half its length, newest first; None when that is finer than ``finest``."""
    if window.length < 2 * finest:
        return None
    middle = floor(window.start + window.length / 2, finest)
    if not window.start < middle < window.end:
        return None
    return [Interval(middle, window.end), Interval(window.start, middle)]

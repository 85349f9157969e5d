"""What is due: pure functions from what is covered to the windows worth asking for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sentry_sync.records.intervals import Interval, cut, floor, gaps, subtract

INTERVALS = {
    "issues": timedelta(minutes=1),
    "events": timedelta(minutes=5),
    "releases": timedelta(minutes=15),
    "performance": timedelta(minutes=15),
    "projects": timedelta(minutes=30),
}
"""How often each resource is worth asking for, most urgent first: what an organization of 200 projects can afford
inside 100 requests a minute with half of them to spare."""

OVERLAP = timedelta(minutes=15)
"""How far behind its mark a poll looks again: ingestion lags by minutes, and counts are buffered for one."""

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def stale_after(resource: str) -> timedelta:
    """The age at which an answer about ``resource`` calls itself stale: two intervals missed."""
    return 2 * INTERVALS[resource]


def windows_due(
    wanted: Interval,
    known: Iterable[Interval],
    *,
    bucket: timedelta,
    chunk: timedelta,
    settle: timedelta,
) -> list[Interval]:
    """The windows to ask for, newest first, so that all of ``wanted`` is known.

    Windows lie on the grid of ``bucket`` and are at most ``chunk`` long. Whatever is younger than ``settle`` is
    asked again even if known, since it can still change; the newest window ends at ``wanted.end``, mid-bucket.
    """
    settled = subtract(known, Interval(wanted.end - settle, wanted.end + DAY)) if settle else list(known)
    due: list[Interval] = []
    for missing in reversed(gaps(wanted, settled)):
        due.extend(cut(_to_grid(missing, wanted.end, bucket), chunk))
    return _disjoint(due)


def _to_grid(missing: Interval, now: datetime, bucket: timedelta) -> Interval:
    end = missing.end if missing.end == now else _ceil(missing.end, bucket)
    return Interval(floor(missing.start, bucket), min(end, now))


def _disjoint(windows: list[Interval]) -> list[Interval]:
    """Newest-first windows whose edges, moved to the grid, may overlap: each keeps what the newer ones left."""
    kept: list[Interval] = []
    for window in windows:
        end = min(window.end, kept[-1].start) if kept else window.end
        if window.start < end:
            kept.append(Interval(window.start, end))
    return kept


def _ceil(moment: datetime, bucket: timedelta) -> datetime:
    below = floor(moment, bucket)
    return below if below == moment else below + bucket


def halves(window: Interval, finest: timedelta) -> list[Interval] | None:
    """``window`` as two of half its length, newest first; None when that is finer than ``finest``."""
    if window.length < 2 * finest:
        return None
    middle = floor(window.start + window.length / 2, finest)
    if not window.start < middle < window.end:
        return None
    return [Interval(middle, window.end), Interval(window.start, middle)]

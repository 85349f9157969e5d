"""What is due: pure functions from what is covered to the windows worth asking for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sentry_sync.records.intervals import Interval, cut, floor, gaps

INTERVALS = {
    "issues": timedelta(minutes=1),
    "events": timedelta(minutes=10),
    "releases": timedelta(minutes=15),
    "performance": timedelta(minutes=15),
    "projects": timedelta(minutes=30),
}
"""How often each resource is worth asking for, most urgent first: what an organization of 200 projects can afford
inside 100 requests a minute with half of them to spare. The rhythms of `schedule.py` are made of these."""

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
    chunk: timedelta | None,
    settle: timedelta,
) -> list[Interval]:
    """The windows to ask for, newest first, so that all of ``wanted`` is known.

    Windows lie on the grid of ``bucket`` and are at most ``chunk`` long; the newest ends at ``wanted.end``,
    mid-bucket. Each gap is asked from ``settle`` before it begins: what lies there was read when it was that
    young, and rows that were late for it have arrived since.
    """
    due: list[Interval] = []
    for gap in reversed(gaps(wanted, known)):
        missing = _to_grid(Interval(max(gap.start - settle, wanted.start), gap.end), wanted.end, bucket)
        due.extend(cut(missing, chunk) if chunk else [missing])
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


def worth_asking(window: Interval, known: Iterable[Interval], resumed: datetime | None) -> bool:
    """Whether a window is worth a pass right after one was resumed whose window ended at ``resumed``.

    What happened since then is left to the next run if it is young enough to lie in its overlap anyway: a sync
    that was killed costs the requests it had left, and no more.
    """
    if resumed is None or window.end - resumed > OVERLAP:
        return True
    return any(gap.start < resumed for gap in gaps(window, known))

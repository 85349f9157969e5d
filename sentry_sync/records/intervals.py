"""Arithmetic on half-open time intervals: which time do we know completely?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """The time from ``start`` up to, not including, ``end``. Never empty: ``start < end``."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise ValueError("an interval starts before it ends")

    @property
    def length(self) -> timedelta:
        """How long it lasts."""
        return self.end - self.start

    def contains(self, other: Interval) -> bool:
        """Whether all of ``other`` lies within."""
        return self.start <= other.start and other.end <= self.end


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time as sorted, disjoint intervals that do not touch."""
    merged: list[Interval] = []
    for interval in sorted(intervals):
        if merged and interval.start <= merged[-1].end:
            if interval.end > merged[-1].end:
                merged[-1] = Interval(merged[-1].start, interval.end)
        else:
            merged.append(interval)
    return merged


def gaps(wanted: Interval, known: Iterable[Interval]) -> list[Interval]:
    """What of ``wanted`` is not in ``known``, oldest first."""
    missing: list[Interval] = []
    at = wanted.start
    for interval in union(known):
        if interval.end <= at:
            continue
        if interval.start >= wanted.end:
            break
        if interval.start > at:
            missing.append(Interval(at, interval.start))
        at = interval.end
    if at < wanted.end:
        missing.append(Interval(at, wanted.end))
    return missing


def subtract(intervals: Iterable[Interval], removed: Interval) -> list[Interval]:
    """``intervals`` without the time of ``removed``."""
    kept: list[Interval] = []
    for interval in intervals:
        kept.extend(gaps(interval, [removed]))
    return union(kept)


def cut(interval: Interval, step: timedelta) -> Iterator[Interval]:
    """``interval`` in pieces of ``step`` aligned to multiples of it since the epoch, newest first.

    The newest and oldest piece may be shorter, where the interval itself does not lie on the grid.
    """
    end = interval.end
    while end > interval.start:
        start = max(floor(end - timedelta(microseconds=1), step), interval.start)
        yield Interval(start, end)
        end = start


def floor(moment: datetime, step: timedelta) -> datetime:
    """The last multiple of ``step`` since the epoch at or before ``moment``."""
    epoch = datetime(1970, 1, 1, tzinfo=moment.tzinfo)
    return moment - (moment - epoch) % step

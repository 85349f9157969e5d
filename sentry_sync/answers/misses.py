"""Can the store answer truthfully? Pure functions: what is known against what was asked.

A miss is a question the store cannot answer truthfully, with the reason. Being old is not a miss: an old answer is
true for its ``as_of`` and says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sentry_sync.records.intervals import Interval, union

SEARCH_WINDOW = timedelta(days=90)
"""How far back Sentry itself lists issues and events."""

SEARCH_SLACK = timedelta(hours=1)
"""What lies this close to the window's far edge drops out of Sentry's own answers within the hour."""

SETTLED = timedelta(hours=1)
"""Ingestion lags by minutes: what was read this long after a window's end is final."""


class Miss(StrEnum):
    """Why a question is put to Sentry instead."""

    NEVER_SYNCED = "never_synced"
    """Nothing of the kind was ever read completely."""
    UNKNOWN_ID = "unknown_id"
    """The store has no such issue, release or project."""
    OUTSIDE_COVERAGE = "outside_coverage"
    """The answer needs a time that was not read completely."""
    NEEDS_BODIES = "needs_bodies"
    """Stack traces were asked for that are not held."""
    UNSUPPORTED_FILTER = "unsupported_filter"
    """A filter whose meaning here and at Sentry would differ."""
    ASKED_FRESH = "asked_fresh"
    """The caller wants Sentry's own word."""


@dataclass(frozen=True, slots=True)
class Reach:
    """An unbroken time that is known completely: from ``since`` to ``as_of``, when it was true."""

    since: datetime
    as_of: datetime


def reach(as_of: datetime | None, known: Iterable[Interval]) -> Reach | None:
    """The newest time known without a gap that a complete pass, true at ``as_of``, is part of.

    Time read after that pass, beyond a gap, does not count: the gap may hide rows. Read right up to it, it does.
    Without a complete pass (a first sync under way) the newest known time counts.
    """
    newest: Interval | None = None
    for interval in union(known):
        if as_of is None or interval.start < as_of:
            newest = interval
    if newest is None:
        return None
    return Reach(newest.start, newest.end)


def newest_of(found: Reach | None, edge: datetime | None, oldest: datetime) -> Miss | None:
    """Whether the newest rows of a kind are all there.

    ``edge`` is the time of the last row that was wanted, None when there were fewer rows than wanted or the order
    is not by time; ``oldest`` is the time before which there can be no further row.
    """
    if found is None:
        return Miss.NEVER_SYNCED
    if (edge is not None and edge >= found.since) or found.since <= oldest:
        return None
    return Miss.OUTSIDE_COVERAGE


def search_edge(as_of: datetime) -> datetime:
    """The oldest time that Sentry's lists show at ``as_of``."""
    return as_of - SEARCH_WINDOW + SEARCH_SLACK


def still_good(learned_at: datetime | None, now: datetime, stale_after: timedelta) -> bool:
    """Whether what a question once asked of Sentry may answer it again: as long as it would not be called stale.

    Nobody refreshes it, unlike what the sync reads, so a stale one is asked again rather than served.
    """
    return learned_at is not None and now - learned_at <= stale_after


def exact_window(
    read_at: datetime | None, end: datetime, now: datetime, *, stale_after: timedelta, ever_synced: bool
) -> Miss | None:
    """Whether a stored window's rows, read at ``read_at``, are its final ones or fresh enough."""
    if read_at is not None and (read_at >= end + SETTLED or still_good(read_at, now, stale_after)):
        return None
    return Miss.OUTSIDE_COVERAGE if ever_synced or read_at is not None else Miss.NEVER_SYNCED


def snapshot(as_of: datetime | None) -> Miss | None:
    """Whether a small list that is always read whole was read."""
    return Miss.NEVER_SYNCED if as_of is None else None

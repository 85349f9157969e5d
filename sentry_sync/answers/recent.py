"""How many events issues had in the last 24 clock hours, where every one of these hours is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sentry_sync.answers.misses import Reach, reach
from sentry_sync.answers.times import DAY, HOUR, ceiling, shown
from sentry_sync.records.intervals import Interval
from sentry_sync.store.reads import issues
from sentry_sync.store.reads.knowledge import Knowledge
from sentry_sync.store.reads.prepared import Snapshot

APART = timedelta(minutes=30)
"""Counts this much older than the answer's ``as_of`` are worth a note."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Events by issue; None where the hours are not known."""

    events: Mapping[str, int] | None

    def of(self, issue_id: str) -> int | None:
        """The issue's events in those hours; issues without any have 0."""
        return None if self.events is None else self.events.get(issue_id, 0)


def counts(snapshot: Snapshot, known: Knowledge, ids: Sequence[str]) -> Counts:
    """The counts of ``ids``: the running hour and the 23 before it."""
    window = _window(known)
    if window is None or not ids:
        return Counts(None)
    return Counts(issues.events_since(snapshot, ids, window.start))


def notes(known: Knowledge, as_of: datetime | None) -> list[str]:
    """What to know about the counts: when they were read, if earlier than the rest, and whether they are exact."""
    window = _window(known)
    if window is None:
        return []
    found = []
    if as_of is not None and as_of - window.end > APART:
        found.append(f"last_24h is as of {shown(window.end)}")
    if any(part.approximate and part.interval.end > window.start for part in known.covered("error_counts")):
        found.append("last_24h is approximate: the server sampled, or had more than it would list")
    return found


def _window(known: Knowledge) -> Interval | None:
    covered = [part.interval for part in known.covered("error_counts")]
    found: Reach | None = reach(known.as_of("error_counts"), covered)
    if found is None:
        return None
    start = ceiling(found.as_of, HOUR) - DAY
    return Interval(start, found.as_of) if found.since <= start < found.as_of else None

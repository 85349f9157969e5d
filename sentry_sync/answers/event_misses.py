"""Are the newest events of an issue, or of a project, all in the store? Pure functions over what is known of them.

Events are read for the organization, for a project or for one issue alone, by the sync or by an earlier
question; and the issue itself tells when it was last seen, which can prove that nothing happened since, or that
something did.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sentry_sync.answers.misses import Miss, Reach, newest_of, reach, search_edge, still_good
from sentry_sync.records.intervals import Interval
from sentry_sync.sync.plan import stale_after

ROUNDED = timedelta(seconds=2)
"""Some of Sentry's answers tell an event's time in whole seconds, some in milliseconds."""

INGESTION_LAG = timedelta(minutes=2)
"""An event this young may still be on its way when its issue's list is read."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of the events of one issue, or of a project: then only what is said of all of them."""

    known: Sequence[Interval]
    """The time in which all of them were read, whoever read them."""
    synced_at: datetime | None
    """When the last complete pass over all events of the organization or the project was true."""
    read_alone_at: datetime | None
    """When this issue's own list was last read."""
    issues_as_of: datetime | None
    """Until when every event would have shown in the issue's ``last_seen``."""
    first_seen: datetime | None
    last_seen: datetime | None
    """None where it can't be compared with the events' own times."""
    asked_since: datetime | None = None
    """Before this no event is wanted."""


def newest_events(
    evidence: Evidence, edge: datetime | None, newest: datetime | None, now: datetime
) -> tuple[Miss | None, Reach | None]:
    """Whether the newest events are all there, and the time that the answer rests on.

    ``edge`` is the time of the last event that was wanted, None when there are fewer; ``newest`` that of the
    first.
    """
    first: tuple[Miss, Reach] | None = None
    for found, good in sorted(_reaches(evidence, now), key=lambda known: known[0].as_of, reverse=True):
        miss = newest_of(found, edge, _oldest(evidence, found))
        if miss is None and (not good or _contradicted(evidence, found, newest)):
            miss = Miss.OUTSIDE_COVERAGE
        if miss is None:
            return None, found
        first = first or (miss, found)
    return first or (Miss.NEVER_SYNCED, None)


def _reaches(evidence: Evidence, now: datetime) -> Iterator[tuple[Reach, bool]]:
    """The times an answer may rest on, and whether what was read then may still stand."""
    synced = reach(evidence.synced_at, evidence.known) if evidence.synced_at else None
    if synced:
        yield synced, True
    alone_at = evidence.read_alone_at
    alone = reach(alone_at, evidence.known) if alone_at else None
    if alone:
        quiet = _quiet_until(evidence)
        yield (
            Reach(alone.since, max(alone.as_of, quiet or alone.as_of)),
            quiet is not None or still_good(alone_at, now, stale_after("events")),
        )
    if synced is None and alone is None and (begun := reach(None, evidence.known)):
        yield begun, True  # a first sync under way: no pass has ended, but its newest part is known


def _quiet_until(evidence: Evidence) -> datetime | None:
    """Until when the issue is known to have had no event since its own list was read."""
    read_at, as_of, last = evidence.read_alone_at, evidence.issues_as_of, evidence.last_seen
    if read_at is None or as_of is None or last is None or as_of < read_at:
        return None
    return as_of if last <= read_at - INGESTION_LAG else None


def _oldest(evidence: Evidence, found: Reach) -> datetime:
    """The time before which there is no event that is wanted and that Sentry would list."""
    others = [moment for moment in (evidence.first_seen, evidence.asked_since) if moment]
    return max(search_edge(found.as_of), *others) if others else search_edge(found.as_of)


def _contradicted(evidence: Evidence, found: Reach, newest: datetime | None) -> bool:
    """Whether the issue had an event in the known time that is not among its events.

    Events that are no errors, for one, are not where the sync reads events.
    """
    last = evidence.last_seen
    if last is None or not found.since <= last <= found.as_of:
        return False
    return newest is None or newest < last - ROUNDED

"""From what errors are counted by the hour, and why there is no verdict where they are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sentry_sync.answers.freshness import Refusal
from sentry_sync.store.reads import knowledge
from sentry_sync.store.reads.knowledge import Covered, Knowledge
from sentry_sync.store.reads.prepared import Snapshot

_NEVER = Refusal(
    "not_supported",
    "a verdict stands on weeks of errors counted by the hour, which only a sync reads: run sentry-sync sync",
)
_NOT_AT_ALL = Refusal("not_supported", "this server counts no errors by the hour, on which a verdict stands")


FROM_EVENTS = "no hourly counts are held: errors were counted from the events held, which are all of that time"


@dataclass(frozen=True, slots=True)
class Counted:
    """The rows that a project's errors are counted from, and the time for which these are all there."""

    table: str
    """``error_counts``, or ``events`` where there are none: a server without Explore lists events one by one."""
    parts: Sequence[Covered]
    as_of: datetime | None
    rung: str | None

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of it."""
        sampled = ("some counts are extrapolated: the server sampled",)
        of_events = (FROM_EVENTS,) if self.table == "events" else ()
        return of_events + (sampled if any(part.approximate for part in self.parts) else ())


def read(snapshot: Snapshot, streams: Sequence[str], resources: Sequence[str], project_id: str) -> Knowledge:
    """What is known of these, and of a project's errors however they are counted."""
    found = knowledge.read(snapshot, ("error_counts", *streams), ("error_counts", *resources))
    if found.covered("error_counts"):
        return found
    scopes = ("", f"project:{project_id}")
    return knowledge.read(
        snapshot, ("error_counts", "events", *streams), ("error_counts", "events", *resources), scopes
    )


def counted(known: Knowledge, project_id: str) -> Counted:
    """What the errors of a project are counted from, by what :func:`read` gave."""
    scopes: tuple[str, ...] = ("",)
    table = "error_counts"
    if not known.covered("error_counts"):
        table, scopes = "events", ("", f"project:{project_id}")
    return Counted(table, known.covered(table, *scopes), known.as_of(table, *scopes), known.rung(table, *scopes))


def no_counts(known: Knowledge) -> Refusal:
    """Whether the server cannot count them, or no sync has read them."""
    return _NOT_AT_ALL if known.capabilities.get("explore.errors") is False else _NEVER

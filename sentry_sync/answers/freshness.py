"""How old, how complete and whose an answer is: the part of every answer that makes the rest usable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sentry_sync.answers.misses import Miss
from sentry_sync.answers.times import shown
from sentry_sync.records.intervals import Interval

SKEW = timedelta(minutes=1)
"""A clock this far behind the server's makes old answers look young."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a question knows about its own rows."""

    as_of: datetime | None
    """Everything in the answer was true at this moment, or later; None when nothing was ever read."""
    complete: bool
    """Nothing that belongs into the answer, as of then, is missing."""
    stale_after: timedelta
    coverage: Interval | None = None
    source: str = "local"
    rung: str | None = None
    """Which of the ways to read such rows these came by: a name out of the sync's ladders."""
    notes: tuple[str, ...] = ()
    oldest_verified_at: datetime | None = None
    """When the row that was looked at longest ago was read; None where rows have no such time of their own."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why Sentry could not be asked, as one word and one line."""

    reason: str
    note: str


def freshness(
    facts: Facts,
    *,
    now: datetime,
    next_sync_at: datetime | None,
    asked: Miss | None = None,
    missed: Miss | None = None,
    refusal: Refusal | None = None,
) -> dict[str, Any]:
    """The ``freshness`` object. ``asked`` is why Sentry was asked, ``missed`` why it should have been."""
    since = None if facts.as_of is None else now - facts.as_of
    age = None if since is None else max(0.0, since.total_seconds())
    notes = facts.notes
    if since is not None and since < -SKEW:
        notes = (*notes, f"this machine's clock is {-since} behind the server's: ages are too small by as much")
    found: dict[str, Any] = {
        "source": facts.source,
        "rung": facts.rung,
        "as_of": shown(facts.as_of),
        "age_seconds": None if age is None else round(age),
        # Of a moment yet to come, one of the clocks is wrong, and no telling how old the rows are.
        "stale": since is None or abs(since) > facts.stale_after,
        "complete": facts.complete,
        "coverage": _span(facts.coverage),
        "fell_through_because": asked.value if asked else None,
        "could_not_fall_through_because": refusal.reason if refusal else None,
        "next_sync_at": shown(next_sync_at),
        "notes": _notes(notes, missed, refusal),
    }
    if facts.oldest_verified_at is not None:
        found["oldest_verified_at"] = shown(facts.oldest_verified_at)
    return found


def _span(coverage: Interval | None) -> dict[str, str | None] | None:
    return {"from": shown(coverage.start), "to": shown(coverage.end)} if coverage else None


def _notes(notes: Sequence[str], missed: Miss | None, refusal: Refusal | None) -> list[str]:
    if refusal is None:
        return list(notes)
    wanted = f"Sentry should have been asked ({missed.value}): " if missed else ""
    return [f"{wanted}{refusal.note}", *notes]

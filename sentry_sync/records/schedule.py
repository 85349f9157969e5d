"""One ladder's place in the schedule, and the rests of all of them, as the store keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

TOKEN_REFUSED = "the token was refused"  # noqa: S105 (it is none)
AWAY = "Sentry could not be reached"


@dataclass(frozen=True, slots=True)
class Rest:
    """A time in which whoever syncs asks Sentry for nothing, whatever falls due."""

    until: datetime
    because: str
    """TOKEN_REFUSED or AWAY, as it is told."""


@dataclass(frozen=True, slots=True)
class Entry:
    """When one ladder of streams is due, and how it has fared. Its turn lasts from then until it is through."""

    stream: str
    every: timedelta
    """How often, as far as what it finds decides; a short budget stretches that."""
    due_at: datetime
    failures: int = 0
    """Turns in a row that failed."""
    error: str | None = None
    """Why the last one did; None where it did not."""
    requests: int | None = None
    """What its last whole turn cost; None before there was one."""
    open: bool = False
    """Whether its turn has begun and is not through; not kept, since such a ladder is due."""
    pages: int = 0
    """What this turn has read so far; not kept either."""
    wished_at: datetime | None = None
    """Since when somebody wants a turn before it is due; kept as a wish, not with the entry."""

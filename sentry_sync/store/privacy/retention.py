"""How long each kind of row is kept, as its user chose. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

LONGEST = 3650
"""Days: ten years."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of row that can be kept for a time of its own."""

    tables: tuple[tuple[str, str], ...]
    """Each with the column that tells how old a row is."""
    covers: tuple[str, ...] = ()
    """Resources of whose coverage the time goes with the rows."""
    default: int | None = None
    """Days; None for as long as the store."""


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "events": Kind((("events", "timestamp"), ("event_bodies", "timestamp")), ("events",)),
        "bodies": Kind((("event_bodies", "timestamp"),)),
        "counts": Kind((("error_counts", "hour"),), ("error_counts",)),
        "performance": Kind(
            (
                *(("transaction_stats", "hour"), ("query_stats", "hour"), ("web_vitals", "hour")),
                ("transaction_windows", "end"),
            ),
            ("transaction_stats", "query_stats", "web_vitals"),
        ),
        "health": Kind((("release_health", "bucket"),), ("release_health",)),
        "history": Kind((("issue_history", "at"),)),
        # Long enough to see on a Monday what went wrong over the weekend.
        "passes": Kind((("passes", "updated_at"),), default=7),
        "changes": Kind((("audit_log", "at"),)),
        "webhooks": Kind((("webhook_deliveries", "received_at"),), default=30),
        "audit": Kind((), default=90),
    }
)
"""What can be chosen for. ``changes`` are those made at Sentry (``audit_log``), ``audit`` is who asked what."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """The days that each kind is kept; None for as long as the store."""

    days: Mapping[str, int | None] = field(
        default_factory=lambda: MappingProxyType({name: kind.default for name, kind in KINDS.items()})
    )

    @classmethod
    def chosen(cls, choices: Iterable[tuple[str, str]]) -> Keeping:
        """The defaults with these choices; raises ValueError for a kind or a number that there is not."""
        found = {name: kind.default for name, kind in KINDS.items()}
        for name, days in choices:
            if name not in KINDS:
                raise ValueError(f"{name!r} is none of {', '.join(KINDS)}")
            if days != "forever" and not (days.isdigit() and 1 <= int(days) <= LONGEST):
                raise ValueError(f"{name} takes days from 1 to {LONGEST}, or forever")
            found[name] = None if days == "forever" else int(days)
        return cls(MappingProxyType(found))

    def since(self, kind: str, now: datetime) -> datetime | None:
        """What is older than this goes; None where nothing does."""
        days = self.days[kind]
        return None if days is None else now - timedelta(days=days)

"""What a user chooses about a simulated Sentry: its seed, size, profile and limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Profile = Literal["saas", "self-hosted", "glitchtip"]
PROFILES: tuple[Profile, ...] = ("saas", "self-hosted", "glitchtip")

WELL_KNOWN_BEARER = "sntryu_simulator"
"""What a simulated server accepts unless told otherwise: no secret."""


@dataclass(frozen=True)
class WorldSize:
    """How much there is: counts for the whole organization, releases for each project."""

    projects: int = 5
    issues: int = 300
    events_per_day: int = 150
    releases: int = 8
    days: int = 14
    flawed: bool = False
    """Releases are bad in various ways, or only seem to be, each labelled: to judge verdicts by."""

    def __post_init__(self) -> None:
        for name in ("projects", "issues", "releases", "days"):
            if getattr(self, name) < 1:
                raise ValueError(f"A world needs at least one of {name}; choose 1 or more.")
        if self.events_per_day < 0:
            raise ValueError("events_per_day cannot be negative.")


@dataclass(frozen=True)
class SimulatorOptions:
    """Everything that makes two simulated servers differ; equal options make equal worlds."""

    seed: int = 1
    size: WorldSize = field(default_factory=WorldSize)
    profile: Profile = "saas"
    organization: str = "acme"
    token: str = WELL_KNOWN_BEARER
    rate_limit: tuple[int, int] | None = (40, 1)
    """Requests and seconds of the default fixed window (40 a second is what sentry.io announced
    in August 2026); None switches limits and their headers off."""
    concurrent_limit: int = 25
    start: datetime | None = None
    """The world's now at the beginning, aware; None is the wall clock."""
    frozen: bool = False
    """Time moves only by `advance`."""
    static: bool = False
    """Nothing happens by itself: no event arrives, however far the clock moves."""
    arrivals_per_day: int | None = None
    """Events a day from now on; None for as many as in the past (``size.events_per_day``)."""
    speed: float = 1.0
    """How many of the world's seconds pass in one of ours."""
    latency_ms: int = 0
    retention_days: int = 90
    """Events older than that are in no list, search or count; issues stay to be had by their ids."""
    page_rows: int = 100
    """No list has more rows on a page, whatever was asked for: a small world then has many pages too."""

    webhook_url: str | None = None
    """Where webhooks go; None for nowhere."""
    webhook_secret: str = ""
    """What they are signed with."""

    def __post_init__(self) -> None:
        if self.speed <= 0:
            raise ValueError("speed is more than 0.")
        if self.webhook_url and not self.webhook_secret:
            raise ValueError("webhooks want a webhook_secret to be signed with.")
        if self.profile not in PROFILES:
            raise ValueError(f"Unknown profile {self.profile!r}; choose one of {', '.join(PROFILES)}.")
        if self.retention_days < 1 or self.page_rows < 1:
            raise ValueError("retention_days and page_rows are at least 1.")
        if self.start is not None and self.start.tzinfo is None:
            raise ValueError("start needs a time zone, such as 2026-11-01T12:00:00+00:00.")

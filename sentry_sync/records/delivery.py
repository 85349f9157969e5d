"""A webhook that Sentry delivered, as far as it is believed: what to look at, and never how that looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

UNINSTALLED = ("installation", "deleted")
"""The resource and action of the last webhook there is, until the integration is installed again."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook whose signature was right."""

    request_id: str
    digest: str
    """The SHA-256 of its body, in hex digits."""
    resource: str
    action: str
    received_at: datetime
    issue_id: str | None = None
    """The issue it tells of; None where it tells of none."""
    event_wanted: bool = False
    """Whether it tells of an event, so that the issue's newest one is to be looked at too."""


@dataclass(frozen=True, slots=True)
class HintsSeen:
    """Issues that were looked at after the hints of up to ``until`` had come."""

    issue_ids: tuple[str, ...]
    until: datetime
    events: bool = False
    """Whether it is their newest events that were looked at."""


class Taken(Enum):
    """What became of a webhook that was taken in."""

    ACCEPTED = "accepted"
    """Its issue will be looked at."""
    REPEATED = "repeated"
    """The same body came a moment ago under another id: the issue will be looked at a while after that."""
    DUPLICATE = "duplicate"
    """It had come before."""
    IGNORED = "ignored"
    """It tells of nothing that is looked at."""

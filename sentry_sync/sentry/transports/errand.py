"""What travels with a request through the transports, beside what is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import httpx

from sentry_sync.records.budget import Lane

_NAME = "sentry_sync.errand"


@dataclass(frozen=True, slots=True)
class Errand:
    """Whose request it is: its endpoint's name, its lane, and when its caller stops waiting (None: never)."""

    endpoint: str
    lane: Lane
    deadline: datetime | None = None

    def attached(self) -> dict[str, object]:
        """The request extensions to send it with."""
        return {_NAME: self}


def errand_of(request: httpx.Request) -> Errand:
    """The errand of a request made by our client."""
    errand = request.extensions[_NAME]
    if not isinstance(errand, Errand):
        raise TypeError("a request without an errand")
    return errand


def seconds_left(errand: Errand, now: datetime) -> float | None:
    """Seconds until the caller stops waiting; None if it never does."""
    return None if errand.deadline is None else (errand.deadline - now).total_seconds()

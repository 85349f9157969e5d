"""What one request to Sentry returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of the server, parsed."""

    body: Any
    """The JSON as it came; the records room reads rows out of it."""
    next_cursor: str | None
    """Where to go on; None at the end. A short or empty page is not the end."""
    has_link: bool
    """False if there was no Link header: the answer is whole, or the server doesn't page this."""
    server_time: datetime
    """The answer's Date by the server's clock, in whole seconds; ours if it sent none."""
    hits: int | None
    """``X-Hits``: an estimate of all matching rows; None if the server doesn't say."""
    headers: Mapping[str, str]
    """The headers that tell more, by lower-case name: KEPT_HEADERS as far as they were sent."""
    first: bool = False
    """It is known to be the first of its list: nothing comes before its rows."""


KEPT_HEADERS = frozenset(
    {
        "x-max-hits",
        "x-sentry-direct-hit",
        "x-sentry-warning",
        "x-sentry-deprecation-date",
        "x-sentry-replacement-endpoint",
        "x-sentry-rate-limit-limit",
        "x-sentry-rate-limit-remaining",
        "x-sentry-rate-limit-reset",
        "x-sentry-rate-limit-concurrentlimit",
        "x-sentry-rate-limit-concurrentremaining",
    }
)

"""Sentry's spellings of a moment, from whole epoch seconds and back."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

HOUR = 3_600
DAY = 86_400


@lru_cache(maxsize=65_536)
def zulu(seconds: int) -> str:
    """`2026-11-22T10:32:14Z`: issue rows, event rows, sessions."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=65_536)
def offset(seconds: int) -> str:
    """`2026-11-22T10:32:14+00:00`: Explore rows."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def micro(seconds: int, micros: int) -> str:
    """`2026-11-22T10:32:14.000123Z`: what comes out of Postgres or of an event's own body."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{micros:06d}Z"


def parse(text: str) -> int:
    """Epoch seconds of an ISO moment (a missing zone is UTC) or of plain epoch seconds; ValueError else."""
    return int(parse_fraction(text))


def parse_fraction(text: str) -> float:
    """As `parse`, with the fraction of the second kept."""
    if text.isdecimal() and len(text) > 8:
        return float(text)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

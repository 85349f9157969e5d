"""Times as the store writes them down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def to_micros(value: datetime) -> int:
    """Microseconds since 1970 in UTC: exact, sorts as a number, and is DuckDB's own TIMESTAMP."""
    return (value - EPOCH) // MICROSECOND


def from_micros(value: int) -> datetime:
    """The aware UTC time of ``value`` microseconds since 1970."""
    return EPOCH + timedelta(microseconds=value)

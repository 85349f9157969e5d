"""What an answer says about rate limits, out of its headers and, for a 429, its text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache

from sentry_sync.records.budget import Limits, Refusal

_PREFIX = "x-sentry-rate-limit-"
_LIMIT_TEXT = re.compile(r"Limit is (\d{1,7}) requests in (\d{1,5}) seconds")
_CONCURRENCY = ("concurren", "simultaneous")
_WINDOW = ("too frequently",)


def read_limits(headers: Mapping[str, str], status: int, body: bytes = b"") -> Limits:
    """The limits announced by an answer; ``headers`` have lower-case names. Only a 429's ``body`` is looked at."""
    limit = _number(headers.get(f"{_PREFIX}limit"))
    remaining = _number(headers.get(f"{_PREFIX}remaining"))
    text = body[:2000].decode("utf-8", "replace") if status == 429 else ""
    told = _LIMIT_TEXT.search(text)
    return Limits(
        limit=limit or None,
        remaining=remaining if limit else None,
        reset=_number(headers.get(f"{_PREFIX}reset")),
        concurrent_limit=_number(headers.get(f"{_PREFIX}concurrentlimit")) or None,
        server_time=server_time(headers.get("date")),
        retry_after=_number(headers.get("retry-after")),
        window=(int(told[2]) or None) if told else None,
        refusal=_refusal(text.lower(), limit, remaining) if status == 429 else None,
    )


def _refusal(text: str, limit: int | None, remaining: int | None) -> Refusal:
    """Why a 429 came. Sentry's three kinds are told apart by their wording only."""
    if any(word in text for word in _CONCURRENCY):
        return Refusal.CONCURRENCY
    if any(word in text for word in _WINDOW) or (limit and remaining == 0):
        return Refusal.WINDOW
    return Refusal.QUERY


LARGEST = 10**12
"""More than any limit, wait or epoch second; what the ledger writes down must fit into SQLite's 64 bits."""


def _number(value: str | None) -> int | None:
    """A whole number not below zero; anything else is as good as absent."""
    try:
        return min(max(0, int(float(value))), LARGEST) if value else None
    except (ValueError, OverflowError):
        return None


LATEST = 4_102_444_800
"""The year 2100: a Date beyond it is a broken clock, and nothing may be planned by it."""


@lru_cache(maxsize=16)
def server_time(date: str | None) -> int | None:
    """A Date header in epoch seconds. Answers of the same second have the same, so it is read once."""
    if not date:
        return None
    try:
        seconds = int(parsedate_to_datetime(date).timestamp())
    except (ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds < LATEST else None

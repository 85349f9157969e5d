"""What answers say about rate limits."""

from __future__ import annotations

import pytest

from sentry_sync.records.budget import Limits, Refusal
from sentry_sync.sentry.limits import read_limits

HEADERS = {
    "x-sentry-rate-limit-limit": "40",
    "x-sentry-rate-limit-remaining": "39",
    "x-sentry-rate-limit-reset": "1795000001",
    "x-sentry-rate-limit-concurrentlimit": "25",
    "x-sentry-rate-limit-concurrentremaining": "24",
    "date": "Fri, 20 Nov 2026 12:00:00 GMT",
}


def refusal(text: str, headers: dict[str, str] | None = None) -> Refusal | None:
    return read_limits(headers or {}, 429, f'{{"detail": "{text}"}}'.encode()).refusal


def test_every_header_is_read() -> None:
    expected = Limits(limit=40, remaining=39, reset=1795000001, concurrent_limit=25, server_time=1795176000)
    assert read_limits(HEADERS, 200) == expected


def test_a_server_without_headers_says_nothing() -> None:
    assert read_limits({}, 200, b"Limit is 40 requests in 1 seconds") == Limits()


@pytest.mark.parametrize("value", ["", "x", "nan", "inf", "1e999", "٣x"])
def test_nonsense_is_as_good_as_absent(value: str) -> None:
    headers = dict.fromkeys(HEADERS, value)
    assert read_limits(headers, 200) == Limits()


def test_a_limit_of_zero_is_no_limit_but_remaining_zero_is_zero() -> None:
    assert read_limits({**HEADERS, "x-sentry-rate-limit-limit": "0"}, 200).limit is None
    assert read_limits({**HEADERS, "x-sentry-rate-limit-remaining": "-1"}, 200).remaining == 0


def test_sentrys_three_kinds_of_429_are_told_apart() -> None:
    window = "You are attempting to use this endpoint too frequently. Limit is 40 requests in 1 seconds"
    at_once = "You are attempting to go above the allowed concurrency for this endpoint. Concurrency limit is 25"
    snuba = "Rate limit exceeded. Please try your query with a smaller date range or fewer projects."
    assert refusal(window, HEADERS) is Refusal.WINDOW
    assert refusal(at_once, HEADERS) is Refusal.CONCURRENCY
    assert refusal("Too many simultaneous queries") is Refusal.CONCURRENCY
    assert refusal(snuba, HEADERS) is Refusal.QUERY
    assert refusal("Slow down", {**HEADERS, "x-sentry-rate-limit-remaining": "0"}) is Refusal.WINDOW
    assert refusal("") is Refusal.QUERY


def test_the_text_of_a_429_tells_the_windows_length() -> None:
    told = read_limits(HEADERS, 429, b'{"detail": "too frequently. Limit is 40 requests in 1 seconds"}')
    assert told.window == 1
    assert read_limits(HEADERS, 429, b"Limit is 40 requests in 0 seconds").window is None


def test_retry_after_is_read_in_seconds() -> None:
    assert read_limits({"retry-after": "17"}, 429).retry_after == 17
    assert read_limits({"retry-after": "Fri, 20 Nov 2026 12:00:00 GMT"}, 429).retry_after is None

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_sync.serve.rate import Buckets, Limit, taken

LIMIT = Limit(per_minute=60, burst=3)


class Seconds:
    """A clock of seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_let_in_at_once_and_then_one_request_a_second() -> None:
    clock = Seconds()
    buckets = Buckets(LIMIT, clock)
    assert [buckets.wait("a") for _ in range(4)] == [0, 0, 0, pytest.approx(1)]
    clock.now += 0.5
    assert buckets.wait("a") == pytest.approx(0.5)
    clock.now += 0.5
    assert [buckets.wait("a"), buckets.wait("a")] == [0, pytest.approx(1)]


def test_quiet_fills_the_bucket_up_to_the_burst_and_no_further() -> None:
    clock = Seconds()
    buckets = Buckets(LIMIT, clock)
    buckets.wait("a")
    clock.now += 3600
    assert [buckets.wait("a") for _ in range(4)] == [0, 0, 0, pytest.approx(1)]


def test_one_client_takes_nothing_from_another() -> None:
    buckets = Buckets(LIMIT, Seconds())
    for _ in range(4):
        buckets.wait("a")
    assert buckets.wait("b") == 0


def test_the_client_that_was_quiet_for_longest_is_forgotten_first() -> None:
    buckets = Buckets(LIMIT, Seconds(), most=2)
    for client in ("a", "a", "a", "b", "b", "b", "a", "c"):
        buckets.wait(client)
    assert buckets.wait("a") > 0
    assert buckets.wait("b") == 0, "b was forgotten when c came, a was not"


@given(st.lists(st.floats(0, 100), min_size=1, max_size=60), st.floats(1, 5000), st.floats(1, 100))
def test_no_more_is_let_in_than_the_burst_and_what_the_time_gives(
    pauses: list[float], per_minute: float, burst: float
) -> None:
    limit, bucket, now, admitted = Limit(per_minute, burst), None, 0.0, 0
    for pause in pauses:
        now += pause
        bucket, seconds = taken(bucket, limit, now)
        admitted += not seconds
        assert admitted <= burst + now * per_minute / 60 + 1e-6


@given(st.floats(1, 5000), st.floats(1, 5))
def test_whoever_waits_as_long_as_told_is_let_in(per_minute: float, burst: float) -> None:
    limit, bucket, seconds = Limit(per_minute, burst), None, 0.0
    while not seconds:
        bucket, seconds = taken(bucket, limit, 0.0)
    assert taken(bucket, limit, seconds * (1 + 1e-9) + 1e-9)[1] == 0


def test_a_clock_that_goes_back_lets_nobody_wait_longer() -> None:
    bucket, _ = taken(None, LIMIT, 100.0)
    assert taken(bucket, LIMIT, 50.0)[1] == 0

"""What is learned from a server's headers, and what it permits."""

from __future__ import annotations

from typing import Any

import pytest

from sentry_sync.records.buckets import Bucket, backoff, observe, refuse
from sentry_sync.records.budget import SECOND, WINDOW, Asked, Count, Lane, Limits, Refusal

NOW = 1_700_000_000 * SECOND
SERVER = 1_800_000_000
"""The server's clock is years ahead of ours: only differences of its own times may count."""


def limits(remaining: int | None = 50, reset: int | None = SERVER + 20, **more: Any) -> Limits:
    found: dict[str, Any] = {"limit": 100, "remaining": remaining, "reset": reset, "server_time": SERVER}
    return Limits(**(found | more))


def seen(bucket: Bucket, told: Limits, reserved: float = 0, now: float = 0) -> Bucket:
    return observe(bucket, told, reserved_at=NOW + round(reserved * SECOND), now=NOW + round(now * SECOND))


def goes(bucket: Bucket, count: Count, since: int = 0, *, after: float = 0, lane: Lane = Lane.LIVE) -> bool:
    return refuse(bucket, Asked(lane, NOW + round(after * SECOND), 20), count, since) is None


def test_remaining_zero_means_zero_until_the_reset() -> None:
    bucket = seen(Bucket("b"), limits(remaining=0))
    assert not goes(bucket, Count(background=3), after=19.9)
    assert goes(bucket, Count(background=3), after=20)


def test_remaining_is_spent_by_what_the_server_had_not_counted_yet() -> None:
    bucket = seen(Bucket("b"), limits(remaining=5))
    assert goes(bucket, Count(background=10), since=4)
    assert not goes(bucket, Count(background=10), since=5)


def test_background_leaves_the_live_reserve_of_what_remains() -> None:
    bucket = seen(Bucket("b"), limits(remaining=20))
    assert not goes(bucket, Count(background=10), lane=Lane.HOT)
    assert goes(bucket, Count(background=10), lane=Lane.LIVE)
    assert goes(bucket, Count(live=1, background=10), lane=Lane.HOT)


def test_the_limit_binds_over_a_rolling_window_even_when_the_servers_has_been_reset() -> None:
    bucket = Bucket("b", limit=100, window=WINDOW, longest=WINDOW)
    assert goes(bucket, Count(background=99))
    assert not goes(bucket, Count(background=100))


def test_the_reset_is_measured_against_the_servers_date() -> None:
    assert seen(Bucket("b"), limits(), now=1.5).resets_at == NOW + 21_500_000


def test_the_earliest_estimate_of_a_reset_holds() -> None:
    bucket = seen(Bucket("b"), limits(), now=1.5)
    bucket = seen(bucket, limits(server_time=SERVER + 2), now=2.0)
    assert bucket.resets_at == NOW + 20 * SECOND


def test_an_absurd_reset_is_not_believed_for_longer_than_ten_minutes() -> None:
    assert seen(Bucket("b"), limits(reset=SERVER * 1000)).resets_at == NOW + 600 * SECOND


def test_an_answer_of_a_window_that_is_over_changes_nothing() -> None:
    bucket = seen(Bucket("b"), limits(remaining=90, reset=SERVER + 80))
    assert seen(bucket, limits(remaining=3, reset=SERVER + 20)).remaining == 90


def test_an_answer_overtaken_by_a_later_request_does_not_raise_what_remains() -> None:
    bucket = seen(Bucket("b"), limits(remaining=40), reserved=2)
    assert seen(bucket, limits(remaining=41), reserved=1).remaining == 40
    assert seen(bucket, limits(remaining=39), reserved=3).remaining == 39


def test_the_window_is_sixty_seconds_until_two_resets_were_seen() -> None:
    bucket = seen(Bucket("b"), limits(reset=SERVER + 5))
    assert bucket.window is None
    assert bucket.length == WINDOW
    bucket = seen(bucket, limits(reset=SERVER + 15, server_time=SERVER + 5))
    assert bucket.window == bucket.length == 10 * SECOND


def test_the_smallest_distance_of_resets_is_the_window() -> None:
    bucket = seen(Bucket("b"), limits(reset=SERVER + 1))
    bucket = seen(bucket, limits(reset=SERVER + 61, server_time=SERVER + 60))
    assert bucket.window == 60 * SECOND
    bucket = seen(bucket, limits(reset=SERVER + 62, server_time=SERVER + 61))
    assert bucket.length == SECOND


def test_a_reset_that_rolls_along_tells_no_window() -> None:
    bucket = seen(Bucket("b"), limits(reset=SERVER + 60))
    bucket = seen(bucket, limits(reset=SERVER + 61, server_time=SERVER + 1))
    assert bucket.window is None


def test_a_window_is_at_least_as_long_as_a_reset_was_ever_ahead() -> None:
    bucket = seen(Bucket("b"), limits(reset=SERVER + 45))
    bucket = seen(bucket, limits(reset=SERVER + 46, server_time=SERVER + 45))
    assert bucket.length == 45 * SECOND


def test_one_place_is_kept_to_probe_a_window_of_unknown_length() -> None:
    bucket = seen(Bucket("b"), limits(remaining=90, reset=SERVER + 1, server_time=SERVER))
    assert not goes(bucket, Count(live=99), after=0.5)
    assert goes(bucket, Count(live=99), after=1.0)
    assert not goes(bucket, Count(live=99, in_flight=1), after=1.0)
    assert not goes(bucket, Count(live=100), after=1.0)


def test_concurrency_is_kept_below_the_announced_limit() -> None:
    bucket = seen(Bucket("b"), limits(concurrent_limit=3))
    assert goes(bucket, Count(live=3, in_flight=2))
    assert not goes(bucket, Count(live=3, in_flight=3))


def test_a_429_blocks_until_the_reset_plus_jitter() -> None:
    told = limits(remaining=0, refusal=Refusal.WINDOW)
    bucket = observe(Bucket("b"), told, reserved_at=NOW, now=NOW, jitter=300_000)
    assert bucket.blocked_until == NOW + 20_300_000
    refused = refuse(bucket, Asked(Lane.LIVE, NOW + 20 * SECOND), Count())
    assert refused is not None
    assert refused.blocked


def test_a_429_makes_the_window_doubtful_again_unless_its_text_tells_it() -> None:
    bucket = Bucket("b", limit=100, window=SECOND, longest=SECOND)
    assert seen(bucket, limits(refusal=Refusal.WINDOW, reset=SERVER + 1)).window is None
    assert seen(bucket, limits(refusal=Refusal.WINDOW, reset=SERVER + 1, window=10)).window == 10 * SECOND


def test_a_429_whose_reset_has_passed_still_waits_a_second() -> None:
    assert seen(Bucket("b"), limits(reset=SERVER - 5, refusal=Refusal.WINDOW)).blocked_until == NOW + SECOND


def test_a_429_for_concurrency_waits_a_second_or_two() -> None:
    bucket = seen(Bucket("b"), limits(reset=SERVER + 50, refusal=Refusal.CONCURRENCY))
    assert bucket.blocked_until == NOW + SECOND
    assert bucket.remaining == 50


def test_a_limit_without_a_reset_is_taken_for_a_minute() -> None:
    assert seen(Bucket("b"), limits(remaining=0, reset=None)).resets_at == NOW + 60 * SECOND


@pytest.mark.parametrize(
    ("strikes", "seconds"), [(0, 60), (1, 60), (2, 120), (3, 240), (4, 480), (5, 600), (99, 600)]
)
def test_backoff_doubles_up_to_ten_minutes(strikes: int, seconds: int) -> None:
    assert backoff(strikes) == seconds * SECOND

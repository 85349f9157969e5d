"""What a server's own rate limit allows, learned from its headers.

Sentry counts requests in fixed windows per *bucket*: most endpoints share one, some have their own. Headers name
the bucket's limit but neither the bucket nor the window's length (`docs/api/ratelimits`). So endpoints announcing
the same limit are taken to share a bucket, which can only be too careful, and the length is learned from resets.
A fixed window admits twice its limit around its edge; we count by a rolling one, so that we never do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sentry_sync.records.budget import (
    POLL,
    SECOND,
    WINDOW,
    Asked,
    Count,
    Limits,
    Refusal,
    Refused,
    blocked,
    reserve_of,
)

LONGEST_BLOCK = 600
"""Seconds. Snuba's own windows reach ten minutes (getsentry/sentry PR 86155); a reset further away than that is a
broken clock, and one request after ten minutes finds out."""

FIRST_BACKOFF = 60
"""Seconds, doubled at each further refusal up to LONGEST_BLOCK: Snuba's shortest policy window is a minute."""

CONCURRENCY_BACKOFF = SECOND
"""Requests take 0.2 to 0.4 s at Sentry, so after a second one of those under way is over."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is known about one bucket of a server. Times without a unit are our microseconds."""

    name: str
    limit: int | None = None
    window: int | None = None
    """Microseconds; the smallest distance of two resets seen, None until two were seen."""
    longest: int = 0
    """Microseconds; the furthest a reset was ever ahead. A window is at least that long."""
    reset: int | None = None
    """Server time in epoch seconds of the newest reset announced."""
    resets_at: int = 0
    """The same by our clock."""
    remaining: int | None = None
    observed_at: int = 0
    """When the request whose answer told ``remaining`` was reserved."""
    concurrent_limit: int | None = None
    blocked_until: int = 0

    @property
    def length(self) -> int:
        """The window to count over: 60 s until the server's is known."""
        return max(self.window or WINDOW, self.longest)

    @property
    def doubtful(self) -> bool:
        """Whether the window's length is unknown, or far longer than any reset was ever ahead."""
        return self.window is None or self.window > 2 * self.longest


def refuse(bucket: Bucket, asked: Asked, count: Count, since: int = 0) -> Refused | None:
    """Why this bucket refuses a request, or None if it may go.

    ``count`` is over ``bucket.length``; ``since`` counts the requests that the server may not have counted yet
    when it announced ``remaining``.
    """
    if bucket.blocked_until > asked.now:
        return blocked(bucket.blocked_until)
    if bucket.concurrent_limit and count.in_flight >= bucket.concurrent_limit:
        return Refused(f"{count.in_flight} requests under way, the server allows no more", until=asked.now + POLL)
    if not bucket.limit:
        return None
    kept = asked.kept(bucket.limit, max(0, _kept_for_live(bucket, asked.live_reserve) - count.live))
    return _over_limit(bucket, asked.now, count, kept) or _used_up(bucket, asked.now, since, kept)


def _over_limit(bucket: Bucket, now: int, count: Count, kept: int) -> Refused | None:
    """By our own count over a rolling window."""
    limit = bucket.limit or 0
    excess = count.total + kept - limit + 1
    if excess + _kept_for_probe(bucket, count, now) <= 0:
        return None
    said = f"{count.total} of the server's {limit} requests per {bucket.length // SECOND} s are spent"
    if excess > 0:
        return Refused(said, excess=excess, scarce=True)
    return Refused(said, until=max(bucket.resets_at, now + POLL), scarce=True)


def _used_up(bucket: Bucket, now: int, since: int, kept: int) -> Refused | None:
    """By the server's count, which others may share."""
    if bucket.remaining is None or now >= bucket.resets_at or bucket.remaining - since > kept:
        return None
    return Refused("the server says that its limit is used up", until=bucket.resets_at, scarce=True)


def _kept_for_live(bucket: Bucket, live_reserve: int) -> int:
    """The live reserve is per minute; in a bucket of shorter windows live never waits long, and needs less."""
    return reserve_of(bucket.limit or 0, live_reserve) * min(bucket.length, WINDOW) // WINDOW


def _kept_for_probe(bucket: Bucket, count: Count, now: int) -> int:
    """One request is kept while the window's length is doubtful, to be sent after a reset and learn it.

    Else a limit of 40 per second met by 40 quick requests would be taken for 40 per minute, and never doubted.
    """
    if (bucket.limit or 0) < 2 or not bucket.doubtful:
        return 0
    return 0 if now >= bucket.resets_at and count.in_flight == 0 else 1


def observe(bucket: Bucket, limits: Limits, *, reserved_at: int, now: int, jitter: int = 0) -> Bucket:
    """The bucket after an answer to a request reserved at ``reserved_at`` that completed ``now``.

    ``jitter`` is added to a block, so that waiting processes don't all come back in the same instant.
    """
    seen = replace(
        bucket,
        limit=limits.limit or bucket.limit,
        concurrent_limit=limits.concurrent_limit or bucket.concurrent_limit,
    )
    seen = _learn_window(seen, limits)
    seen = _learn_remaining(seen, limits, reserved_at, now)
    if limits.refusal is Refusal.CONCURRENCY:
        return replace(seen, blocked_until=max(seen.blocked_until, now + CONCURRENCY_BACKOFF + jitter))
    if limits.refusal is Refusal.WINDOW:
        ahead = max(_ahead(limits), limits.retry_after or 0, 1)
        until = now + min(ahead, LONGEST_BLOCK) * SECOND + jitter
        # We kept to the limit as we understood it and were refused: forget what we believed of the window.
        window = limits.window * SECOND if limits.window else None
        return replace(seen, window=window, remaining=0, blocked_until=max(seen.blocked_until, until))
    return seen


def _ahead(limits: Limits) -> int:
    """Seconds until the reset, by the server's own clock; a minute if it doesn't tell one of the two."""
    if limits.reset is None or limits.server_time is None:
        return limits.window or FIRST_BACKOFF
    return min(max(limits.reset - limits.server_time, 0), LONGEST_BLOCK)


def _learn_window(bucket: Bucket, limits: Limits) -> Bucket:
    if limits.reset is None or limits.server_time is None:
        return bucket
    longest = max(bucket.longest, _ahead(limits) * SECOND)
    window = bucket.window
    # Two resets are a window apart only if the second was announced after the first had passed; otherwise the
    # server rolls its reset along (or two of its machines disagree), and their distance says nothing.
    if bucket.reset is not None and limits.reset > bucket.reset and limits.server_time >= bucket.reset:
        distance = (limits.reset - bucket.reset) * SECOND
        window = min(window or distance, distance)
    return replace(bucket, window=window, longest=longest)


def _learn_remaining(bucket: Bucket, limits: Limits, reserved_at: int, now: int) -> Bucket:
    if limits.remaining is None:
        return bucket
    reset = limits.reset or 0
    resets_at = now + _ahead(limits) * SECOND
    newest = bucket.reset or 0
    if reset > newest or bucket.remaining is None:
        return replace(
            bucket,
            reset=limits.reset,
            resets_at=resets_at,
            remaining=limits.remaining,
            observed_at=reserved_at,
        )
    if reset < newest:  # an answer overtaken by one from a later window
        return bucket
    # ``Date`` has whole seconds and answers take time, so each estimate is late: the earliest is the best.
    resets_at = min(bucket.resets_at, resets_at) if reset else resets_at
    if reserved_at < bucket.observed_at:
        return replace(bucket, resets_at=resets_at)
    return replace(bucket, resets_at=resets_at, remaining=limits.remaining, observed_at=reserved_at)


def backoff(strikes: int) -> int:
    """Microseconds to leave an endpoint alone after ``strikes`` refusals in a row that named no reset."""
    return min(FIRST_BACKOFF << min(max(strikes - 1, 0), 8), LONGEST_BLOCK) * SECOND

"""Sentry's rate limits: fixed windows and concurrency, by bucket, announced in headers."""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bucket:
    """A limit: so many requests in a fixed window of so many seconds, so many at once."""

    name: str
    requests: int
    seconds: int
    concurrent: int = 25


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the limiter says of one request: the headers to send, and the refusal if there is one."""

    headers: dict[str, str]
    refusal: str | None = None


class Limiter:
    """Counts requests by caller and bucket in fixed windows of the simulator's own time."""

    def __init__(self, default: Bucket | None) -> None:
        self._default = default
        self._lock = threading.Lock()
        self._windows: dict[tuple[str, str], tuple[int, int]] = {}
        self._inside: dict[tuple[str, str], int] = {}

    def enter(self, identity: str, own: Bucket | None, now: float) -> tuple[Verdict, tuple[str, str] | None]:
        """Count one request; returns the verdict and what to hand to `leave` when it is answered."""
        if self._default is None:
            return Verdict({}), None
        bucket = own or self._default
        key = (identity, bucket.name)
        with self._lock:
            window = int(now // bucket.seconds)
            since, count = self._windows.get(key, (window, 0))
            count = count + 1 if since == window else 1
            inside = self._inside.get(key, 0) + 1
            self._windows[key] = (window, count)
            headers = _headers(bucket, window, count, inside)
            if inside > bucket.concurrent:
                return Verdict(headers, _TOO_MANY_AT_ONCE.format(bucket.concurrent)), None
            if count > bucket.requests:
                return Verdict(headers, _TOO_MANY.format(bucket.requests, bucket.seconds)), None
            self._inside[key] = inside
            return Verdict(headers), key

    def leave(self, key: tuple[str, str] | None) -> None:
        """A request that was let in has been answered."""
        if key is not None:
            with self._lock:
                self._inside[key] -= 1


_TOO_MANY = "You are attempting to use this endpoint too frequently. Limit is {} requests in {} seconds"
_TOO_MANY_AT_ONCE = (
    "You are attempting to go above the allowed concurrency for this endpoint. Concurrency limit is {}"
)


def _headers(bucket: Bucket, window: int, count: int, inside: int) -> dict[str, str]:
    return {
        "X-Sentry-Rate-Limit-Limit": str(bucket.requests),
        "X-Sentry-Rate-Limit-Remaining": str(max(bucket.requests - count, 0)),
        "X-Sentry-Rate-Limit-Reset": str((window + 1) * bucket.seconds),
        "X-Sentry-Rate-Limit-ConcurrentLimit": str(bucket.concurrent),
        "X-Sentry-Rate-Limit-ConcurrentRemaining": str(max(bucket.concurrent - inside, 0)),
    }

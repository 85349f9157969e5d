"""Reading the ledger for one decision: may this request go now, and if not, when to ask again."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sentry_sync.records.buckets import Bucket, refuse
from sentry_sync.records.budget import POLL, WINDOW, Asked, Count, Refused, blocked, leaves_at, over_budget
from sentry_sync.store import ledger_schema as sql

STRANGERS = 2
"""Requests under way to endpoints of which nothing is known yet: enough to hide one's latency behind the other's,
few enough that no server minds."""

_PACE = Bucket(name=sql.PACED, limit=60, window=WINDOW, concurrent_limit=1)
"""Project events: 60 per 60 s, one at a time (getsentry/sentry PR 64847)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The bucket that a request counts in; why it may not go, or None; and when to ask again."""

    bucket: str
    refused: Refused | None = None
    until: int = 0


@dataclass(frozen=True, slots=True)
class Judge:
    """Asks the pure rules, with what ``db`` counts. ``reap`` ends dead processes' requests."""

    db: sqlite3.Connection
    asked: Asked
    reap: Callable[[], bool]

    def decide(self, endpoint: str, per_minute: int | None) -> Outcome:
        """Our own budget first, then the server's limits as far as they are known."""
        row = self.db.execute(sql.ENDPOINT, (endpoint,)).fetchone()
        bucket = row[0] if row else sql.UNKNOWN
        if row and row[1] > self.asked.now:
            return Outcome(bucket, blocked(row[1]), row[1])
        found = self._own(per_minute)
        if found is None and endpoint == sql.PACED:
            found = self._check(_PACE, sql.COUNT_PACED, sql.NTH_PACED)
            if found is not None:  # its own pace is nothing that other endpoints could leave to it
                found = (replace(found[0], scarce=False), found[1])
        for known in self._buckets(bucket) if found is None else ():
            found = self._check(known, sql.COUNT_BUCKET, sql.NTH_BUCKET)
            if found is not None:
                break
        if found is None and bucket == sql.UNKNOWN:
            found = self._stranger()
        return Outcome(bucket, *found) if found else Outcome(bucket)

    def _own(self, per_minute: int | None) -> tuple[Refused, int] | None:
        if not per_minute:
            return None
        span = self._span(WINDOW)
        refused = over_budget(self.asked, Count(*shares(self.db.execute(sql.COUNT_ALL, span))), per_minute)
        return (refused, self._until(refused, sql.NTH_ALL, span, WINDOW)) if refused else None

    def _buckets(self, bucket: str) -> list[Bucket]:
        """The buckets that a request may count in: its endpoint's, or any while that is unknown."""
        if bucket == sql.NO_BUCKET:
            return []
        if bucket == sql.UNKNOWN:
            return [Bucket(*row) for row in self.db.execute(sql.BUCKETS).fetchall()]
        return [Bucket(*row) for row in self.db.execute(sql.BUCKET, (bucket,)).fetchall()]

    def _check(self, bucket: Bucket, count: str, nth: str) -> tuple[Refused, int] | None:
        span = self._span(bucket.length) | {"bucket": bucket.name, "observed": bucket.observed_at}
        refused, in_flight = self._refuse(bucket, count, span)
        if refused and in_flight and self.reap():
            refused, _ = self._refuse(bucket, count, span)
        return (refused, self._until(refused, nth, span, bucket.length)) if refused else None

    def _refuse(self, bucket: Bucket, count: str, span: Mapping[str, int | str]) -> tuple[Refused | None, int]:
        live, background, in_flight, *rest = shares(self.db.execute(count, span))
        # The request whose answer told ``remaining`` is among those that ended since it was reserved.
        since = max(0, rest[0] - 1) if rest else 0
        return refuse(bucket, self.asked, Count(live, background, in_flight), since), in_flight

    def _stranger(self) -> tuple[Refused, int] | None:
        """An endpoint's first requests go out few at a time, until one answer tells its limit.

        Not on a server that has answered and announces no limits at all.
        """
        known, limited = self.db.execute(sql.ANY_KNOWN).fetchone()
        if known and not limited:
            return None
        if self._strangers() < STRANGERS or (self.reap() and self._strangers() < STRANGERS):
            return None
        said = "the server's limits are not known yet and its first answers are awaited"
        return Refused(said), self.asked.now + POLL

    def _strangers(self) -> int:
        (under_way,) = self.db.execute(sql.COUNT_UNKNOWN, {"now": self.asked.now}).fetchone()
        return int(under_way)

    def _span(self, window: int) -> dict[str, int | str]:
        return {"now": self.asked.now, "start": self.asked.now - window}

    def _until(self, refused: Refused, nth: str, span: Mapping[str, int | str], window: int) -> int:
        """When to ask again: when as many requests have left the window as must, at the soonest."""
        if not refused.excess:
            return refused.until
        row = self.db.execute(nth, {**span, "nth": refused.excess - 1}).fetchone()
        return leaves_at(row[0], window, self.asked.now) if row else self.asked.now + window


def shares(cursor: sqlite3.Cursor) -> tuple[int, ...]:
    """(live, background, under way, …) from one row of counts."""
    live, total, in_flight, *rest = cursor.fetchone()
    return (live, total - live, in_flight, *rest)

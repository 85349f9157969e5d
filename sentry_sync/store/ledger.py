"""The request ledger: every request to Sentry by every process of this store, and leave for the next one."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from sentry_sync.records.buckets import LONGEST_BLOCK, Bucket, backoff, observe
from sentry_sync.records.budget import (
    LONGEST_REQUEST,
    POLL,
    SECOND,
    WINDOW,
    Asked,
    Count,
    Lane,
    Limits,
    Refusal,
    Refused,
    Reservation,
    Wait,
    room,
)
from sentry_sync.records.clock import Clock
from sentry_sync.store import ledger_schema as sql
from sentry_sync.store.database import explained
from sentry_sync.store.ledger_judge import Judge, Outcome
from sentry_sync.store.paths import presence_beside
from sentry_sync.store.presence import Presence, is_dead, spoken
from sentry_sync.store.types import MICROSECOND, from_micros, to_micros

KEPT = timedelta(days=1)
"""Finished requests are kept for a day: it shows what was spent since yesterday and when, and is 144,000 rows at
100 a minute."""

KEPT_ROWS = 200_000
"""A lifted budget may send a thousand a second; the file still stays around 25 MB."""

PRUNED_EVERY = 256

LONGEST_MARK = 6 * SECOND
"""How long lower lanes yield to a waiting one that doesn't ask again: waiters ask every five seconds."""


@dataclass(frozen=True, slots=True)
class SpentRequest:
    """One request as the ledger remembers it.

    ``finished_at`` and ``status`` are None while it is under way; ``status`` stays None if no answer came.
    """

    at: datetime
    finished_at: datetime | None
    lane: str
    endpoint: str
    status: int | None
    process: str


class RequestLedger:
    """Gives and counts leave to send requests, across every thread and process that opens the same ``path``.

    ``per_minute`` None or 0 lifts our own budget; what the server's headers announce always binds. Every method
    raises StoreUnwritable, StoreBusy or StoreTooNew in one line if the file can't be used. Safe to share between
    threads.
    """

    def __init__(self, path: Path, clock: Clock, *, per_minute: int | None = 100, live_reserve: int = 20) -> None:
        self._path = path
        self._clock = clock
        self._per_minute = per_minute or None
        self._live_reserve = live_reserve
        self._lock = threading.Lock()
        self._open: sqlite3.Connection | None = None
        self._presence: Presence | None = None
        self._inherited: list[sqlite3.Connection | Presence] = []
        self._pid = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; the next call opens it again."""
        with self._lock:
            if self._open is not None and self._pid == os.getpid():
                self._open.close()
                self._open = None
            if self._presence is not None and self._pid == os.getpid():
                self._presence.close()
                self._presence = None

    def reserve(self, endpoint: str, lane: Lane) -> Reservation | Wait:
        """Leave to send one request to ``endpoint``, or how long to wait before asking again.

        Every reservation must be settled; one that never is holds its place for three minutes.
        """
        with self._transaction() as (db, now):
            _forget_the_future(db, now)
            marks = dict(db.execute("SELECT lane, until FROM waiting").fetchall())
            yields = any(lane < other < Lane.LIVE and until > now for other, until in marks.items())
            asked = Asked(lane, now, self._live_reserve, yields)
            outcome = Judge(db, asked, lambda: _abandon_dead(db, self._path, now)).decide(
                endpoint, self._per_minute
            )
            if outcome.refused is not None:
                return _wait(db, asked, outcome, outcome.refused)
            if lane in marks:  # it waited, and may have more to ask: its priority lasts a second longer
                db.execute(sql.MARK if marks[lane] > now else sql.UNMARK, (now + SECOND, lane))
            row = (now, str(lane), endpoint, self._name(), outcome.bucket, now + LONGEST_REQUEST)
            newest = db.execute(sql.INSERT, row).lastrowid or 0
            if newest % PRUNED_EVERY == 0:
                db.execute(sql.PRUNE_EXCESS, (newest - KEPT_ROWS,))
                db.execute(sql.PRUNE_OLD, (now - KEPT // MICROSECOND,))
            return Reservation(newest, endpoint, lane, now)

    def settle(self, reservation: Reservation, status: int | None, limits: Limits | None) -> None:
        """Say that a request is over: ``status`` None if no answer came, ``limits`` what its headers announced."""
        limits = limits or Limits()
        with self._transaction() as (db, now):
            row = db.execute(sql.ENDPOINT, (reservation.endpoint,)).fetchone()
            known, *before = row or (None, 0, 0)
            name = _bucket_name(known, status, limits)
            db.execute(sql.SETTLE, (max(now, reservation.at), status, name, now, reservation.id))
            if name == sql.UNKNOWN:
                return
            jitter = _jitter(reservation.id)
            after = _strike(before, status, limits, now + jitter)
            if known != name or after != before:
                db.execute(sql.UPSERT_ENDPOINT, (reservation.endpoint, name, *after))
            if known != name:
                db.execute(sql.MOVE, (name, reservation.endpoint, now - LONGEST_BLOCK * SECOND))
            if name != sql.NO_BUCKET:
                found = db.execute(sql.BUCKET, (name,)).fetchone()
                bucket = Bucket(*found) if found else Bucket(name)
                seen = observe(bucket, limits, reserved_at=reservation.at, now=now, jitter=jitter)
                if seen != bucket:
                    db.execute(sql.UPSERT_BUCKET, astuple(seen))

    def spent(self, now: datetime | None = None) -> dict[Lane, int]:
        """Requests per lane that hold a place in our 60-second window at ``now`` (the clock's, if None)."""
        start = to_micros(now or self._clock.now()) - WINDOW
        found = dict(self._read(sql.SPENT, (start,)))
        return {lane: found.get(str(lane), 0) for lane in sorted(Lane, reverse=True)}

    def left(self, lane: Lane = Lane.LIVE) -> int | None:
        """Requests that ``lane`` may send at once under our own budget; None if that is lifted."""
        spent = self.spent()
        counted = Count(spent[Lane.LIVE], sum(spent.values()) - spent[Lane.LIVE])
        return room(lane, counted, self._per_minute, self._live_reserve)

    def recent(self, since: datetime | None = None, limit: int = 10_000) -> list[SpentRequest]:
        """The newest requests since ``since`` (all that are kept, if None), newest first, at most ``limit``."""
        rows = self._read(sql.RECENT, (to_micros(since) if since else 0, limit))
        return [
            SpentRequest(
                from_micros(at), None if end is None else from_micros(end), lane, endpoint, status, spoken(process)
            )
            for at, end, lane, endpoint, status, process in rows
        ]

    def _read(self, statement: str, values: tuple[int, ...]) -> list[tuple[Any, ...]]:
        """Rows, also out of a directory that can't be written; none if there is no ledger yet."""
        if not self._path.exists():
            return []
        with explained(self._path), closing(sql.connect_to_read(self._path)) as db:
            return db.execute(statement, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[tuple[sqlite3.Connection, int]]:
        """The connection inside BEGIN IMMEDIATE, and the time, which no earlier transaction's is later than."""
        with self._lock, explained(self._path):
            db = self._connection()
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db, to_micros(self._clock.now())
                db.execute("COMMIT")
            except BaseException:
                db.rollback()
                raise

    def _connection(self) -> sqlite3.Connection:
        pid = os.getpid()
        if self._open is not None and self._pid != pid:
            # Behind a fork: neither using the parent's connection nor closing it is safe here.
            self._inherited += [one for one in (self._open, self._presence) if one is not None]
            self._open = self._presence = None
        if self._open is None:
            self._open = sql.connect(self._path)
            self._pid = pid
        return self._open

    def _name(self) -> str:
        if self._presence is None:
            self._presence = Presence(presence_beside(self._path))
        return self._presence.name


def _abandon_dead(db: sqlite3.Connection, path: Path, now: int) -> bool:
    """End the requests of processes of this machine that are gone; whether there were any.

    A killed process's place "one at a time" would else stay taken for two minutes. Whatever it sent has reached
    the server by now, so the window of its requests begins to run.
    """
    file = presence_beside(path)
    under_way = db.execute(sql.UNDER_WAY, {"now": now})
    dead = [number for number, process in under_way if is_dead(process, file)]
    db.executemany(sql.ABANDON, [(now, number) for number in dead])
    return bool(dead)


def _wait(db: sqlite3.Connection, asked: Asked, outcome: Outcome, refused: Refused) -> Wait:
    """How long to wait; lanes below see that somebody is waiting."""
    until = max(outcome.until, asked.now + POLL // 10)
    if asked.lane in {Lane.HOT, Lane.WARM} and refused.scarce:
        back = min(until + SECOND, asked.now + LONGEST_MARK)
        db.execute(sql.MARK, (back, asked.lane))
    return Wait((until - asked.now) / SECOND, refused.reason, blocked=refused.blocked)


def _forget_the_future(db: sqlite3.Connection, now: int) -> None:
    """After the clock was set back, what lies ahead of it is taken to have happened just now."""
    row = db.execute("SELECT at FROM requests ORDER BY id DESC LIMIT 1").fetchone()
    if row is None or row[0] <= now:
        return
    db.execute(sql.PULL_BACK, {"now": now, "longest": LONGEST_REQUEST})
    db.execute(sql.PULL_BUCKETS, {"now": now, "block": LONGEST_BLOCK * SECOND})
    db.execute(sql.PULL_ENDPOINTS, {"now": now, "block": LONGEST_BLOCK * SECOND})
    db.execute("DELETE FROM waiting")


def _bucket_name(known: str | None, status: int | None, limits: Limits) -> str:
    """The bucket an answer shows its endpoint to be in."""
    if limits.limit:
        return f"limit:{limits.limit}"
    if known is not None:
        return known
    # A proxy's or a crash's answer doesn't come from the limiter and says nothing about it.
    return sql.NO_BUCKET if status is not None and status < 500 else sql.UNKNOWN


def _strike(before: list[int], status: int | None, limits: Limits, now: int) -> list[int]:
    """An endpoint's (blocked until, strikes) after an answer: refusals that named no reset double its backoff."""
    blocked, strikes = before
    if status != 429:
        return [blocked, 0 if status is not None and status < 400 else strikes]
    if limits.refusal is Refusal.CONCURRENCY:
        return [max(blocked, now + SECOND), strikes]
    if limits.refusal is Refusal.WINDOW and limits.limit:
        return before
    wait = max(backoff(strikes + 1), min(limits.retry_after or 0, LONGEST_BLOCK) * SECOND)
    return [max(blocked, now + wait), strikes + 1]


def _jitter(number: int) -> int:
    """0 to 1 s, spread evenly over consecutive requests (by the golden ratio), so that waiters come back apart."""
    return number * 618_034 % SECOND

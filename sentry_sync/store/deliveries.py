"""Webhooks taken in, inside the caller's transaction, and the hints they are: which issues to look at soon.

A hint stays until its issue was looked at after it came, so it outlives the process.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from sentry_sync.records.delivery import Delivery, HintsSeen, Taken
from sentry_sync.store import tables

REPEATED = timedelta(minutes=1)
"""The same body may rightly come twice: somebody resolves an issue, reopens it and resolves it again. Whoever
sends a body that he caught, under ever new ids, gets one request a minute out of us."""

WORTH = timedelta(days=1)
"""By then polling has told what a hint would."""

KEPT_ROWS = 100_000
"""Some 30 MB, however many errors a day brings."""

_table = tables.webhook_deliveries
_known = _table.c

_ROW = insert(_table)
_SAME_ID = select(_known.request_id).where(_known.request_id == bindparam("key"))
_SAME_BODY = select(func.max(_known.received_at)).where(
    _known.digest == bindparam("of"), _known.received_at > bindparam("since")
)


class Deliveries:
    """Webhooks and what became of them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def take(self, found: Sequence[Delivery]) -> list[Taken]:
        """Write them down; what became of each."""
        return [self._take(one) for one in found]

    def _take(self, one: Delivery) -> Taken:
        if self._connection.execute(_SAME_ID, {"key": one.request_id}).first():
            return Taken.DUPLICATE
        before = None
        if one.issue_id:
            since = one.received_at - REPEATED
            before = self._connection.execute(_SAME_BODY, {"of": one.digest, "since": since}).scalar()
        self._connection.execute(
            _ROW,
            {
                "request_id": one.request_id,
                "resource": one.resource,
                "action": one.action,
                "received_at": one.received_at,
                "handled_at": None if one.issue_id else one.received_at,
                "digest": one.digest,
                "issue_id": one.issue_id,
                "event_wanted": one.event_wanted if one.issue_id else None,
                "look_after": before + REPEATED if before else None,
            },
        )
        if not one.issue_id:
            return Taken.IGNORED
        return Taken.REPEATED if before else Taken.ACCEPTED

    def acted_on(self, seen: HintsSeen) -> None:
        """Let go of the hints that were acted on."""
        of_these = update(_table).where(_known.issue_id.in_(seen.issue_ids), _known.received_at <= seen.until)
        if seen.events:
            statement = of_these.where(_known.event_wanted).values(event_wanted=False)
        else:
            statement = of_these.where(_known.handled_at.is_(None)).values(handled_at=seen.until)
        self._connection.execute(statement)

    def tidy(self, now: datetime, most: int = KEPT_ROWS) -> None:
        """Act on no hint any more that is old, and forget what is oldest of too much."""
        old = update(_table).where(_known.received_at <= now - WORTH)
        self._connection.execute(old.where(_known.handled_at.is_(None)).values(handled_at=now))
        self._connection.execute(old.where(_known.event_wanted).values(event_wanted=False))
        newest = select(_known.received_at).order_by(_known.received_at.desc()).offset(most).limit(1)
        surplus = self._connection.execute(newest).scalar()
        if surplus:
            self._connection.execute(delete(_table).where(_known.received_at <= surplus))

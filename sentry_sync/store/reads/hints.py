"""What webhooks hint at and nobody has looked at since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, or_, select

from sentry_sync.records.intervals import Interval
from sentry_sync.store import tables
from sentry_sync.store.types import MICROSECOND

_known = tables.webhook_deliveries.c


class Hints:
    """Hints by when they came; each read is its own snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def waiting(self, now: datetime) -> Interval | None:
        """The time in which the hints came that nobody has acted on; None when none of them is due."""
        due = or_(_known.look_after.is_(None), _known.look_after <= now)
        query = select(func.min(_known.received_at), func.max(_known.received_at), func.max(due)).where(
            _known.handled_at.is_(None)
        )
        with self._connection.begin():
            first, last, is_due = self._connection.execute(query).one()
        return Interval(first, last + MICROSECOND) if is_due else None

    def newest(self, events_since: datetime) -> tuple[datetime | None, datetime | None]:
        """When the newest hint came that can be acted on at once, and the newest one of an event since then."""
        fresh = select(func.max(_known.received_at)).where(
            _known.handled_at.is_(None), _known.look_after.is_(None)
        )
        wanted = select(func.max(_known.received_at)).where(
            _known.event_wanted, _known.received_at >= events_since, _known.look_after.is_(None)
        )
        with self._connection.begin():
            return self._connection.execute(fresh).scalar(), self._connection.execute(wanted).scalar()

    def issues(self, until: datetime, after: str | None, limit: int) -> Sequence[str]:
        """Issues that somebody hinted at before ``until``, by id, from the one behind ``after`` on."""
        query = select(_known.issue_id).where(
            _known.handled_at.is_(None), _known.received_at < until, _known.issue_id > (after or "")
        )
        with self._connection.begin():
            return (
                self._connection.execute(query.distinct().order_by(_known.issue_id).limit(limit)).scalars().all()
            )

    def with_events(self, since: datetime, limit: int) -> list[tuple[str, datetime]]:
        """The issues with an event hinted at since then that nobody has looked at; the newest hint of each."""
        newest = func.max(_known.received_at)
        query = (
            select(_known.issue_id, newest.label("at"))
            .where(_known.event_wanted, _known.received_at >= since)
            .group_by(_known.issue_id)
            .order_by(newest.desc())
            .limit(limit)
        )
        with self._connection.begin():
            return [(row.issue_id, row.at) for row in self._connection.execute(query)]

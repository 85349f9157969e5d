"""What webhooks hint at and nobody has looked at since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, literal_column, or_, select

from sentry_sync.records.delivery import UNINSTALLED
from sentry_sync.records.intervals import Interval
from sentry_sync.store import tables
from sentry_sync.store.reads.prepared import Prepared
from sentry_sync.store.reads.snapshot import driver_of
from sentry_sync.store.types import MICROSECOND

_known = tables.webhook_deliveries.c
_LAST, _AT_ONCE = func.max(_known.received_at), _known.look_after.is_(None)

# A daemon asks for them every other second.
_NEWEST = Prepared(
    select(
        select(_LAST).where(_known.handled_at.is_(None), _AT_ONCE).scalar_subquery().label("fresh"),
        select(_LAST)
        .where(_known.event_wanted, _known.received_at >= bindparam("since"), _AT_ONCE)
        .scalar_subquery()
        .label("wanted"),
    )
)


@dataclass(frozen=True, slots=True)
class Hooks:
    """What is known of the webhooks themselves."""

    last_at: datetime | None
    """When the newest came."""
    uninstalled_at: datetime | None
    """When Sentry told that the integration was uninstalled; None if not, or if one came since."""


# By the order they came in, which needs no index.
_LATEST = (
    select(_known.received_at, _known.resource, _known.action).order_by(literal_column("rowid").desc()).limit(1)
)


def hooks(connection: Connection) -> Hooks:
    """By the newest webhook, inside the caller's transaction."""
    newest = connection.execute(_LATEST).first()
    if newest is None:
        return Hooks(None, None)
    gone = (newest.resource, newest.action) == UNINSTALLED
    return Hooks(newest.received_at, newest.received_at if gone else None)


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
        row = _NEWEST.first(driver_of(self._connection), {"since": events_since})
        return (row.fresh, row.wanted) if row else (None, None)

    def newest_at(self, otherwise: datetime) -> datetime:
        """When the newest hint came that nobody has acted on."""
        query = select(func.max(_known.received_at)).where(or_(_known.handled_at.is_(None), _known.event_wanted))
        with self._connection.begin():
            return self._connection.execute(query).scalar() or otherwise

    def issues(self, after: str | None, limit: int) -> Sequence[str]:
        """Issues hinted at, by id, from the one behind ``after`` on."""
        behind = select(_known.issue_id).where(_known.handled_at.is_(None), _known.issue_id > (after or ""))
        query = behind.distinct().order_by(_known.issue_id).limit(limit)
        with self._connection.begin():
            return self._connection.execute(query).scalars().all()

    def with_events(self, since: datetime, limit: int) -> Sequence[str]:
        """The issues with an event hinted at since then that nobody has looked at, the newest hint first."""
        query = (
            select(_known.issue_id)
            .where(_known.event_wanted, _known.received_at >= since)
            .group_by(_known.issue_id)
            .order_by(func.max(_known.received_at).desc())
            .limit(limit)
        )
        with self._connection.begin():
            return self._connection.execute(query).scalars().all()

"""Streams that somebody wants synced before their turn: left here for the process that syncs to hear.

A wish stays until a turn that began after it has ended, whatever came of it: so whoever made it can wait for that.
A second one for the same stream joins the first.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from sentry_sync.store import tables
from sentry_sync.store.presence import this_process
from sentry_sync.store.reads.prepared import Prepared, below

_wishes = tables.wishes.c
_ALL = Prepared(select(_wishes.stream, _wishes.wished_at))


def make(connection: Connection, streams: Iterable[str], at: datetime) -> None:
    """Wish for a turn of each of ``streams``."""
    rows = [{"stream": stream, "wished_at": at, "wished_by": this_process()} for stream in streams]
    if rows:
        connection.execute(insert(tables.wishes).on_conflict_do_nothing(), rows)


def read(connection: Connection) -> dict[str, datetime]:
    """When each stream that is wished for was first wished for."""
    return {row.stream: row.wished_at for row in _ALL.all(below(connection))}


def grant(connection: Connection, streams: Iterable[str], until: datetime) -> None:
    """End the wishes for ``streams`` that were made up to then."""
    connection.execute(delete(tables.wishes).where(_wishes.stream.in_(list(streams)), _wishes.wished_at <= until))

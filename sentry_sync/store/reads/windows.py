"""How long a window a stream may ask for at once, as the server's answers taught it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, bindparam, select

from sentry_sync.records.windows import Size
from sentry_sync.store import tables

_sizes = tables.window_sizes.c
_SIZE = select(_sizes.seconds, _sizes.learned_at).where(_sizes.stream == bindparam("of"))


def window_size(connection: Connection, stream: str) -> Size | None:
    """The longest window the server was seen to take; None where none was too long for it."""
    row = connection.execute(_SIZE, {"of": stream}).first()
    return Size(timedelta(seconds=row.seconds), row.learned_at) if row else None

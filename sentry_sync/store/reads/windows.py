"""How long a window a stream may ask for at once, as the server's answers taught it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, select

from sentry_sync.records.windows import Size
from sentry_sync.store import tables


def window_size(connection: Connection, stream: str) -> Size | None:
    """The longest window the server was seen to take; None where none was too long for it."""
    sizes = tables.window_sizes.c
    row = connection.execute(select(sizes.seconds, sizes.learned_at).where(sizes.stream == stream)).first()
    return Size(timedelta(seconds=row.seconds), row.learned_at) if row else None

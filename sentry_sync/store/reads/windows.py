"""How long a window a stream may ask for at once, as the server's answers taught it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, select

from sentry_sync.records.windows import Size
from sentry_sync.store import tables

_sizes = tables.window_sizes.c
SIZE = select(_sizes.seconds, _sizes.learned_at).where(_sizes.stream == bindparam("of"))
"""The row of the stream ``of``."""


def window_size(connection: Connection, stream: str) -> Size | None:
    """The longest window the server was seen to take; None where none was too long for it."""
    return size_of(connection.execute(SIZE, {"of": stream}).first())


def size_of(row: Any) -> Size | None:
    """What a row of ``SIZE`` says; None where there is none."""
    return Size(timedelta(seconds=row.seconds), row.learned_at) if row else None

"""How long a window a stream may ask for at once, as the server's answers taught it."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

from sqlalchemy import bindparam, select

from sentry_sync.records.windows import Size
from sentry_sync.store import tables
from sentry_sync.store.reads.prepared import Prepared

_sizes = tables.window_sizes.c
_SIZE = Prepared(select(_sizes.seconds, _sizes.learned_at).where(_sizes.stream == bindparam("of")))


def window_size(driver: sqlite3.Connection, stream: str) -> Size | None:
    """The longest window the server was seen to take; None where none was too long for it."""
    row = _SIZE.first(driver, {"of": stream})
    return Size(timedelta(seconds=row.seconds), row.learned_at) if row else None

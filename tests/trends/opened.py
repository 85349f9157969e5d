"""A session as statements get it."""

from __future__ import annotations

import duckdb

from sentry_sync.trends.opening import MEMORY, connected, wall_in


def open_session() -> duckdb.DuckDBPyConnection:
    """An empty DuckDB in memory that can open nothing and whose settings cannot be changed any more."""
    session = connected(MEMORY)
    wall_in(session, ())
    return session

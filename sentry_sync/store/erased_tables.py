"""The table of ``store.db`` by which whoever was erased is known again: read by plain SQL alone."""

from __future__ import annotations

from sqlalchemy import Column, MetaData, Table, Text

from sentry_sync.store.types import Moment


def declare(metadata: MetaData) -> None:
    """Add it to the tables of the store."""
    Table(
        "erasures",
        metadata,
        Column("memory", Text, primary_key=True, nullable=False),
        Column("erased_at", Moment, nullable=False),
    )

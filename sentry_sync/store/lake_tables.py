"""The tables of ``store.db`` that say what of it lies in the lake as well, and what was changed since.

They are read by plain SQL alone, so nobody needs them by name.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, Table, Text

from sentry_sync.store.types import Moment


def declare(metadata: MetaData) -> None:
    """Add them to the tables of the store, and the index by which issues are found that no part has yet."""
    Index("ix_issues_known_since", metadata.tables["issues"].c.known_since)
    Table(
        "lake_parts",
        metadata,
        _key("resource"),
        _key("start", Moment),
        Column("end", Moment, nullable=False),
        Column("file", Text),
        Column("rows", Integer, nullable=False),
        Column("first", Moment),
        Column("last", Moment),
        Column("size", Integer, nullable=False),
        Column("checksum", Text),
        Column("counter", Integer, nullable=False),
        Column("published_at", Moment, nullable=False),
    )
    Table(
        "lake_spans",
        metadata,
        _key("resource"),
        _key("start", Moment),
        Column("end", Moment, nullable=False),
    )
    Table(
        "lake_changes",
        metadata,
        _key("resource"),
        _key("at", Moment),
        _key("subject"),
        Column("counter", Integer, nullable=False),
        Column("gone", Boolean, nullable=False),
    )
    Table(
        "lake_counter",
        metadata,
        _key("counter", Integer),
    )


def _key(name: str, kind: type = Text) -> Column[object]:
    return Column(name, kind, primary_key=True, nullable=False)

"""The columns as plain data, beside the tables they describe."""

from __future__ import annotations

from sqlalchemy import Boolean, Float, Integer, LargeBinary, Text

from sentry_sync.store import tables
from sentry_sync.store.columns import COLUMNS, quote
from sentry_sync.store.types import EventId, Moment, Tags

KIND = {
    Moment: "moment",
    EventId: "event_id",
    Tags: "tags",
    Boolean: "boolean",
    Float: "real",
    Integer: "integer",
    Text: "text",
}


def test_every_column_is_described_as_it_is_but_for_compressed_ones() -> None:
    assert {
        name: {
            column.name: KIND[type(column.type)]
            for column in table.columns
            if not isinstance(column.type, LargeBinary)
        }
        for name, table in tables.metadata.tables.items()
    } == COLUMNS


def test_a_name_is_quoted_whatever_it_holds() -> None:
    assert quote('a"b') == '"a""b"'

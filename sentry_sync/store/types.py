"""Column types: how the store writes down times, event ids and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import BigInteger, Dialect, LargeBinary, Text, TypeDecorator

from sentry_sync.store.moments import EPOCH, MICROSECOND, from_micros, to_micros

__all__ = ["EPOCH", "MICROSECOND", "EventId", "Moment", "Tags", "from_micros", "to_json", "to_micros"]


class Moment(TypeDecorator[datetime]):
    """An aware UTC time as an INTEGER of microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """What goes into the database."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """What comes out of it."""
        return None if value is None else from_micros(value)


class EventId(TypeDecorator[str]):
    """32 hex digits as a BLOB of 16 bytes: half the size of text, in the table and in each index."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """What goes into the database."""
        return None if value is None else bytes.fromhex(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        """What comes out of it."""
        return None if value is None else bytes(value).hex()


class Tags(TypeDecorator[Mapping[str, str]]):
    """Tags as JSON text; no tags known is NULL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, str] | None, dialect: Dialect) -> str | None:
        """What goes into the database."""
        return to_json(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Mapping[str, str]:
        """What comes out of it."""
        return orjson.loads(value) if value else {}


def to_json(value: Mapping[str, str] | None) -> str | None:
    """``value`` as JSON text, or None for nothing."""
    return orjson.dumps(value).decode() if value else None

"""All that a store holds of a person, for the person: their events and bodies, and where else they are named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection

from sentry_sync.store import bodies, tables
from sentry_sync.store.columns import COLUMNS, quote
from sentry_sync.store.moments import from_micros
from sentry_sync.store.privacy.erased import of_body, of_key, of_tags, without
from sentry_sync.store.privacy.finding import Names
from sentry_sync.store.privacy.places import SWEPT

_EVENTS = "SELECT rowid, * FROM events ORDER BY timestamp"
_BODIES = "SELECT rowid, * FROM event_bodies ORDER BY timestamp"


@dataclass(frozen=True, slots=True)
class Holding:
    """One thing that is held of the person."""

    part: str
    """``event``, ``body`` or ``mention``."""
    what: Mapping[str, Any]


def holdings(reading: Connection, names: Names) -> Iterator[Holding]:
    """Each thing that is held of the person of these names."""
    own = set[bytes]()
    for row in reading.exec_driver_sql(_BODIES).mappings():
        body = orjson.loads(bodies.unpack(row["body"]))
        if names.has(of_body(body)):
            own.add(row["event_id"])
            yield Holding("body", {"event_id": row["event_id"].hex(), "body": body})
    for row in reading.exec_driver_sql(_EVENTS).mappings():
        tags = orjson.loads(row["tags"]) if row["tags"] else {}
        if row["event_id"] in own or names.has([*of_key(row["user_key"]), *of_tags(tags)]):
            own.add(row["event_id"])
            yield Holding("event", _shown("events", {**row, "tags": tags}))
    yield from _mentions(reading, names, own)


def _mentions(reading: Connection, names: Names, own: set[bytes]) -> Iterator[Holding]:
    """Rows that are nobody's, or another's, and name the person."""
    spelled = frozenset(name for name in names.spelled if name[0] != "id")
    clean = without(spelled)
    for table, columns in SWEPT.items():
        key = ", ".join(quote(column.name) for column in tables.metadata.tables[table].primary_key)
        listed = ", ".join(map(quote, columns))
        for row in reading.exec_driver_sql(f"SELECT {key}, {listed} FROM {table}").mappings():  # noqa: S608 (our own names)
            found = {name: row[name] for name in columns if _names(row[name], clean)}
            if found and not (table == "events" and row["event_id"] in own):
                keys = {column.name: row[column.name] for column in tables.metadata.tables[table].primary_key}
                yield Holding("mention", {"table": table, **_shown(table, {**keys, **found})})
    for row in reading.exec_driver_sql(_BODIES).mappings():
        text = bodies.unpack(row["body"]).decode()
        if row["event_id"] not in own and clean(text) != text:
            yield Holding("mention", {"table": "event_bodies", "event_id": row["event_id"].hex()})


def _names(value: Any, clean: Callable[[str], str]) -> bool:
    return isinstance(value, str) and clean(value) != value


def _shown(table: str, row: Mapping[str, Any]) -> dict[str, Any]:
    # By our own names, since SQLAlchemy's are of a kind that JSON has not.
    return {name: _readable(kind, row[name]) for name, kind in COLUMNS[table].items() if name in row}


def _readable(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "moment":
        return from_micros(value).isoformat()
    return value.hex() if kind == "event_id" else value

"""Rows already held, one kind after the other: to be read, or written again as they may be now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import orjson
from sqlalchemy import Connection

from sentry_sync.store import bodies
from sentry_sync.store.columns import quote
from sentry_sync.store.privacy.scrub import BODY, FIELDS, ISSUE, TAGS, Fields
from sentry_sync.store.types import to_json
from sentry_sync.store.upserts import RULES

BATCH = 500
"""Rows in a transaction: a sync under way waits for one, which is tens of milliseconds even of bodies."""


@dataclass(frozen=True, slots=True)
class Held:
    """One row: its key, and of its fields those that hold what users or their programs wrote."""

    key: int
    row: Any


def kinds() -> list[type]:
    """The kinds of rows that hold such fields."""
    return list(FIELDS)


def table_of(kind: type) -> str:
    """The table that has the rows of ``kind``."""
    return RULES[kind].table.name


def batch(connection: Connection, kind: type, after: int) -> list[Held]:
    """The next rows of ``kind``, by key."""
    names = list(FIELDS[kind])
    listed = ", ".join(map(quote, names))
    statement = f"SELECT rowid, {listed} FROM {table_of(kind)} WHERE rowid > ? ORDER BY rowid LIMIT {BATCH}"  # noqa: S608 (our own names)
    rows = connection.exec_driver_sql(statement, (after,)).all()
    return [Held(row[0], _decoded(kind, dict(zip(names, row[1:], strict=True)))) for row in rows]


def every(connection: Connection, kind: type) -> Iterator[Held]:
    """All rows of ``kind``, by key."""
    after = -1
    while found := batch(connection, kind, after):
        yield from found
        after = found[-1].key


def rewrite(
    connection: Connection, kind: type, rows: Sequence[Held], change: Callable[[type, Any], Fields]
) -> int:
    """Write those of ``rows`` again that ``change`` says have other fields; how many."""
    changed = 0
    for held in rows:
        fields = change(kind, held.row)
        if not fields:
            continue
        values = [_encoded(FIELDS[kind][name], value) for name, value in fields.items()]
        named = ", ".join(f"{quote(name)} = ?" for name in fields)
        # Two names that are one once scrubbed would be rows of one key.
        statement = f"UPDATE OR REPLACE {table_of(kind)} SET {named} WHERE rowid = ?"  # noqa: S608
        connection.exec_driver_sql(statement, (*values, held.key))
        changed += 1
    return changed


def _decoded(kind: type, values: Mapping[str, Any]) -> Any:
    return SimpleNamespace(**{name: _read(FIELDS[kind][name], value) for name, value in values.items()})


def _read(what: str, value: Any) -> Any:
    if what == TAGS:
        return orjson.loads(value) if value else {}
    if what == BODY:
        return orjson.loads(bodies.unpack(value))
    return bodies.unpack(value) if what == ISSUE else value


def _encoded(what: str, value: Any) -> Any:
    if what == TAGS:
        return to_json(value)
    if what == BODY:
        return bodies.pack(orjson.dumps(value))
    return bodies.pack(value) if what == ISSUE else value

"""Reading what can still be read of a damaged store: row by row, past the pages that are broken.

A page that can't be read loses the rows on it and no others; one higher up in a table's tree loses those below it.
Values of a type that the column never holds, and bodies that can't be unpacked, are left behind as well.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import zstandard
from sqlalchemy import Column, Float, Table, Text

from sentry_sync.store import database, tables
from sentry_sync.store.bodies import unpack
from sentry_sync.store.sqlite import BROKEN
from sentry_sync.store.types import EventId, Tags

FORGOTTEN = (
    "marks",
    "passes",
    "coverage",
    "schedule",
    "wishes",
    "window_sizes",
    "leases",
    "capabilities",
    "retention",
    "doubts",
    "project_stats",
    "lake_parts",
    "lake_spans",
    "lake_changes",
    "lake_counter",
)
"""Tables that are not saved. The first three say what is held whole: after a loss nobody can. The lake is
published again, and the others are learned again, with the first syncs. Every other table is saved, since each has
rows that Sentry may no longer serve: what is older than its retention, what changed between two looks, what was
deleted or merged."""

LAST_KEY = 2**63 - 1
"""Of any row in SQLite."""

EVENT_ID_BYTES = 16

BLOCK = 500
"""Rows read at once while all is well."""

NEAR = 1_000
"""More rows than a page of 4 kB has room for."""

Row = tuple[Any, ...]
Read = Callable[[int, int], list[Row]]
"""At most so many rows from that key on, in its order; the key comes first. Raises where they can't be read."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of one table."""

    table: str
    rows: int
    holes: int
    """Places where rows are lost, each one row or more."""


def salvage(damaged: Path, into: Path) -> list[Saved]:
    """Copy every row that can be read of ``damaged`` into the fresh store at ``into``."""
    with (
        closing(database.connect(f"file:{database.quoted(damaged)}?mode=ro")) as source,
        closing(database.connect(f"file:{database.quoted(into)}")) as target,
    ):
        return [_copy(source, target, table) for table in tables.metadata.tables.values() if _is_saved(table)]


def readable(read: Read, hole: Callable[[], None]) -> Iterator[Row]:
    """Every row that can be read, in the order of its key; ``hole`` is called for each stretch that can't."""
    key, limit = -LAST_KEY, BLOCK
    while key <= LAST_KEY:
        try:
            rows = read(key, limit)
        except BROKEN:
            if limit == 1:
                hole()
                # No key of ours is below 1: SQLite counts from there.
                key, limit = _past(read, max(key, 0)), BLOCK
            else:
                limit = 1
            continue
        if not rows:
            return
        yield from rows
        # A broken page may give keys in any order: go on all the same.
        key = max(key, rows[-1][0]) + 1


def _past(read: Read, bad: int) -> int:
    """The first key after ``bad`` from which reading works again.

    One by one as far as a page may reach, then in strides of an eighth of the way: whatever is sound and shorter
    than that, between two broken stretches that are longer, may be passed over.
    """
    low, stride = bad, 1
    while low + stride <= LAST_KEY and not _works(read, low + stride):
        low += stride
        stride = 1 if low - bad < NEAR else (low - bad) // 8
    good = min(low + stride, LAST_KEY + 1)
    while good - low > 1:
        middle = (low + good) // 2
        low, good = (low, middle) if _works(read, middle) else (middle, good)
    return good


def _works(read: Read, key: int) -> bool:
    try:
        read(key, 1)
    except BROKEN:
        return False
    return True


def _is_saved(table: Table) -> bool:
    return table.name not in FORGOTTEN


def _copy(source: sqlite3.Connection, target: sqlite3.Connection, table: Table) -> Saved:
    holes = 0

    def hole() -> None:
        nonlocal holes
        holes += 1

    try:
        held = {row[0] for row in source.execute("SELECT name FROM pragma_table_info(?)", (table.name,))}
    except BROKEN:  # not even the names of tables can be read
        return Saved(table.name, 0, 1)
    columns = [column for column in table.columns if column.name in held]
    if not columns:
        return Saved(table.name, 0, 1)
    rows = _sound(readable(_reading(source, table.name, columns), hole), columns, hole)
    return Saved(table.name, _insert(target, table.name, columns, rows), holes)


def _reading(source: sqlite3.Connection, table: str, columns: list[Column[Any]]) -> Read:
    names = ", ".join(f'"{column.name}"' for column in columns)
    statement = f"SELECT rowid, {names} FROM {table} WHERE rowid >= ? ORDER BY rowid LIMIT ?"  # noqa: S608 (our names)
    return lambda key, limit: source.execute(statement, (key, limit)).fetchall()


def _sound(rows: Iterator[Row], columns: list[Column[Any]], hole: Callable[[], None]) -> Iterator[Row]:
    checks = [_check_of(column) for column in columns]
    for _, *row in rows:
        if all(value is None or check(value) for check, value in zip(checks, row, strict=True)):
            yield tuple(row)
        else:
            hole()


def _insert(target: sqlite3.Connection, table: str, columns: list[Column[Any]], rows: Iterator[Row]) -> int:
    names, marks = ", ".join(f'"{column.name}"' for column in columns), ", ".join("?" * len(columns))
    before = target.total_changes
    target.execute("BEGIN")
    # IGNORE: a broken page may hold a row twice, or one without what it can't be without.
    target.executemany(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", rows)  # noqa: S608 (our names)
    target.execute("COMMIT")
    return target.total_changes - before


def _check_of(column: Column[Any]) -> Callable[[Any], bool]:
    """Whether a value could be the column's: what is read back later must not fail then."""
    if column.name in ("body", "raw"):
        return _unpacks
    if isinstance(column.type, EventId):
        return lambda value: isinstance(value, bytes) and len(value) == EVENT_ID_BYTES
    if isinstance(column.type, Tags):
        return _is_json
    kinds = (str,) if isinstance(column.type, Text) else (int, float) if isinstance(column.type, Float) else (int,)
    return lambda value: isinstance(value, kinds)


def _unpacks(value: object) -> bool:
    try:
        return isinstance(value, bytes) and bool(unpack(value))
    except zstandard.ZstdError:
        return False


def _is_json(value: object) -> bool:
    try:
        return isinstance(value, str) and isinstance(orjson.loads(value), dict)
    except orjson.JSONDecodeError:
        return False

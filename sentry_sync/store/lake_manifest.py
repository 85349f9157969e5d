"""``manifest.json``: which files of the lake belong together, for readers that do not read SQLite."""

from __future__ import annotations

import os
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from sentry_sync.store.columns import COLUMNS, KINDS
from sentry_sync.store.lake_file import sync_folder
from sentry_sync.store.lake_parts import Part, parts
from sentry_sync.store.lake_resources import RESOURCES
from sentry_sync.store.moments import from_micros

NAME = "manifest.json"
FORMAT = 1
"""Raised when a reader of the one before would read it wrongly."""


def write(folder: Path, connection: sqlite3.Connection, now: datetime) -> None:
    """Put a new manifest in the place of the old one, unless it would say the same."""
    path = folder / NAME
    counter = connection.execute("SELECT counter FROM lake_counter").fetchone()[0]
    said = {"format": FORMAT, "counter": counter, "resources": dict(_resources(connection))}
    try:
        before = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        before = {}
    if {**before, "published_at": None} == {**orjson.loads(orjson.dumps(said)), "published_at": None}:
        return
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        file.write(orjson.dumps({**said, "published_at": now}, option=orjson.OPT_INDENT_2))
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    sync_folder(folder)


def _resources(connection: sqlite3.Connection) -> list[tuple[str, dict[str, Any]]]:
    return [
        (
            name,
            {
                "columns": {column: KINDS[kind].lake for column, kind in COLUMNS[name].items()},
                "time": resource.time,
                "sorted_by": resource.order,
                "rows": sum(part.rows for part in found),
                "parts": [_part(connection, part) for part in found],
            },
        )
        for name, resource in RESOURCES.items()
        for found in [parts(connection, name)]
    ]


def _part(connection: sqlite3.Connection, part: Part) -> dict[str, Any]:
    changed = connection.execute(
        "SELECT count(*) FROM lake_changes WHERE resource = ? AND at >= ? AND at < ?",
        (part.resource, part.start, part.end),
    ).fetchone()[0]
    return {
        "file": part.file,
        "from": from_micros(part.start),
        "until": from_micros(part.end),
        "rows": part.rows,
        "first": None if part.first is None else from_micros(part.first),
        "last": None if part.last is None else from_micros(part.last),
        "size": part.size,
        "sha256": part.checksum,
        "counter": part.counter,
        "changed_since": changed,
    }

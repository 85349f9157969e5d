"""Writing one part: its rows through DuckDB into a Parquet file that is whole or not there."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sentry_sync.errors import StoreError, StoreUnwritable
from sentry_sync.store import lake_union
from sentry_sync.store.columns import COLUMNS, quote
from sentry_sync.store.lake_parts import Part, Source, Span, checksum, source
from sentry_sync.store.lake_plan import named
from sentry_sync.store.lake_resources import Resource

if TYPE_CHECKING:
    import duckdb

MEMORY = "1GB"
"""What DuckDB may take to sort a part; a month that needs more goes through the disk, beside the lake."""

FORMAT = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880"
"""zstd takes a third less than Snappy. The encodings are those of Parquet 1, which every reader knows."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is settled of a part before it is written."""

    resource: Resource
    span: Span
    counter: int
    at: int
    token: str
    """Of its name: names are never used twice, so that a file is what its list says or is not there."""


def write(folder: Path, connection: sqlite3.Connection, found: Source, draft: Draft) -> Part:
    """The part, with all rows of the span as ``connection``'s snapshot has them.

    What of older parts is still true is taken from them. Should that give another number of rows than SQLite has,
    a file was damaged, and all rows are taken from SQLite. Raises StoreUnwritable when it can't be written.
    """
    wanted = _count(connection, draft)
    for way in (found, source(connection, draft.resource.name, (), draft.span)):
        try:
            part = _write(folder, connection, way, draft)
        except _Damaged:
            continue
        if part.rows == wanted:
            return part
        if part.file:
            (folder / part.file).unlink(missing_ok=True)
    raise StoreError(
        f"{draft.resource.name} could not be published: DuckDB and SQLite count different rows; please report it"
    )


class _Damaged(Exception):
    """An older part can't be read."""


def _count(connection: sqlite3.Connection, draft: Draft) -> int:
    time = quote(draft.resource.time)
    statement = f"SELECT count(*) FROM {draft.resource.name} WHERE {time} >= ? AND {time} < ?"  # noqa: S608 (our own names)
    return int(connection.execute(statement, draft.span).fetchone()[0])


def _write(folder: Path, connection: sqlite3.Connection, found: Source, draft: Draft) -> Part:
    name = draft.resource.name
    (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = folder / name / f"{draft.token}.part"
    empty = Part(name, *draft.span, None, 0, None, None, 0, None, draft.counter, draft.at)
    try:
        rows, first, last = _copy(folder, connection, found, unfinished)
        part = named(replace(empty, rows=rows, first=first, last=last), draft.token)
        if part.file is None:
            return part
        size, digest = _seal(unfinished, folder / part.file)
        return replace(part, size=size, checksum=digest)
    finally:
        unfinished.unlink(missing_ok=True)


def _copy(
    folder: Path, connection: sqlite3.Connection, found: Source, into: Path
) -> tuple[int, int | None, int | None]:
    resource, columns = found.resource, list(COLUMNS[found.resource.name])
    with _session(folder, found) as session:
        rows = lake_union.union(session, connection, found, columns, folder)
        order = ", ".join(map(quote, resource.order))
        target = lake_union.literal(str(into))
        session.execute(f"COPY (SELECT * FROM ({rows}) ORDER BY {order}) TO {target} ({FORMAT})")  # noqa: S608
        at = f"epoch_us({quote(resource.time)})"
        told = session.execute(f"SELECT count(*), min({at}), max({at}) FROM read_parquet({target})").fetchone()  # noqa: S608
    if told is None:
        raise _Damaged
    return told


def spill_of(folder: Path) -> Path:
    """Where rows go while they are sorted, if memory is short."""
    return folder / "spill"


@contextmanager
def _session(folder: Path, found: Source) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB of its own; what it says is told by kind alone, since it may quote a row."""
    import duckdb

    spill = spill_of(folder)
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "threads": "2",
        "temp_directory": str(spill),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "python_enable_replacements": "false",
    }
    try:
        with closing(duckdb.connect(":memory:", config=config)) as session:
            session.execute("SET enable_progress_bar = false")
            session.execute("CREATE SCHEMA stored")
            yield session
    except duckdb.Error as error:
        # An older part may be what can't be read; without one it is the new file that can't be written.
        if found.whole or found.touched:
            raise _Damaged from error
        raise StoreUnwritable(
            f"the lake at {folder} could not be written ({type(error).__name__}): free space on its disk, or let "
            "us write there"
        ) from None
    finally:
        with suppress(OSError):
            spill.rmdir()


def _seal(unfinished: Path, path: Path) -> tuple[int, str | None]:
    """Bring the file to the disk and under its name; its size and checksum."""
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    # Nobody writes it any more: neither we, nor a statement that slipped through every other wall.
    unfinished.chmod(0o400)
    unfinished.rename(path)
    sync_folder(path.parent)
    return path.stat().st_size, checksum(path)


def sync_folder(folder: Path) -> None:
    """Bring to the disk which files a folder has."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

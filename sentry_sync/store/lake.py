"""The lake: older rows of the large tables as Parquet, for DuckDB and whatever else reads it.

SQLite stays the only truth and holds every row: the lake can be deleted at any time and loses nothing. A part is
made in three steps, and a process that dies between any two of them leaves the lake as it was:

1. in SQLite: watch the span, so that each change from now on is written down;
2. the file: written from one snapshot under a temporary name, synced, renamed;
3. in SQLite: the part is listed, those it replaces are not any more, the changes that it has are let go of.

A reader's snapshot of SQLite thus names the very files that belong to it. Files are never changed, and go some
time after they were listed last. ``manifest.json`` tells the same to whoever does not read SQLite.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sentry_sync.errors import StoreBusy, StoreUnwritable
from sentry_sync.records.clock import Clock
from sentry_sync.store import lake_manifest, lake_plan, locks
from sentry_sync.store.lake_file import Draft, spill_of, write
from sentry_sync.store.lake_parts import Part, Span, parts, source, usable
from sentry_sync.store.lake_resources import RESOURCES, Resource
from sentry_sync.store.moments import to_micros
from sentry_sync.store.paths import unwritable
from sentry_sync.store.reading import reading
from sentry_sync.store.store import Store

GRACE_SECONDS = 600.0
"""How long a file stays after it was listed last: a statement that began before ends long before."""

BUSY = "another process is writing the lake: try again when it is done"

LAST_MOMENT = 253_402_300_800_000_000
"""The end of year 9999, in microseconds. Rows of other times, which no clock had, stay in SQLite."""

Stop = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Published:
    """What a run wrote."""

    parts: int
    rows: int
    bytes: int
    seconds: float


class Lake:
    """Publishes one store's rows. Cheap to make; DuckDB is loaded only when there is something to write."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        # What lies there is for every reader, whatever this one may see.
        self._paths = replace(store.paths, projects=())
        self._clock = clock

    def publish(self, stop: Stop = lambda: False) -> Published:
        """Write the parts that are due, and remove files that nobody can be reading any more.

        Does nothing while another process publishes. Raises StoreUnwritable when the lake can't be written (then
        it is as it was), and another StoreError where the store can't be used.
        """
        try:
            with self._alone(patience=0):
                return self._publish(stop)
        except StoreBusy:
            return Published(0, 0, 0, 0.0)

    def rebuild(self) -> Published:
        """Forget all parts and publish everything anew. Raises StoreBusy while another process publishes."""
        with self._alone(patience=locks.PATIENCE_SECONDS):
            with self._store.write() as uow:
                uow.lake.forget()
            return self._publish(lambda: False)

    def purge(self) -> None:
        """Delete every file at once, of replaced parts too, and publish everything anew.

        A statement that is reading one fails, and is right when it is asked again. Raises StoreBusy while another
        process publishes.
        """
        with self._alone(patience=locks.PATIENCE_SECONDS), _explained(self._paths.lake):
            with self._store.write() as uow:
                uow.lake.forget()
            for path in (*self._paths.lake.glob("*/*.parquet"), *self._paths.lake.glob("*/*.part")):
                path.unlink(missing_ok=True)
            with contextlib.suppress(FileNotFoundError):
                # What a process that was killed left of a part it was sorting.
                shutil.rmtree(spill_of(self._paths.lake))
            self._publish(lambda: False)

    def _publish(self, stop: Stop) -> Published:
        began = time.monotonic()
        made: list[Part] = []
        with _explained(self._paths.lake):
            for resource in RESOURCES.values():
                for span in self._due(resource):
                    if stop():
                        break
                    made.append(self._part(resource, span))
            with reading(self._paths) as connection:
                lake_manifest.write(self._paths.lake, connection, self._clock.now())
            self._sweep()
        return Published(
            len(made), sum(part.rows for part in made), sum(part.size for part in made), time.monotonic() - began
        )

    def _due(self, resource: Resource) -> list[Span]:
        with reading(self._paths) as connection:
            listed = parts(connection, resource.name)
            held = usable(self._paths.lake, listed)
            now = self._clock.now()
            state = lake_plan.State(
                held,
                [part for part in listed if part not in held],
                list(_changes(connection, held)),
                _waiting(connection, resource, held, lake_plan.horizon(now, resource.settled)),
                resource.settled,
                resource.together,
            )
        return lake_plan.due(state, now)

    def _part(self, resource: Resource, span: Span) -> Part:
        with self._store.write() as uow:
            counter = uow.lake.watch(resource.name, span)
        with reading(self._paths) as connection:
            listed = parts(connection, resource.name)
            found = source(connection, resource.name, usable(self._paths.lake, listed), span)
            draft = Draft(resource, span, counter, to_micros(self._clock.now()), secrets.token_hex(6))
            part = write(self._paths.lake, connection, found, draft)
        replaced = [old for old in listed if old.within(span) and old.file]
        self._retire(replaced)
        with self._store.write() as uow:
            uow.lake.publish(part)
        return part

    def _retire(self, replaced: list[Part]) -> None:
        """Let the time of grace begin, before the files are listed no more: for a process killed in between."""
        for part in replaced:
            with contextlib.suppress(FileNotFoundError):
                os.utime(self._paths.lake / str(part.file))

    def _sweep(self) -> None:
        """Remove the files that nobody lists, a while after they were last listed or begun."""
        with reading(self._paths) as connection:
            listed = {part.file for name in RESOURCES for part in parts(connection, name)}
        for path in (*self._paths.lake.glob("*/*.parquet"), *self._paths.lake.glob("*/*.part")):
            name = str(path.relative_to(self._paths.lake))
            if name not in listed and time.time() - path.stat().st_mtime > GRACE_SECONDS:
                path.unlink(missing_ok=True)

    @contextmanager
    def _alone(self, patience: float) -> Iterator[None]:
        self._paths.create()
        with locks.held(self._paths.lake_lock, self._clock, patience=patience, busy=BUSY):
            yield


def _changes(connection: sqlite3.Connection, held: list[Part]) -> Iterator[tuple[Part, int, bool]]:
    for part in held:
        count, gone = connection.execute(
            "SELECT count(*), max(gone) FROM lake_changes WHERE resource = ? AND at >= ? AND at < ?",
            (part.resource, part.start, part.end),
        ).fetchone()
        if count:
            yield part, count, bool(gone)


def _waiting(
    connection: sqlite3.Connection, resource: Resource, held: list[Part], until: int
) -> list[tuple[int, int]]:
    """Rows by day that no part covers."""
    time_of, day = f'"{resource.time}"', lake_plan.DAY
    found: dict[int, int] = {}
    for start, end in source(connection, resource.name, held, (0, LAST_MOMENT)).gaps:
        rows = connection.execute(
            f"SELECT {time_of} - {time_of} % {day}, count(*) FROM {resource.name} "  # noqa: S608 (our own names)
            f"WHERE {time_of} >= ? AND {time_of} < ? GROUP BY 1",
            (start, min(end, until)),
        )
        for first, count in rows:
            found[first] = found.get(first, 0) + count
    return sorted(found.items())


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unwritable(folder, error) from error
    except sqlite3.Error as error:
        raise StoreUnwritable(f"the lake at {folder} could not be written ({type(error).__name__})") from error

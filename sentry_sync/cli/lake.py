"""``sentry-sync lake``: the copy's older rows as Parquet."""

from __future__ import annotations

from contextlib import closing

from sentry_sync.cli import output
from sentry_sync.cli.connect import store_of
from sentry_sync.cli.settings import Settings
from sentry_sync.errors import StoreError
from sentry_sync.records.clock import Clock, SystemClock
from sentry_sync.store.lake import Lake
from sentry_sync.store.lake_parts import Part, checksum, parts
from sentry_sync.store.lake_resources import RESOURCES
from sentry_sync.store.moments import from_micros
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.reading import reading

REBUILD = "run `sentry-sync lake rebuild`"


def show(settings: Settings, *, as_json: bool) -> None:
    """Say what each resource has in the lake."""
    paths = StorePaths(settings.store)
    rows = []
    with reading(paths) as connection:
        for name in RESOURCES:
            found = parts(connection, name)
            changed = connection.execute(
                "SELECT count(*) FROM lake_changes WHERE resource = ?", (name,)
            ).fetchone()
            span = (from_micros(found[0].start), from_micros(found[-1].end)) if found else (None, None)
            size, held = sum(part.size for part in found), sum(part.rows for part in found)
            rows.append((name, len(found), held, size, *span, changed[0]))
    if as_json:
        names = ("resource", "parts", "rows", "bytes", "from", "until", "changed_since")
        output.document({"lake": paths.lake, "resources": [dict(zip(names, row, strict=True)) for row in rows]})
        return
    headings = ("RESOURCE", "PARTS", "ROWS", "SIZE", "FROM", "UNTIL", "CHANGED SINCE")
    output.table(headings, [[*row[:3], output.size(row[3]), *row[4:]] for row in rows])


def check(settings: Settings, *, as_json: bool) -> None:
    """Say that each file is what was published; raises StoreError naming the first that is not."""
    paths = StorePaths(settings.store)
    with reading(paths) as connection:
        found = [part for name in RESOURCES for part in parts(connection, name) if part.file]
    for part in found:
        _check(paths, part)
    if as_json:
        output.document({"lake": paths.lake, "files": len(found), "ok": True})
    else:
        output.line(f"{paths.lake}: {len(found)} files, sound")


def _check(paths: StorePaths, part: Part) -> None:
    path = paths.lake / str(part.file)
    if not path.exists():
        raise StoreError(f"{path} is gone: the next sync writes it anew, or {REBUILD}")
    if checksum(path) != part.checksum:
        raise StoreError(f"{path} is not what was published: {REBUILD}")


def rebuild(settings: Settings, *, as_json: bool, clock: Clock | None = None) -> None:
    """Write the lake anew and say what was written."""
    clock = clock or SystemClock()
    with closing(store_of(settings, clock)) as store:
        with reading(store.paths):
            pass  # there must be a store, of this schema
        done = Lake(store, clock).rebuild()
    if as_json:
        output.document({"lake": store.paths.lake, "parts": done.parts, "rows": done.rows, "bytes": done.bytes})
    else:
        output.line(f"{store.paths.lake}: {done.rows} rows in {done.parts} parts, {output.size(done.bytes)}")

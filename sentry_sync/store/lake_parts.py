"""What of a resource lies in the lake, and what SQLite has instead: read in one snapshot of the store."""

from __future__ import annotations

import hashlib
import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sentry_sync.store.lake_resources import RESOURCES, Resource

BEGIN, END = -(2**63), 2**63 - 1
"""All time, in microseconds."""

Span = tuple[int, int]
"""From, included, and until, not included: microseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Part:
    """All rows of a resource within one span of time, in one file that is never changed."""

    resource: str
    start: int
    end: int
    file: str | None
    """Its path within the lake; None where the span has no row."""
    rows: int
    first: int | None
    last: int | None
    """The times of its first and last row."""
    size: int
    checksum: str | None
    """SHA-256 of the file."""
    counter: int
    """The store's change counter that it was made at."""
    published_at: int

    def within(self, span: Span) -> bool:
        """Whether it lies in ``span`` as a whole."""
        return span[0] <= self.start and self.end <= span[1]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the rows of a resource are to be read from, of all time or of one span."""

    resource: Resource
    whole: tuple[Part, ...]
    """Parts of which every row stands."""
    touched: tuple[Part, ...]
    """Parts of which some rows were changed since."""
    changed: tuple[tuple[int, str], ...]
    """The time and subject of those rows."""
    gaps: tuple[Span, ...]
    """The time that no part covers."""
    name: str
    """What the rows are read as: the resource's own name, or that of a relation with some of its rows."""
    condition: str | None = None
    """Which of its rows, in SQL."""

    def statements(self, columns: Iterable[str]) -> Iterator[tuple[str, tuple[object, ...]]]:
        """SQLite's statements for the rows that are not in the lake, or no longer as they are there."""
        table, time, subject = self.resource.name, self.resource.time, self.resource.subject
        names = ", ".join(f'r."{name}"' for name in columns)
        among = f" AND r.{self.condition}" if self.condition else ""
        for start, end in self.gaps:
            of_gap = f'SELECT {names} FROM {table} AS r WHERE r."{time}" >= ? AND r."{time}" < ?{among}'  # noqa: S608 (our names)
            yield of_gap, (start, end)
        same = f' AND r."{subject}" = c.subject' if subject else ""
        for part in self.touched:
            # CROSS JOIN keeps the order: from the few changes to their rows, by an index.
            of_changes = (
                f'SELECT {names} FROM lake_changes AS c CROSS JOIN {table} AS r ON r."{time}" = c.at{same} '  # noqa: S608
                f"WHERE c.resource = ? AND c.at >= ? AND c.at < ?{among}"
            )
            yield of_changes, (table, part.start, part.end)


_PARTS = (
    'SELECT resource, start, "end", file, rows, first, last, size, checksum, counter, published_at '
    "FROM lake_parts WHERE resource = ? ORDER BY start"
)
_CHANGED = "SELECT at, subject FROM lake_changes WHERE resource = ? AND at >= ? AND at < ?"


def parts(connection: sqlite3.Connection, resource: str) -> list[Part]:
    """The parts that were published, by their time."""
    return [Part(*row) for row in connection.execute(_PARTS, (resource,))]


def usable(folder: Path, found: Iterable[Part]) -> list[Part]:
    """Those of the parts whose file is there in its full size: the rows of the others are read from SQLite."""
    return [part for part in found if part.file is None or _size(folder / part.file) == part.size]


def checksum(path: Path) -> str | None:
    """SHA-256 of a file; None for one that can't be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def source(
    connection: sqlite3.Connection,
    resource: str,
    held: Sequence[Part],
    within: Span = (BEGIN, END),
) -> Source:
    """Where to read the rows of ``within`` from, given the parts that are usable."""
    mine = [part for part in held if part.within(within)]
    starts = [part.start for part in mine]
    changed: list[tuple[int, str]] = []
    touched: set[int] = set()
    if mine:
        for at, subject in connection.execute(_CHANGED, (resource, mine[0].start, mine[-1].end)):
            place = bisect_right(starts, at) - 1
            if at < mine[place].end:
                changed.append((at, subject))
                touched.add(place)
    files = [(place in touched, part) for place, part in enumerate(mine)]
    return Source(
        RESOURCES[resource],
        tuple(part for is_touched, part in files if not is_touched),
        tuple(part for is_touched, part in files if is_touched),
        tuple(changed),
        tuple(_gaps(mine, within)),
        resource,
    )


def _gaps(found: Iterable[Part], within: Span) -> Iterator[Span]:
    reached = within[0]
    for part in found:
        if part.start > reached:
            yield reached, part.start
        reached = part.end
    if reached < within[1]:
        yield reached, within[1]

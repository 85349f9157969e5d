"""What the store holds, read by plain SQL: the oracle shares no reading code with the program."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Row = dict[str, Any]


def micros(moment: datetime) -> int:
    """Microseconds since 1970, as the store has them."""
    return (moment - EPOCH) // timedelta(microseconds=1)


class Held:
    """A store's rows. Times are microseconds, as they are stored."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    @property
    def connection(self) -> sqlite3.Connection:
        """A connection of its own that cannot write."""
        if self._connection is None:
            self._connection = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, isolation_level=None)
        return self._connection

    @property
    def there(self) -> bool:
        """Whether there is a store at all."""
        return self._path.exists()

    def rows(self, table: str, where: str = "1") -> list[Row]:
        """The rows of a table."""
        cursor = self.connection.execute(f"SELECT * FROM {table} WHERE {where}")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def covered(self, resource: str) -> list[tuple[str, int, int]]:
        """Scope, start and end of the time known complete; not of what is only known approximately."""
        query = 'SELECT scope, start, "end" FROM coverage WHERE resource = ? AND NOT approximate'
        return [(scope, start, end) for scope, start, end in self.connection.execute(query, (resource,))]

    def known(self) -> set[tuple[str, str, int]]:
        """Resource, scope and hour of all that is called known, and stream, scope and time of marks."""
        hour = 3_600_000_000
        query = 'SELECT resource, scope, start, "end" FROM coverage'
        covered = {
            (resource, scope, at)
            for resource, scope, start, end in self.connection.execute(query)
            for at in range(start // hour, end // hour + 1)
        }
        marks = {tuple(row) for row in self.connection.execute("SELECT stream, scope, as_of FROM marks")}
        return covered | marks

    def changes(self) -> tuple[int, ...]:
        """What changes when anybody writes."""
        return tuple(self.connection.execute("PRAGMA data_version").fetchone())

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

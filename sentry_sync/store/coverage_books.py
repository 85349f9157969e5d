"""What time is known complete of which resource and scope: added to, and taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from sentry_sync.records.intervals import Interval, subtract, union
from sentry_sync.store import tables
from sentry_sync.store.reads.prepared import Change, Prepared, below

_known, _passes = tables.coverage.c, tables.passes.c

# Built once: these run with every page.
_OF = (_known.resource == bindparam("of"), _known.scope == bindparam("within"))
_COVERAGE_OF = Prepared(select(tables.coverage).where(*_OF))
_SCOPES_OF = Prepared(select(_known.scope).where(_known.resource == bindparam("of")).distinct())
_FORGET_COVERAGE = Change(delete(tables.coverage).where(*_OF))
_WRITE_COVERAGE = Change(insert(tables.coverage), *_known.keys())
_END_READING = Change(
    update(tables.passes)
    .where(
        # What reads a resource by windows is named after it, and issues have a stream of each kind.
        or_(_passes.stream == bindparam("of"), _passes.stream == bindparam("hot")),
        _passes.scope == bindparam("within"),
        or_(_passes.state == "running", _passes.state == "failed"),
        _passes.start < bindparam("until"),
        _passes.end > bindparam("since"),
        _passes.id.is_not(bindparam("by")),
    )
    .values(state="abandoned", error="part of its time was taken back to be read again")
)


@dataclass(frozen=True, slots=True)
class How:
    """In what way a time is known."""

    source: str
    approximate: bool
    resolution: int | None
    """Seconds."""


class CoverageBooks:
    """Reads and writes what is covered."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def cover(self, resource: str, scope: str, interval: Interval, how: How) -> None:
        """Say that ``interval`` is known complete for the resource and scope."""
        kept = self._without(resource, scope, interval)
        alike = [part for part, told in kept if told == how]
        others = [(part, told) for part, told in kept if told != how]
        merged = [(part, how) for part in union([*alike, interval])]
        self.write(resource, scope, others + merged)

    def uncover(self, resource: str, scope: str, interval: Interval, *, by: int | None = None) -> None:
        """Take back that ``interval`` is known: it is to be read again.

        A pass that has read part of it and is not through may not say at its end that it knows it: it ends here.
        ``by`` is the pass that is about to read it again itself.
        """
        window = {"since": interval.start, "until": interval.end}
        _END_READING.run(
            self._connection, {"of": resource, "hot": f"{resource}.hot", "within": scope, "by": by, **window}
        )
        self.write(resource, scope, self._without(resource, scope, interval))

    def withdraw(self, resource: str, scope: str, interval: Interval) -> None:
        """Take back that ``interval`` is known: its rows are dropped, and are not to be read again."""
        if any(row.start < interval.end for row in self._rows(resource, scope)):
            self.write(resource, scope, self._without(resource, scope, interval))

    def scopes_of(self, resource: str) -> set[str]:
        """The scopes that any time of the resource is known for."""
        return {row.scope for row in _SCOPES_OF.all(below(self._connection), {"of": resource})}

    def _without(self, resource: str, scope: str, interval: Interval) -> list[tuple[Interval, How]]:
        return [
            (part, How(row.source, row.approximate, row.resolution))
            for row in self._rows(resource, scope)
            for part in subtract([Interval(row.start, row.end)], interval)
        ]

    def intervals(self, resource: str, scope: str) -> list[Interval]:
        """The time that is known of the resource and scope."""
        return [Interval(row.start, row.end) for row in self._rows(resource, scope)]

    def _rows(self, resource: str, scope: str) -> list[Any]:
        return _COVERAGE_OF.all(below(self._connection), {"of": resource, "within": scope})

    def write(self, resource: str, scope: str, parts: list[tuple[Interval, How]]) -> None:
        """Put ``parts`` in the place of all that is known of the resource and scope."""
        _FORGET_COVERAGE.run(self._connection, {"of": resource, "within": scope})
        for part, how in parts:
            _WRITE_COVERAGE.run(
                self._connection,
                {
                    "resource": resource,
                    "scope": scope,
                    "start": part.start,
                    "end": part.end,
                    "source": how.source,
                    "approximate": how.approximate,
                    "resolution": how.resolution,
                },
            )

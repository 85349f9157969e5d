"""What the store knows about its own rows: marks, coverage, passes, capabilities."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Select, TableValuedAlias, Text, bindparam, func, literal_column, select, true

from sentry_sync.records.intervals import Interval
from sentry_sync.store import lease, tables
from sentry_sync.store.reads.prepared import Prepared, Snapshot


@dataclass(frozen=True, slots=True)
class Covered:
    """A time known complete, on whose word, and whether the server sampled."""

    interval: Interval
    source: str
    approximate: bool


@dataclass(frozen=True, slots=True)
class LastPass:
    """The newest run of a stream over a scope."""

    stream: str
    state: str
    pages: int
    error: str | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Rejected:
    """Rows of a stream that could not be read, and so are missing."""

    stream: str
    most: int
    """In one pass; passes overlap, so the same row may have been refused by several."""
    reason: str | None
    since: datetime


@dataclass(frozen=True, slots=True)
class Failing:
    """A stream whose last turns failed."""

    stream: str
    failures: int
    """Turns in a row."""
    error: str | None
    due_at: datetime
    """When it is tried again: not while whoever syncs rests."""
    at: datetime
    """When the last one did."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of some streams and resources, all of one snapshot."""

    marks: Mapping[tuple[str, str], datetime]
    """Stream and scope: when the last complete pass was true."""
    coverage: Mapping[tuple[str, str], Sequence[Covered]]
    """Resource and scope."""
    passes: Sequence[LastPass]
    rejected: Sequence[Rejected]
    capabilities: Mapping[str, bool]
    retention: Mapping[str, datetime]
    """By resource: the oldest row that the server still listed."""
    failing: Sequence[Failing] = ()

    def as_of(self, stream: str, *scopes: str) -> datetime | None:
        """The newest moment at which a complete pass of ``stream`` over one of ``scopes`` was true."""
        found = [self.marks[stream, scope] for scope in scopes or ("",) if (stream, scope) in self.marks]
        return max(found, default=None)

    def covered(self, resource: str, *scopes: str) -> list[Covered]:
        """The known time of ``resource`` in all of ``scopes``."""
        return [part for scope in scopes or ("",) for part in self.coverage.get((resource, scope), ())]

    def rung(self, resource: str, *scopes: str) -> str | None:
        """Where the newest known rows of ``resource`` came from; None while none are known."""
        newest = max(self.covered(resource, *scopes), key=lambda part: part.interval.end, default=None)
        return newest.source if newest else None


def listed(parameter: str) -> TableValuedAlias:
    """The members of a JSON array parameter as a table of ``value``: one statement for any number of them."""
    return func.json_each(bindparam(parameter, type_=Text)).table_valued("value", name=f"{parameter}_list")


def as_list(values: Sequence[str | int]) -> str:
    """``values`` as the parameter of :func:`listed`."""
    return orjson.dumps(values).decode()


def _newest_passes() -> Select[Any]:
    passes, inner = tables.passes, tables.passes.alias("inner_passes")
    streams, scopes = listed("streams"), listed("scopes")
    newest = (
        select(func.max(inner.c.id))
        .where(inner.c.stream == streams.c.value, inner.c.scope == scopes.c.value)
        .correlate(streams, scopes)
        .scalar_subquery()
    )
    return select(
        passes.c.stream, passes.c.state, passes.c.pages, passes.c.error, passes.c.updated_at
    ).select_from(streams.join(scopes, true()).join(passes, passes.c.id == newest))


def _rejected() -> Select[Any]:
    passes = tables.passes
    return (
        select(
            passes.c.stream,
            func.max(passes.c.rejected).label("most"),
            func.max(passes.c.reject_reason).label("reason"),
            func.min(passes.c.started_at).label("since"),
        )
        # Written out, since SQLite takes its partial index only for the very condition it was made with.
        .where(passes.c.rejected > literal_column("0"), passes.c.stream.in_(select(listed("streams").c.value)))
        .group_by(passes.c.stream)
    )


_ORIGIN = Prepared(select(tables.origin.c.base_url, tables.origin.c.organization))
_MARKS = Prepared(
    select(tables.marks.c.stream, tables.marks.c.scope, tables.marks.c.as_of).where(
        tables.marks.c.stream.in_(select(listed("streams").c.value)),
        tables.marks.c.scope.in_(select(listed("scopes").c.value)),
    )
)
_COVERAGE = Prepared(
    select(tables.coverage).where(
        tables.coverage.c.resource.in_(select(listed("resources").c.value)),
        tables.coverage.c.scope.in_(select(listed("scopes").c.value)),
    )
)
_PASSES = Prepared(_newest_passes())
_REJECTED = Prepared(_rejected())
# The sync's own notes have a colon in their names.
_CAPABILITIES = Prepared(
    select(tables.capabilities.c.name, tables.capabilities.c.available).where(
        tables.capabilities.c.name.not_like(literal_column("'%:%'"))
    )
)

_RESTS_UNTIL = select(tables.leases.c.rests_until).where(tables.leases.c.name == lease.NAME)
_DUE_AT = tables.schedule.c.due_at
_FAILING = Prepared(
    select(
        tables.schedule.c.stream,
        tables.schedule.c.failures,
        tables.schedule.c.error,
        # Of a process that was killed this is the rest it took, until another follows it: then it is NULL.
        func.coalesce(func.max(_DUE_AT, _RESTS_UNTIL.scalar_subquery()), _DUE_AT).label("due_at"),
        tables.schedule.c.updated_at,
    ).where(
        tables.schedule.c.failures > literal_column("0"),
        tables.schedule.c.stream.in_(select(listed("streams").c.value)),
    )
)
_RETENTION = Prepared(select(tables.retention.c.resource, tables.retention.c.since))


def read(
    snapshot: Snapshot, streams: Sequence[str], resources: Sequence[str], scopes: Sequence[str] = ("",)
) -> Knowledge:
    """What is known of ``streams`` and ``resources`` in any of ``scopes``."""
    asked = (tuple(streams), tuple(resources), tuple(scopes))
    return snapshot.once(asked, lambda: _read(snapshot, *asked))


def _read(
    snapshot: Snapshot, streams: Sequence[str], resources: Sequence[str], scopes: Sequence[str]
) -> Knowledge:
    in_streams, in_scopes = {"streams": as_list(streams)}, {"scopes": as_list(scopes)}
    coverage: dict[tuple[str, str], list[Covered]] = defaultdict(list)
    for row in _COVERAGE.all(snapshot, {"resources": as_list(resources), **in_scopes}):
        part = Covered(Interval(row.start, row.end), row.source, row.approximate)
        coverage[row.resource, row.scope].append(part)
    return Knowledge(
        marks={(row.stream, row.scope): row.as_of for row in _MARKS.all(snapshot, {**in_streams, **in_scopes})},
        coverage=coverage,
        passes=[LastPass(*row) for row in _PASSES.all(snapshot, {**in_streams, **in_scopes})],
        rejected=[Rejected(*row) for row in _REJECTED.all(snapshot, in_streams)],
        capabilities={row.name: row.available for row in _CAPABILITIES.all(snapshot)},
        retention={row.resource: row.since for row in _RETENTION.all(snapshot)},
        failing=[Failing(*row) for row in _FAILING.all(snapshot, in_streams)],
    )


def origin(snapshot: Snapshot) -> tuple[str, str] | None:
    """Base URL and slug of the organization this store is a copy of; None before anything was read."""
    row = snapshot.once(_ORIGIN, lambda: _ORIGIN.first(snapshot))
    return (row.base_url, row.organization) if row else None

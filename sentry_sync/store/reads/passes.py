"""What passes did since a moment: how whoever waits for another process's sync sees it.

Told by their keys and pages, not by their times: those are the server's, and the moment is ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, Select, func, or_, select

from sentry_sync.store import tables

_passes = tables.passes.c
_COLUMNS = ("id", "stream", "scope", "state", "pages", "rows", "rejected", "error")


@dataclass(frozen=True, slots=True)
class PassReport:
    """One pass as it stands, or what it did since a moment."""

    id: int
    stream: str
    scope: str
    state: str
    pages: int
    rows: int
    rejected: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Moment:
    """Where the passes of some streams stood."""

    streams: tuple[str, ...]
    newest: int
    unfinished: Mapping[int, PassReport]


def moment(connection: Connection, streams: Sequence[str]) -> Moment:
    """Where the passes of ``streams`` stand."""
    open_ones = _select(streams).where(_passes.state.in_(("running", "failed")))
    with connection.begin():
        newest = connection.execute(select(func.max(_passes.id))).scalar() or 0
        found = {row.id: _report(row) for row in connection.execute(open_ones)}
    return Moment(tuple(streams), newest, found)


def since(connection: Connection, then: Moment) -> list[PassReport]:
    """What passes of the streams did since ``then``, oldest first; those that did nothing are left out."""
    found = _select(then.streams).where(or_(_passes.id > then.newest, _passes.id.in_(list(then.unfinished))))
    with connection.begin():
        rows = [_report(row) for row in connection.execute(found)]
    return [_less(row, then.unfinished.get(row.id)) for row in rows if row != then.unfinished.get(row.id)]


def _select(streams: Sequence[str]) -> Select[Any]:
    return select(tables.passes).where(_passes.stream.in_(list(streams))).order_by(_passes.id)


def _report(row: Row[Any]) -> PassReport:
    return PassReport(*(getattr(row, name) for name in _COLUMNS))


def _less(now: PassReport, then: PassReport | None) -> PassReport:
    if then is None:
        return now
    less = {name: getattr(now, name) - getattr(then, name) for name in ("pages", "rows", "rejected")}
    return replace(now, **less)

"""run-query and describe-data: the queries of the library, and the tables and queries there are to ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sentry_sync.answers.capping import DEFAULT_BYTES, MOST_BYTES
from sentry_sync.answers.command import Command, Listener
from sentry_sync.answers.freshness import Facts, freshness
from sentry_sync.answers.sql import ROWS, SECONDS, answer, of_tables
from sentry_sync.errors import QueryError

if TYPE_CHECKING:
    from sentry_sync.answers.asking import Answer
    from sentry_sync.answers.desk import Desk
    from sentry_sync.trends.library import Parameter, Query


@dataclass(frozen=True, slots=True)
class QueryCommand(Command):
    """A query of the library, values for its parameters and how much of its answer is wanted."""

    name: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    limit: int = ROWS
    max_bytes: int = DEFAULT_BYTES

    resource = "issues"

    @property
    def most(self) -> int:
        """Bytes its answer may take."""
        return self.max_bytes

    def carry_out(self, desk: Desk, listener: Listener) -> Answer:
        """Run the query; raises QueryError in one line for a query, parameter or value that is none."""
        from sentry_sync.trends.apart import Limits
        from sentry_sync.trends.library import prepared

        desk.check_origin()
        now = desk.clock.now()
        query, values = prepared(desk.store.paths, self.name, self.parameters, now)
        limits = Limits(rows=self.limit, seconds=SECONDS, bytes=MOST_BYTES * 5)
        told = desk.sql.ask(desk.store.paths, query.sql, limits, listener.gone, parameters=values)
        return {"query": query.name, **answer(told, now, self.max_bytes)}


@dataclass(frozen=True, slots=True)
class DescribeCommand(Command):
    """What there is to ask: every table and query in a line, or one of them in full."""

    table: str = ""

    resource = "issues"

    def carry_out(self, desk: Desk, listener: Listener) -> Answer:
        """Describe it; raises QueryError with the nearest for a name that is neither a table's nor a query's."""
        del listener  # it takes milliseconds
        from sentry_sync.trends.gate import nearest, shown
        from sentry_sync.trends.library import library
        from sentry_sync.trends.relations import RELATIONS

        desk.check_origin()
        now, name = desk.clock.now(), self.table.lower()
        if not name:
            return {"tables": _tables(), "queries": _queries(), "freshness": _true_as_it_stands(now)}
        if name in RELATIONS:
            return _table(desk, name, now)
        if name in library():
            return _query(library()[name]) | {"freshness": _true_as_it_stands(now)}
        hint = nearest(name, {*RELATIONS, *library()}) or "; without a table, describe-data lists them"
        raise QueryError(f"there is no table or query {shown(self.table)}{hint}")


def _tables() -> list[dict[str, str]]:
    from sentry_sync.trends.relations import RELATIONS

    return [
        {
            "name": name,
            "columns": ", ".join(_typed(column, kind.shown) for column, kind in relation.columns.items()),
        }
        for name, relation in RELATIONS.items()
    ]


def _typed(column: str, kind: str) -> str:
    return column if kind == "VARCHAR" else f"{column} {kind}"


def _queries() -> list[dict[str, str]]:
    from sentry_sync.trends.library import library

    return [
        {"name": query.name, "title": query.title, "parameters": _signature(query.parameters)}
        for query in library().values()
    ]


def _signature(parameters: Iterable[Parameter]) -> str:
    """Each parameter with its type, and its default unless it is all (null)."""
    told = [
        f"{one.name} {one.type}" + ("" if one.default in (None, "null") else f" = {one.default}")
        for one in parameters
    ]
    return ", ".join(told)


def _table(desk: Desk, name: str, now: datetime) -> Answer:
    """One table: what it is, its columns, and how fresh and complete its rows are."""
    from sentry_sync.store.reading import reading
    from sentry_sync.trends.freshness import describe, states
    from sentry_sync.trends.meanings import MEANING
    from sentry_sync.trends.relations import RELATIONS

    with reading(desk.store.paths) as connection:
        found = states(connection, [name])
    dates = {state.table: state.as_of for state in found}
    return {
        "name": name,
        "description": MEANING[name],
        "columns": [{"name": column, "type": kind.shown} for column, kind in RELATIONS[name].columns.items()],
        "freshness": of_tables(
            # The store's own books have no state: they are what they are.
            dates or {name: now},
            now,
            complete=all(state.whole for state in found),
            notes=tuple(map(describe, found)),
        ),
    }


def _query(query: Query) -> dict[str, Any]:
    """One query: what it answers, from what, in which columns."""
    return {
        "name": query.name,
        "description": f"{query.title}. {query.description}",
        "parameters": [
            {
                "name": one.name,
                "type": one.type,
                "default": "must be given" if one.default is None else one.default,
                "description": one.description,
            }
            for one in query.parameters
        ],
        "columns": [{"name": one.name, "type": one.type, "description": one.description} for one in query.returns],
    }


def _true_as_it_stands(now: datetime) -> dict[str, Any]:
    """Of what is part of the program."""
    return freshness(Facts(as_of=now, complete=True, stale_after=timedelta.max), now=now, next_sync_at=None)

"""The query library: one statement a file in ``queries/``, described by the comments it starts with.

::

    -- name: noisiest_issues
    -- title: Noisiest issues
    -- description: One sentence or more; a long one goes on in a second such line.
    -- chart: errors
    -- param: environment text = null  what it is; two spaces before
    -- param: period 24h|7d = 24h  one of these words
    -- param: until timestamp = now  an ISO time; ``now`` is the moment of asking
    -- returns: errors bigint  how many, DuckDB's type in lower case
    SELECT …

``chart`` is the column a chart shows, where that is not the first number. A parameter without a default must be
given. Values are bound as DuckDB's ``$name``, never pasted into the text.
The command line, the tools and the documentation are made from these headers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from sentry_sync import resources
from sentry_sync.errors import QueryError
from sentry_sync.records.fields import parse_time
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.reading import reading
from sentry_sync.trends.gate import nearest, shown

_HEADER = re.compile(r"--\s*(name|title|description|chart|param|returns):\s*(.*?)\s*\Z")
_PARAMETER = re.compile(r"(?P<name>[a-z_]+) (?P<type>\S+)(?: = (?P<default>\S+))?\s{2,}(?P<description>\S.*)")
_COLUMN = re.compile(r"(?P<name>[a-z_0-9]+) (?P<type>\S+)\s{2,}(?P<description>\S.*)")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a query."""

    name: str
    type: str
    """``text``, ``project`` (slug or id of one we know), ``integer``, ``positive`` (from 1), ``number``,
    ``boolean``, ``timestamp``, or the words to choose from, joined by ``|``."""
    default: str | None
    """As written in the header (``null`` and ``now`` have their meaning); None if a value must be given."""
    description: str

    @property
    def choices(self) -> tuple[str, ...]:
        """The words to choose from; empty where any value of the type will do."""
        return tuple(self.type.split("|")) if "|" in self.type else ()


@dataclass(frozen=True, slots=True)
class Column:
    """One column of what a query returns."""

    name: str
    type: str
    description: str


@dataclass(frozen=True, slots=True)
class Query:
    """One query of the library."""

    name: str
    title: str
    description: str
    parameters: tuple[Parameter, ...]
    returns: tuple[Column, ...]
    sql: str
    chart: str | None = None
    """The column a chart shows, where that is not the first number."""


def parse(text: str) -> Query:
    """The query of a file's text; raises ValueError, naming the line, for a header that is not as it should be."""
    fields: dict[str, list[str]] = {}
    lines = text.splitlines()
    for line in lines:
        header = _HEADER.match(line)
        if header:
            fields.setdefault(header[1], []).append(header[2])
        elif line.startswith("--"):
            raise ValueError(f"not a header: {line}")
        else:
            break
    for name in ("name", "title", "description", "returns"):
        if name not in fields:
            raise ValueError(f"the header has no {name}")
    return Query(
        name=fields["name"][0],
        title=fields["title"][0],
        description=" ".join(fields["description"]),
        parameters=tuple(Parameter(**_parts(_PARAMETER, line)) for line in fields.get("param", ())),
        returns=tuple(Column(**_parts(_COLUMN, line)) for line in fields["returns"]),
        sql="\n".join(lines[sum(map(len, fields.values())) :]).strip(),
        chart=fields.get("chart", [None])[0],
    )


def _parts(pattern: re.Pattern[str], line: str) -> dict[str, str]:
    found = pattern.fullmatch(line)
    if not found:
        raise ValueError(f"not as it should be: {line}")
    return found.groupdict()


@cache
def library(folder: Path | None = None) -> Mapping[str, Query]:
    """Every query by its name, in alphabetical order."""
    files = sorted((folder or resources.folder("queries")).glob("*.sql"))
    queries = [parse(file.read_text(encoding="utf-8")) for file in files]
    return {query.name: query for query in queries}


def find(name: str) -> Query:
    """The query of that name; raises QueryError with the nearest ones."""
    queries = library()
    if name not in queries:
        hint = nearest(name, queries) or f"; there are {', '.join(queries)}"
        raise QueryError(f"there is no query {shown(name)}{hint}")
    return queries[name]


def prepared(
    paths: StorePaths, name: str, given: Mapping[str, object], now: datetime
) -> tuple[Query, dict[str, object]]:
    """The query of that name and a value for each of its parameters; they are typed values or their text.

    Raises QueryError for an unknown query, parameter, value or project, and StoreMissing where there is no store.
    """
    query = find(name)
    values = bind(query, given, now)
    for parameter in query.parameters:
        if parameter.type == "project" and values[parameter.name] is not None:
            _known_project(paths, str(values[parameter.name]))
    return query, values


def bind(query: Query, given: Mapping[str, object], now: datetime) -> dict[str, object]:
    """A value for each parameter of the query, ready for DuckDB; raises QueryError for what does not fit."""
    known = [parameter.name for parameter in query.parameters]
    for name in given:
        if name not in known:
            hint = nearest(name, known) or (f"; it has {', '.join(known)}" if known else "; it has none")
            raise QueryError(f"{query.name} has no parameter {shown(name)}{hint}")
    return {parameter.name: _value(query, parameter, given, now) for parameter in query.parameters}


def _value(query: Query, parameter: Parameter, given: Mapping[str, object], now: datetime) -> object:
    value = given.get(parameter.name)
    if value is None:
        if parameter.default is None:
            raise QueryError(f"{query.name} needs a value for {parameter.name}: {parameter.description}")
        if parameter.default == "null":
            return None
        value = parameter.default
    if value == "now" and parameter.type == "timestamp":
        value = now
    if parameter.choices:
        return _choice(parameter, value)
    try:
        return _CONVERT[parameter.type](value)
    except (ValueError, TypeError, OverflowError):
        raise QueryError(f"{parameter.name} is not {_MEANING[parameter.type]}") from None


def _known_project(paths: StorePaths, name: str) -> None:
    """Raise QueryError for a project that is not there: an empty answer would look like one without errors."""
    with reading(paths) as connection:
        rows = connection.execute("SELECT slug, id, removed_at FROM projects").fetchall()
    present = {word for slug, key, removed in rows if removed is None for word in (slug, key)}
    if name not in present:
        gone = any(name in row[:2] for row in rows)
        reason = "was removed from Sentry" if gone else f"is not known here{nearest(name, present)}"
        raise QueryError(f"the project {shown(name)} {reason}")


def _choice(parameter: Parameter, value: object) -> str:
    if value not in parameter.choices:
        raise QueryError(f"{parameter.name} must be one of {', '.join(parameter.choices)}")
    return str(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise TypeError
    number = int(value)
    if abs(number) >= 2**63:
        raise ValueError
    return number


def _positive(value: object) -> int:
    number = _integer(value)
    if number < 1:
        raise ValueError
    return number


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeError
    return float(value)


def _boolean(value: object) -> bool:
    words: Iterable[tuple[object, bool]] = ((True, True), (False, False), ("true", True), ("false", False))
    for word, meaning in words:
        if value == word and type(value) is type(word):
            return meaning
    raise ValueError


def _timestamp(value: object) -> datetime:
    """A time in UTC without its zone: DuckDB's TIMESTAMP, as the relations have it."""
    moment = value if isinstance(value, datetime) else parse_time(_text(value))
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


_CONVERT: Mapping[str, Callable[[object], object]] = {
    "text": _text,
    "project": _text,
    "positive": _positive,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "timestamp": _timestamp,
}
_MEANING = {
    "text": "text",
    "project": "the slug or id of a project",
    "positive": "a whole number from 1",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "timestamp": "a time like 2026-11-20T12:00:00Z",
}

"""What DuckDB says, as one line for a person.

Before any row is loaded its message speaks of the statement alone and is passed on. Afterwards it may quote a
value out of an event, which a stranger wrote: then only the kind of mistake is told.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

import duckdb

from sentry_sync.errors import QueryError
from sentry_sync.trends.gate import nearest

LONGEST_LINE = 300
"""Characters: DuckDB lists every candidate function, a line of ours stays a line."""

_REST = re.compile(r"\n\s*(?:Candidate|Did you mean|LINE \d)")
_WHERE = re.compile(r"\n\s*LINE (\d+):")
_UNKNOWN = re.compile(r"""(?:Referenced column|does not have a column named) ["'](\w+)["']""")

TOO_DEEP = "the statement is nested too deeply: split it with WITH"

_AT_RUN_TIME: tuple[tuple[type[duckdb.Error], str], ...] = (
    (
        duckdb.OutOfMemoryException,
        "the statement needs more memory than it may have: name fewer columns, or narrow it",
    ),
    (duckdb.ConversionException, "a value in the data cannot be converted as the statement asks: use TRY_CAST"),
    (duckdb.OutOfRangeException, "a number is out of range: cast it to DOUBLE, or use TRY(…) to get NULL instead"),
    (
        duckdb.InvalidInputException,
        "a function cannot work on a value it was given: use TRY(…) to get NULL instead",
    ),
    (duckdb.InterruptException, "the statement was interrupted"),
)


def before_loading(error: duckdb.Error, columns: Mapping[str, Collection[str]]) -> QueryError:
    """DuckDB's own message and the nearest names; ``columns`` are those of the relations the statement reads."""
    said = str(error)
    if isinstance(error, (duckdb.OutOfMemoryException, duckdb.InterruptException)):
        return while_running(error, ())
    if "expression depth" in said:
        return QueryError(TOO_DEEP)
    line = _first(said).rstrip("!.")
    unknown = _UNKNOWN.search(line)
    if unknown:
        line += nearest(unknown.group(1), {name for relation in columns.values() for name in relation})
    else:
        place = _WHERE.search(said)
        line += f" (line {place.group(1)})" if place and place.group(1) != "1" else ""
    return QueryError(_cut(line))


def while_running(error: duckdb.Error, literals: Collection[str]) -> QueryError:
    """A line that holds nothing of the data; ``literals`` are the texts that the statement itself holds."""
    if isinstance(error, duckdb.ConversionException) and _of_the_statement(str(error), literals):
        return QueryError(_cut(_first(str(error))))
    for kind, line in _AT_RUN_TIME:
        if isinstance(error, kind):
            return QueryError(line)
    return QueryError(f"DuckDB could not run the statement ({type(error).__name__})")


def _of_the_statement(said: str, literals: Collection[str]) -> bool:
    """Whether the one value that the message quotes is a literal of the statement.

    A value with quotes of its own could pass for something else, so there may be no other quote in the message.
    """
    line = _first(said)
    quoted = re.fullmatch(r"""[^'"]*(['"])([^'"]+)\1[^'"]*""", line)
    return quoted is not None and quoted.group(2) in literals


def _first(said: str) -> str:
    """What DuckDB says before it shows candidates and the place in the statement."""
    return " ".join(_REST.split(said, maxsplit=1)[0].split())


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"

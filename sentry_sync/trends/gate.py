"""The first wall: what a statement may be, decided from its parse tree alone. No I/O.

One SELECT, made only of the parts listed here, over the relations we know. It is an allowlist, since DuckDB hides
much inside what its parser calls a SELECT: ``WITH w AS (COPY …) SELECT 1``, ``DESCRIBE``, files named as tables.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NoReturn

from sentry_sync.errors import QueryError
from sentry_sync.trends.functions import FUNCTIONS, TABLE_FUNCTIONS

Node = Mapping[str, Any]

LONGEST_STATEMENT = 100_000
"""Characters: a hundred times what a person writes, and its parse tree still fits a few MB."""

MOST_NAMES = 25
"""Names that an error lists: more make a line that nobody reads."""

_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "CTE_NODE", "RECURSIVE_CTE_NODE"})
_SOURCES = frozenset({"BASE_TABLE", "EMPTY", "EXPRESSION_LIST", "JOIN", "PIVOT", "SUBQUERY", "TABLE_FUNCTION"})
_MODIFIERS = frozenset(
    {
        "DISTINCT_MODIFIER",
        "LIMIT_MODIFIER",
        "LIMIT_PERCENT_MODIFIER",
        "ORDER_MODIFIER",
        "ASCENDING",
        "DESCENDING",
        "ORDER_DEFAULT",
    }
)
_EXPRESSIONS = frozenset(
    {
        "BETWEEN",
        "CASE",
        "CAST",
        "COLLATE",
        "COLUMN_REF",
        "COMPARISON",
        "CONJUNCTION",
        "CONSTANT",
        "FUNCTION",
        "LAMBDA",
        "OPERATOR",
        "PARAMETER",
        "POSITIONAL_REFERENCE",
        "STAR",
        "SUBQUERY",
        "TYPE",
        "WINDOW",
    }
)
_TYPES = _NODES | _SOURCES | _MODIFIERS

_NAME = re.compile(r"(?!(?:pg|duckdb|sqlite|pragma)_)[a-z_][a-z0-9_]*\Z")
"""What a CTE may be called: out of its scope the same name means a file or a table of DuckDB's catalog."""


@dataclass(frozen=True, slots=True)
class Reads:
    """What a statement reads."""

    relations: frozenset[str]
    names: frozenset[str]
    """Every word in it, in lower case: a column that is not among them is not read."""
    everything: bool
    """It takes columns without naming them (``*``, a natural join, a row as a whole)."""
    literals: frozenset[str]
    """The texts it holds in quotes."""

    def columns(self, of: Collection[str]) -> list[str]:
        """Which of a relation's columns to load, in their order; at least one, so that rows can be counted."""
        if self.everything:
            return list(of)
        return [name for name in of if name in self.names] or list(of)[:1]


def plain_text(statement: str) -> None:
    """Raise QueryError for a text that is too long or that no database could read."""
    if len(statement) > LONGEST_STATEMENT:
        raise QueryError(f"the statement is longer than {LONGEST_STATEMENT:,} characters")
    if "\0" in statement or any("\ud800" <= letter <= "\udfff" for letter in statement):
        raise QueryError("the statement holds characters that are none (NUL or half a surrogate pair)")


def one_select(kinds: Sequence[str]) -> None:
    """Raise QueryError unless a text holds one statement and it is a SELECT; ``kinds`` as DuckDB calls them."""
    if not kinds:
        raise QueryError("there is no statement: write one SELECT")
    if len(kinds) > 1:
        raise QueryError(f"only one statement at a time, not {len(kinds)}: write one SELECT without `;` inside")
    if kinds[0] != "SELECT":
        named = {"MULTI": "PIVOT without an IN list", "EXTENSION": "this"}.get(
            kinds[0], kinds[0].replace("_", " ")
        )
        raise QueryError(f"only SELECT can be run, not {named}: the store is changed by syncing alone")


def judge(tree: Node, relations: Mapping[str, object], parameters: Collection[str] = ()) -> Reads:
    """What the statement of a ``json_serialize_sql`` tree reads; raises QueryError for what it may not do."""
    nodes = list(_nodes(tree))
    ctes = frozenset(_cte_names(nodes))
    read: set[str] = set()
    aliases: set[str] = set()
    harmless = frozenset(_stars_over_no_table(nodes, relations))
    in_from = {id(node["function"]) for node in nodes if _part(node) == "TABLE_FUNCTION" and "function" in node}
    for node in nodes:
        _check(node, parameters, TABLE_FUNCTIONS if id(node) in in_from else FUNCTIONS)
        if _part(node) in _SOURCES:
            aliases.add(str(node.get("alias", "")).lower())
        if _part(node) == "BASE_TABLE":
            read.add(_table(node, relations, ctes))
    return Reads(
        relations=frozenset(read & relations.keys()),
        names=frozenset(word.lower() for node in nodes for word in _words(node)),
        everything=any(_takes_all(node, aliases | read | ctes) for node in nodes if id(node) not in harmless),
        literals=frozenset(_literals(nodes)),
    )


def _nodes(tree: Node) -> Iterator[Node]:
    """Every object of the tree. A stack of our own: a nested statement must not exhaust Python's."""
    pending: list[object] = [tree]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            yield value
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)


def _part(node: Node) -> str:
    """What kind of part a node is; in a few places ``type`` is an object that describes a constant's type."""
    kind = node.get("type")
    return kind if isinstance(kind, str) else ""


def _words(node: Node) -> Iterator[str]:
    for key, value in node.items():
        if key in {"class", "type"}:
            continue
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from (item for item in value if isinstance(item, str))


def _literals(nodes: list[Node]) -> Iterator[str]:
    for node in nodes:
        if node.get("kind") == "STRING":
            yield str(node.get("text", ""))


def _cte_names(nodes: list[Node]) -> Iterator[str]:
    for node in nodes:
        if not isinstance(node.get("cte_map"), dict):
            continue
        for entry in node["cte_map"].get("map", ()):
            name = str(entry.get("key", "")).lower()
            if not _NAME.match(name):
                raise QueryError(f"{shown(name)} cannot name a WITH query: use letters, digits and underscores")
            yield name


def _check(node: Node, parameters: Collection[str], functions: Collection[str]) -> None:
    kind, part = node.get("class"), _part(node)
    if kind is not None:
        if kind not in _EXPRESSIONS:
            raise QueryError(f"{shown(kind)} is not something a statement may use here")
        _check_expression(node, parameters, functions)
    elif part and part not in _TYPES:
        _refuse_part(part)
    elif part == "TABLE_FUNCTION" and _function(node.get("function")) is None:
        raise QueryError("only tables and functions can stand in FROM")


def _check_expression(node: Node, parameters: Collection[str], functions: Collection[str]) -> None:
    if node["class"] == "PARAMETER" and node.get("identifier") not in parameters:
        raise QueryError(f"${shown(node.get('identifier'))} has no value here: write the value itself")
    if node.get("schema") or node.get("catalog"):
        raise QueryError("functions and types are called by their name alone, without a schema")
    name = _function(node)
    if name is None or name in functions:
        return
    if functions is TABLE_FUNCTIONS:
        known = ", ".join(sorted(functions))
        raise QueryError(f"{shown(name)}() cannot stand in FROM: only tables and {known} can")
    if name in TABLE_FUNCTIONS:
        raise QueryError(f"{name}() can stand in FROM only")
    raise QueryError(f"{shown(name)}() is not a function a statement may call{nearest(name, functions)}")


def _function(node: object) -> str | None:
    """The name of the function that an expression calls, if it calls one."""
    name = node.get("function_name") if isinstance(node, dict) else None
    return name.lower() if isinstance(name, str) else None


def _refuse_part(part: str) -> NoReturn:
    if part == "SHOW_REF":
        raise QueryError("only SELECT can be run, not SHOW, DESCRIBE or SUMMARIZE")
    if part.endswith("_QUERY_NODE"):
        raise QueryError(f"WITH may hold SELECT only, not {part.removesuffix('_QUERY_NODE')}")
    raise QueryError(f"{shown(part)} is not something a statement may use here")


def _table(node: Node, relations: Mapping[str, object], ctes: Collection[str]) -> str:
    """The name of the relation or WITH query that a table reference means; raises QueryError for anything else."""
    name = str(node.get("table_name", "")).lower()
    path = [word for word in (node.get("catalog_name"), node.get("schema_name"), name) if word]
    if len(path) > 1:
        raise QueryError(
            f"{shown('.'.join(path))} cannot be read: tables are called by their name alone, without a schema"
        )
    if name in relations or name in ctes:
        return name
    if not _NAME.match(name):
        raise QueryError(f"{shown(name)} cannot be read: a statement reads the store's tables, no files")
    hint = nearest(name, relations) or f"; there are {_listed(sorted(relations))}"
    raise QueryError(f"there is no table {shown(name)}{hint}")


def _listed(names: Sequence[str]) -> str:
    """The first names, as many as a line of an error has room for, and how many there are beside them."""
    if len(names) <= MOST_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[:MOST_NAMES])} and {len(names) - MOST_NAMES} more (docs/schema.md)"


def _takes_all(node: Node, aliases: Collection[str]) -> bool:
    """Whether the node may take columns that it does not name.

    An alias list (``issues AS i(a, b)``) names columns by their position, so it needs them all as well.
    """
    if node.get("class") == "COLUMN_REF":
        words = node.get("column_names") or []
        return len(words) == 1 and str(words[0]).lower() in aliases
    return (
        node.get("class") in {"STAR", "POSITIONAL_REFERENCE"}
        or _part(node) == "PIVOT"
        or node.get("ref_type") == "NATURAL"
        or (_part(node) in {"BASE_TABLE", "JOIN"} and bool(node.get("column_name_alias")))
    )


def _stars_over_no_table(nodes: list[Node], relations: Collection[str]) -> Iterator[int]:
    """Each ``*`` of a select list whose FROM holds WITH queries and VALUES alone: they name what they read."""
    for node in nodes:
        if _part(node) == "SELECT_NODE" and not _reaches_table(node.get("from_table"), relations):
            for chosen in node.get("select_list", ()):
                if chosen.get("class") == "STAR" and not chosen.get("relation_name"):
                    yield id(chosen)


def _reaches_table(source: Any, relations: Collection[str]) -> bool:
    """Whether columns of a table are in reach of a FROM, but for those that a subquery in it names."""
    kind = _part(source) if isinstance(source, dict) else ""
    if kind == "BASE_TABLE":
        return str(source.get("table_name", "")).lower() in relations
    if kind == "JOIN":
        return any(_reaches_table(source.get(side), relations) for side in ("left", "right"))
    return kind not in {"EMPTY", "EXPRESSION_LIST", "SUBQUERY"}


def nearest(name: str, known: Collection[str]) -> str:
    """``: did you mean x?`` for the known names closest to ``name``, or nothing."""
    found = get_close_matches(name.lower(), sorted(known), n=3, cutoff=0.65)
    return f": did you mean {' or '.join(found)}?" if found else ""


def shown(word: object) -> str:
    """A word of the statement as it may stand in an error: short, on one line, without control characters."""
    text = "".join(letter if letter.isprintable() else " " for letter in str(word))
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:59]}…"

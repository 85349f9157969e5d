"""Sentry's search language, as much of it as its issue search accepts: keys, negation, lists, free text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from . import moments

# "key:value", "!key:[a,b]", quoted values; a bare word is free text.
_TOKEN = re.compile(
    r'(?P<term>!?[\w.\-\[\]]+:(?:\[[^\]]*\]|"(?:[^"\\]|\\.)*"|[^\s"]*))|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<word>\S+)'
)
_COMPARISON = re.compile(r"(>=|<=|>|<|=)?(.*)", re.DOTALL)
_RELATIVE = re.compile(r"([+-])(\d+)([smhdw])")
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


class SearchError(ValueError):
    """The query is not one Sentry accepts; the text is its `detail`."""


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: key, comparison, values (any of them fits), and whether it is negated."""

    key: str
    operator: str
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """A parsed query: all terms must hold and the free text must be in the title or message."""

    terms: tuple[Term, ...]
    text: str

    def of(self, key: str) -> list[Term]:
        """The terms with this key."""
        return [term for term in self.terms if term.key == key]


def parse(query: str) -> Search:
    """The parsed query; SearchError for AND, OR, parentheses, an empty value or an unclosed quote."""
    if query.count('"') - query.count('\\"') & 1 and query.replace('\\"', "").count('"') % 2:
        raise SearchError("Error parsing search query: unmatched quote")
    terms, words = [], []
    for match in _TOKEN.finditer(query):
        word = match["word"]
        if word is not None:
            if word in ("AND", "OR") or word.startswith("(") or word == ")":
                raise SearchError('Boolean statements containing "OR" or "AND" are not supported in this search')
            words.append(word)
        elif match["quoted"] is not None:
            words.append(match["quoted"])
        else:
            terms.append(_term(match["term"]))
    return Search(tuple(terms), " ".join(words))


def _term(text: str) -> Term:
    negated = text.startswith("!")
    key, _, value = text.removeprefix("!").partition(":")
    operator = "="
    if value.startswith("[") and value.endswith("]"):
        values = tuple(_bare(part.strip()) for part in value[1:-1].split(",") if part.strip())
    else:
        match = _COMPARISON.match(value)
        operator, value = ((match[1] or "=") if match else "="), (match[2] if match else value)
        values = (_bare(value),)
    if not values or (values == ("",) and not text.endswith('""')):
        raise SearchError(f'Error parsing search query: Empty string after "{key}:"')
    return Term(key, operator, values, negated)


def _bare(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value


@lru_cache(maxsize=1_024)
def _pattern(value: str) -> re.Pattern[str]:
    parts = (re.escape(part) for part in value.split("*"))
    return re.compile(".*".join(parts), re.IGNORECASE | re.DOTALL)


def fits(term: Term, actual: str | None) -> bool:
    """Whether a text value satisfies the term: equality, `*` wildcards, "" for none; negation applied."""
    return any(_equal(value, actual) for value in term.values) != term.negated


def _equal(value: str, actual: str | None) -> bool:
    if value == "":
        return actual is None or actual == ""
    if actual is None:
        return False
    if "*" in value:
        return _pattern(value).fullmatch(actual) is not None
    return value == actual


_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "=": lambda a, b: a == b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}


def compares(term: Term, actual: float) -> bool:
    """Whether a number satisfies the term; SearchError if the term's value is no number."""
    try:
        return any(_COMPARE[term.operator](actual, float(value)) for value in term.values) != term.negated
    except ValueError:
        raise SearchError(f"Error parsing search query: Invalid number for {term.key}") from None


def dates(term: Term, actual: int, now: int) -> bool:
    """Whether a moment satisfies the term: `>ISO`, or relative `-24h` (within), `+24h` (longer ago)."""
    value = term.values[0]
    relative = _RELATIVE.fullmatch(value)
    if relative:
        border = now - int(relative[2]) * _UNITS[relative[3]]
        return (actual >= border if relative[1] == "-" else actual <= border) != term.negated
    try:
        border = moments.parse(value)
    except ValueError:
        raise SearchError(f"Error parsing search query: Invalid date for {term.key}") from None
    if term.operator == "=" and len(value) == 10:
        return (border <= actual < border + moments.DAY) != term.negated
    return _COMPARE[term.operator](actual, border) != term.negated


def relative_dates(search: Search) -> bool:
    """Whether the query's meaning moves with the clock."""
    return any(_RELATIVE.fullmatch(value) for term in search.terms for value in term.values)

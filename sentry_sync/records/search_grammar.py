"""Sentry's issue search, parsed: keys, negation, comparisons, lists, quotes, free text. Pure.

Sentry refuses AND, OR, parentheses, empty values and open quotes; so is it here, in words that help. Where it is
not certain that Sentry reads a query as we do, the tree says so and nothing is answered on our word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from sentry_sync.records.search import Search, Term

QUOTED = 40
"""Characters of somebody's own query that a refusal repeats."""

_HEAD = re.compile(r"(!?)([A-Za-z_][\w.\-]*(?:\[[^\]\s\"]*\])?):")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_LIST = re.compile(r'\[((?:"(?:[^"\\]|\\.)*"|[^\]"])*)\]')
_ITEM = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^,"]*)\s*(?:,|$)')
_BARE = re.compile(r"\S+")
_COMPARED = re.compile(r"(>=|<=|>|<|=)?(.*)", re.DOTALL)


class BadSearch(ValueError):
    """Sentry refuses such a query; ``str`` says in one line what to write instead."""


@dataclass(frozen=True, slots=True)
class _Text:
    """A word, or a quoted phrase, beside the terms."""

    text: str
    start: int
    end: int
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class _Unsure:
    why: str


def parse(query: str) -> Search:
    """The tree of ``query``; raises BadSearch for what Sentry refuses."""
    if len(re.findall(r'(?<!\\)"', query)) % 2:
        raise BadSearch("a quote in the query is not closed: close it, or leave it out")
    terms: list[Term] = []
    texts: list[_Text] = []
    unsure: list[str] = []
    for token in _tokens(query):
        if isinstance(token, Term):
            terms.append(token)
        elif isinstance(token, _Text):
            texts.append(token)
        else:
            unsure.append(token.why)
    unsure += _odd_text(query, texts)
    if any(not (character.isprintable() or character.isspace()) for character in query):
        unsure.append("control characters")
    text = " ".join(part.text for part in texts)
    return Search(tuple(terms), text, next(iter(unsure), None))


def _tokens(query: str) -> Iterator[Term | _Text | _Unsure]:
    at = 0
    while at < len(query):
        if query[at].isspace():
            at += 1
            continue
        head = _HEAD.match(query, at)
        string = None if head else _STRING.match(query, at)
        if head:
            found, at = _term(query, head)
        elif string and not query[string.end() :][:1].strip():
            found, at = [_Text(_unescaped(string[1]), at, string.end(), quoted=True)], string.end()
        else:
            found, at = _word(query, at)
        yield from found


Found = tuple[list[Term | _Text | _Unsure], int]


def _term(query: str, head: re.Match[str]) -> Found:
    key, negated, at = head[2], bool(head[1]), head.end()
    several, string = _LIST.match(query, at), _STRING.match(query, at)
    operator, end = "", at
    if query[at : at + 1] == "[":
        if several is None:
            raise BadSearch(f"the list after {_shown(key)}: is not closed; write {_shown(key)}:[a,b]")
        values, end = _items(several[1]), several.end()
        if not values:
            raise BadSearch(f"the list after {_shown(key)}: is empty; write {_shown(key)}:[a,b]")
    elif string:
        values, end = (_unescaped(string[1]),), string.end()
    else:
        bare = _BARE.match(query, at)
        compared = _COMPARED.match(bare[0] if bare else "")
        operator, value = (compared[1] or "", compared[2]) if compared else ("", "")
        end = bare.end() if bare else at
        if value in ("", '""') and not (operator and value):
            raise BadSearch(f'nothing stands after {_shown(key)}:; write {_shown(key)}:"" for those without one')
        values = (value,)
        if re.search(r'["()]', value):
            return [_Unsure("quotes or parentheses inside a value")], end
    found: list[Term | _Text | _Unsure] = [
        Term(key, operator, values, negated, several is not None and end == several.end())
    ]
    if query[end : end + 1].strip():
        found.append(_Unsure("what follows a list or a quoted value without a space"))
        end = _end_of_word(query, end)
    if any("\\" in value for value in values):
        found.append(_Unsure("backslashes in a value"))
    return found, end


def _items(inside: str) -> tuple[str, ...]:
    items = [item[1].strip() for item in _ITEM.finditer(inside)]
    return tuple(_unescaped(item[1:-1]) if item.startswith('"') else item for item in items if item)


def _word(query: str, at: int) -> Found:
    end = _end_of_word(query, at)
    word = query[at:end]
    if word in ("AND", "OR"):
        raise BadSearch(f"Sentry's issue search has no {word}: all terms must hold anyway; for OR write key:[a,b]")
    if word.startswith("(") or word == ")":
        raise BadSearch(
            "Sentry's issue search has no parentheses: leave them out, or quote the text they belong to"
        )
    if word.lower() in ("and", "or"):
        return [_Unsure("and or or in small letters")], end
    if re.search(r'["()*:\\]', word):
        return [_Unsure("quotes, parentheses, colons, backslashes or wildcards in free text")], end
    return [_Text(word, at, end)], end


def _odd_text(query: str, texts: list[_Text]) -> Iterator[str]:
    """Free text in several places, or oddly spaced, may be joined otherwise at Sentry."""
    if len(texts) > 1 and any(part.quoted for part in texts):
        yield "quoted text beside other text"
    if any(query[one.end : two.start] != " " for one, two in pairwise(texts)):
        yield "free text in several places"
    if any(part.quoted and re.search(r"[*\\]", part.text) for part in texts):
        yield "wildcards or backslashes in free text"


def _end_of_word(query: str, at: int) -> int:
    found = _BARE.match(query, at)
    return found.end() if found else at


def _unescaped(text: str) -> str:
    return text.replace('\\"', '"')


def _shown(key: str) -> str:
    """A key is letters, digits and dots, whoever wrote it."""
    return key if len(key) <= QUOTED else f"{key[:QUOTED]}…"

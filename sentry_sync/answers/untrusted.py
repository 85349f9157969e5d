"""Text that anybody who can reach a DSN may have written: made harmless to show, never to obey.

Every such text stands under an ``untrusted`` key of its row, without characters that hide, reorder or end a line,
and cut to a length that says how much is missing. ASCII tricks (a title that reads like an instruction) can't be
told from data: for these there is the key and the server's instructions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

TITLE = 300
"""Characters. Sentry itself cuts titles at 255; culprits, releases and names are shorter."""

_HIDDEN = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls; tab and newline are dealt with by whoever shows a block
    "\xad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # soft hyphen, joiners, fillers
    "\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2"  # Arabic and Syriac marks that format what follows
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f"  # zero width, bidirectional overrides and isolates
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"  # fillers, variation selectors, byte order mark, annotations
    "\ud800-\udfff"  # lone surrogates, which JSON can't carry
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # format characters
    "\U000e0000-\U000e0fff"  # tags and variation selectors: whole messages have been smuggled in these
    "]"
)
WORDS_KEPT = 256
"""Of one organization there are a dozen levels and platforms, and each row has both."""

_WORD = re.compile("[A-Za-z0-9_.-]{1,40}")
_BREAKS = re.compile("[\t\n\u2028\u2029]+")


def line(text: str, limit: int = TITLE) -> str:
    """``text`` on one line, without hidden characters, at most about ``limit`` characters."""
    if text.isascii() and text.isprintable():
        return text if len(text) <= limit else cut(text, limit)
    return cut(_BREAKS.sub(" ", _HIDDEN.sub("", text)), limit)


def block(text: str, limit: int) -> str:
    """The same with its line breaks and tabs, for source code and bodies."""
    if not (text.isascii() and text.isprintable()):
        text = _HIDDEN.sub("", text).replace("\u2028", "\n").replace("\u2029", "\n")
    return cut(text, limit)


@lru_cache(maxsize=WORDS_KEPT)
def word(text: str | None) -> str | None:
    """``text`` if it is one plain word, as levels and platforms are; None for anything an SDK made up instead."""
    return text if text is None or _WORD.fullmatch(text) else None


def cut(text: str, limit: int) -> str:
    """The first ``limit`` characters, and how many are missing."""
    return text if len(text) <= limit else f"{text[:limit]}… [{len(text) - limit} more characters]"


def lines(texts: Iterable[str | None], most: int) -> list[str]:
    """Up to ``most`` of the texts that say anything, each on one line."""
    return [line(text) for text in texts if text][:most]


def fields(values: Mapping[str, str | None]) -> dict[str, Any]:
    """The fields that say anything, each on one line: the ``untrusted`` part of a row."""
    return {name: line(value) for name, value in values.items() if value}

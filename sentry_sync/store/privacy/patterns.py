"""The user's own patterns. They run in Rust's engine, which pydantic brings: its time is linear in the text.

Python's may take a lifetime for one text (``(a+)+b``), and whoever writes events would choose that text. That
engine says whether a text matches, not where, so the word is what goes: each one that matches by itself, and the
whole text where the match needs several.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from pydantic_core import SchemaError, SchemaValidator, core_schema

from sentry_sync.store.privacy.texts import FILTERED

LONGEST = 500
"""Characters of a pattern: longer ones are lists, which are better given as several."""

_WORDS = re.compile(r"(\s+)")


def compiled(pattern: str) -> Callable[[str], bool]:
    """Whether a text matches; raises ValueError for what is no pattern."""
    if not pattern or len(pattern) > LONGEST:
        raise ValueError(f"a pattern has 1 to {LONGEST} characters")
    try:
        found = SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
    except SchemaError as error:
        raise ValueError("not a regular expression as Rust has them: no look-around, no back-reference") from error
    if found.isinstance_python(""):
        raise ValueError("a pattern must not match the empty text")
    return found.isinstance_python


def filtered(patterns: Sequence[str]) -> Callable[[str], str] | None:
    """What takes everything that one of ``patterns`` matches out of a text; None without any."""
    tests = [compiled(pattern) for pattern in patterns]
    if not tests:
        return None

    def matches(text: str) -> bool:
        return any(test(text) for test in tests)

    def clean(text: str) -> str:
        if not matches(text):
            return text
        kept = "".join(FILTERED if matches(word) else word for word in _WORDS.split(text))
        return FILTERED if matches(kept) else kept

    return clean

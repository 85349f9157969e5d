"""Recognising whoever was erased, and taking them out of what arrives. Pure.

Of an erased person nothing is remembered but a keyed hash of each name. So an event of theirs is known by its
user, and a mention in anybody's text by hashing each word that may be a name. Nobody erased costs nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from sentry_sync.store.privacy.persons import ERASED, KINDS
from sentry_sync.store.privacy.pseudonyms import Pseudonyms, plain
from sentry_sync.store.privacy.texts import FILTERED

SHORTEST = 4
"""Characters of a name that is taken out of texts: shorter ones are words and numbers of everybody's."""

Identity = tuple[str, str]
"""One of KINDS, and the value."""

_WORD = re.compile(r"[\w.%+@\\:-]{4,256}")
_EDGES = ".:-+\\"
_LABELS = re.compile(r"\\+[nrt]|[:\\]+")
"""As in ``mailto:ana@example.org`` and in ``\\nana@example.org``, a line's end in escaped text."""

_FIELDS = {"id": "id", "email": "email", "username": "username", "ip_address": "ip"}


@dataclass(frozen=True, slots=True)
class Erased:
    """Everybody who was erased from a store."""

    pseudonyms: Pseudonyms
    memories: frozenset[str] = frozenset()
    """Keyed hashes of their names, or of what stands for these."""

    def __bool__(self) -> bool:
        return bool(self.memories)

    def knows(self, kind: str, value: str) -> bool:
        """Whether that is a name of somebody erased."""
        return self.pseudonyms.memory(kind, value) in self.memories

    def has(self, identities: Iterable[Identity]) -> bool:
        """Whether one of these names is."""
        return any(self.knows(kind, value) for kind, value in identities)

    def unmentioned(self, text: str) -> str:
        """``text`` without e-mail addresses, usernames and addresses of anybody erased."""
        return _WORD.sub(self._word, text)

    def _word(self, match: re.Match[str]) -> str:
        text = match[0]
        for word in _parts(text):
            if len(word) >= SHORTEST and any(self.knows(kind, word) for kind in KINDS[1:]):
                text = text.replace(word, FILTERED)
        return text


def _parts(text: str) -> Iterator[str]:
    """What of a word may be a name: all of it, or what stands behind a label or an escape in it."""
    yield text.strip(_EDGES)
    if ":" in text or "\\" in text:
        yield from (part.strip(_EDGES) for part in _LABELS.split(text))


def of_user(user: object) -> Iterator[Identity]:
    """The names in the ``user`` of a body."""
    if isinstance(user, Mapping):
        for field, kind in _FIELDS.items():
            value = user.get(field)
            if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
                yield kind, str(value)


def of_key(key: str | None) -> Iterator[Identity]:
    """The name in Sentry's key of a user; one of no kind may be of any."""
    kind, colon, value = (key or "").partition(":")
    if colon and kind in KINDS:
        yield kind, value
    elif key and key != ERASED:
        yield from ((kind, key) for kind in KINDS)


def of_tags(tags: Mapping[str, Any]) -> Iterator[Identity]:
    """The names in tags."""
    for name, value in tags.items():
        if name == "user" and isinstance(value, str):
            yield from of_key(value)
        elif name.startswith("user.") and name[5:] in KINDS:
            yield name[5:], str(value)


def of_body(body: Mapping[str, Any]) -> list[Identity]:
    """The names of an event's person, wherever a body has them."""
    return [*of_user(body.get("user")), *of_tags(tags_of(body))]


def tags_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """A body's tags by name."""
    rows = body.get("tags")
    rows = rows if isinstance(rows, list) else []
    return {
        row["key"]: row.get("value") for row in rows if isinstance(row, dict) and isinstance(row.get("key"), str)
    }


def is_of_user(tag: object) -> bool:
    """Whether a tag names a person."""
    return isinstance(tag, str) and (tag == "user" or tag.startswith("user."))


def spellings(value: str) -> set[str]:
    """The ways in which text may spell a name: plain, escaped as in JSON, encoded as in a URL."""
    found = {value, plain(value), json.dumps(value)[1:-1], json.dumps(value).upper()[1:-1]}
    found |= {quote(value), quote(value, safe=""), quote(value, safe="@")}
    return found | {json.dumps(spelled)[1:-1] for spelled in found}


@lru_cache(maxsize=64)
def without(identities: frozenset[Identity]) -> Callable[[str], str]:
    """What takes these names out of a text. Short ids only where the text says that they are a user's."""
    long = {spelled for _, value in identities if len(value) >= SHORTEST for spelled in spellings(value)}
    short = {value for _, value in identities if len(value) < SHORTEST}
    patterns = []
    if long:
        patterns.append(rf"(?<!\w)(?:{_any(long)})(?!\w)")
    if short:
        told = r"""\b(?:user|uid|id|user[_-]?id|username)["']?\s{0,3}[:=]\s{0,3}["']?"""
        patterns.append(rf"(?:{told})(?:{_any(short)})(?!\w)|^(?:{_any(short)})$")
    if not patterns:
        return str
    found = re.compile("|".join(patterns), re.IGNORECASE)
    return lambda text: found.sub(FILTERED, text)


def _any(texts: Iterable[str]) -> str:
    return "|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True))

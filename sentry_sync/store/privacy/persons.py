"""What becomes of a person's names: by the rules, with the store's key. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sentry_sync.store.privacy.names import is_id
from sentry_sync.store.privacy.pseudonyms import MARK, Pseudonyms
from sentry_sync.store.privacy.rules import Rules, Treatment
from sentry_sync.store.privacy.texts import FILTERED, Cleaner, Replace

ERASED = "erased"
"""The user of an event whose person was erased: the same for all, so that it tells nobody apart."""

KINDS = ("id", "email", "username", "ip")
"""What Sentry knows a user by; the first three tell one person, an address may be shared."""

_TYPE = re.compile(r"[A-Za-z_][\w.$]{0,120}(?=: |$)")
"""An exception's type at the beginning of a title: it was written by a programmer."""

Clean = Callable[[str], str]


class Persons:
    """One store's way to name persons."""

    def __init__(self, rules: Rules, pseudonyms: Pseudonyms, kept_tags: frozenset[str]) -> None:
        self._rules = rules
        self._pseudonyms = pseudonyms
        self._kept_tags = kept_tags

    def hashed(self, kind: str, value: str) -> str:
        """The name that stands for ``value``; itself if it is such a name already."""
        return value if MARK in value else self._pseudonyms.name(kind, value)

    def hashed_text(self, value: Any) -> str:
        """The name that stands for any single value."""
        return self.hashed("text", str(value))

    def finder(self, part: str, kind: str) -> Replace | None:
        """What becomes of an address that is found in a text; None where it stays."""
        treatment = self._rules.of(part)
        if treatment is Treatment.KEEP:
            return None
        return (lambda _: FILTERED) if treatment is Treatment.DROP else (lambda found: self.hashed(kind, found))

    def hasher(self, part: str, kind: str) -> Replace | None:
        """The same for names that rows are told apart by: what would be dropped is hashed."""
        return None if self._rules.of(part) is Treatment.KEEP else (lambda found: self.hashed(kind, found))

    def treated(self, kind: str, value: str | int, clean: Clean) -> Any:
        """A user's id, email, username, name or address, ``kind`` says which; None once it is dropped."""
        treatment = self._rules.of(f"user.{kind}")
        if treatment is Treatment.DROP:
            return None
        if treatment is Treatment.HASH:
            return self.hashed(kind, str(value)) if value != "" else value
        # An id is often an address: kept as an id, it is scrubbed as an address.
        plain = isinstance(value, int) or kind in ("email", "ip") or is_id(kind, value)
        return value if plain else clean(str(value))

    def user_key(self, key: str, clean: Clean) -> str | None:
        """Sentry's key of a user, ``id:7``; of a kind it does not say it is taken for a username."""
        kind, colon, value = key.partition(":")
        if key == ERASED:
            return key
        if not colon or kind not in KINDS:
            if (found := clean(key)) is not key:
                return found
            kind, value = "username", key
        told = self.treated(kind, value, clean)
        if told == value:
            return key
        return None if told is None else f"{kind}:{told}"

    def tag(self, name: str, value: str, clean: Clean) -> str:
        """The value of a tag."""
        if name == "user":
            return self.user_key(value, clean) or FILTERED
        if name.startswith("user.") and name[5:] in (*KINDS, "name"):
            told = self.treated(name[5:], value, clean)
            return FILTERED if told is None else str(told)
        if is_id(name, value):
            return value
        if name in self._kept_tags or self._rules.of("tags") is Treatment.KEEP:
            return clean(value)
        return FILTERED if self._rules.of("tags") is Treatment.DROP else self.hashed("text", value)

    def message(self, text: str, clean: Clean) -> str:
        """What an error says: its type stays in any case."""
        treatment = self._rules.of("messages")
        if treatment is Treatment.KEEP or not text:
            return clean(text)
        kind = _TYPE.match(text)
        if kind and kind[0] == text:
            return clean(text)
        rest = text[kind.end() + 2 :] if kind else text
        if rest == FILTERED or rest.startswith(MARK):
            return text
        told = FILTERED if treatment is Treatment.DROP else self.hashed("text", rest)
        return f"{kind[0]}: {told}" if kind else told


def cleaner(persons: Persons, own: Replace | None, *, names: bool = False) -> Cleaner:
    """How texts are cleaned; ``names`` for those that rows are told apart by."""
    find = persons.hasher if names else persons.finder
    return Cleaner(find("emails", "email"), find("ips", "ip"), own)

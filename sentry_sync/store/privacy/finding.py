"""Which names a person has in a store: those given, and those that stand beside them in an event. Pure.

An address alone links nobody: a household, or an office, shares it.
"""

from __future__ import annotations

from collections.abc import Iterable

from sentry_sync.errors import QuestionError
from sentry_sync.store.privacy.erased import Identity
from sentry_sync.store.privacy.persons import KINDS
from sentry_sync.store.privacy.pseudonyms import MARK, Pseudonyms, plain

FORMS = ", ".join(f"{kind}:..." for kind in KINDS)


def identity(text: str) -> Identity:
    """A name as somebody types it, ``email:ana@example.org``; raises QuestionError."""
    kind, colon, value = text.strip().partition(":")
    if not colon or kind not in KINDS or not plain(value):
        raise QuestionError(f"a user is given as one of {FORMS}")
    return kind, value.strip()


class Names:
    """A person's names, as far as they are known."""

    def __init__(self, given: Iterable[Identity], pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms
        self.all: dict[str, Identity] = {}
        for kind, value in given:
            self.all[self._key(kind, value)] = (kind, value)

    def _key(self, kind: str, value: str) -> str:
        return value if value.startswith(MARK) else self._pseudonyms.name(kind, value)

    def has(self, identities: Iterable[Identity]) -> bool:
        """Whether one of these is the person's."""
        return any(self._key(kind, value) in self.all for kind, value in identities)

    def learn(self, identities: list[Identity]) -> bool:
        """Take up the names that stand beside one of the person's; whether any is new."""
        if not self.has(identities):
            return False
        new = {self._key(kind, value): (kind, value) for kind, value in identities if kind != "ip"}
        before = len(self.all)
        self.all = {**new, **self.all}
        return len(self.all) > before

    @property
    def spelled(self) -> list[Identity]:
        """All of them, and what stands for each in rows that were scrubbed."""
        return [*self.all.values(), *(("username", name) for name in self.all)]

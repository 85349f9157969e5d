"""What becomes of each part of an event on its way into the store, as its user chose. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Treatment(StrEnum):
    """What becomes of a value."""

    KEEP = "keep"
    """It stays, but for secrets in it."""
    HASH = "hash"
    """A name stands for it that only this store's key makes: the same for the same value, and no way back."""
    DROP = "drop"
    """``[Filtered]`` stands for it, or nothing."""


DEFAULTS: Mapping[str, Treatment] = MappingProxyType(
    {
        # Sentry's own key of a user, most often a number: what counts users, and what a developer looks up.
        "user.id": Treatment.KEEP,
        "user.email": Treatment.HASH,
        "user.username": Treatment.HASH,
        "user.name": Treatment.HASH,
        "user.ip": Treatment.HASH,
        "user.geo": Treatment.KEEP,
        "user.data": Treatment.KEEP,
        # Wherever they stand in a text.
        "emails": Treatment.HASH,
        "ips": Treatment.HASH,
        "headers": Treatment.KEEP,
        # A cookie is nearly always the key to a session.
        "cookies": Treatment.DROP,
        "query": Treatment.KEEP,
        "body": Treatment.KEEP,
        "locals": Treatment.KEEP,
        "breadcrumbs": Treatment.KEEP,
        "messages": Treatment.KEEP,
        "tags": Treatment.KEEP,
    }
)
"""Each part that can be chosen for. Secrets (passwords, tokens, keys, cards) are no choice: they never stay."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The choices of one store's user."""

    treatments: Mapping[str, Treatment] = field(default_factory=lambda: DEFAULTS)
    patterns: tuple[str, ...] = ()
    """Regular expressions of the user's own: what one of them finds does not stay."""

    def of(self, part: str) -> Treatment:
        """What becomes of ``part``."""
        return self.treatments[part]


def chosen(choices: Iterable[tuple[str, str]], patterns: Iterable[str] = ()) -> Rules:
    """The defaults with these choices; raises ValueError for a part or a treatment that there is not."""
    found = dict(DEFAULTS)
    for part, treatment in choices:
        if part not in DEFAULTS:
            raise ValueError(f"{part!r} is none of {', '.join(DEFAULTS)}")
        if treatment not in tuple(Treatment):
            raise ValueError(f"{part} can be {', '.join(Treatment)}")
        found[part] = Treatment(treatment)
    return Rules(MappingProxyType(found), tuple(patterns))

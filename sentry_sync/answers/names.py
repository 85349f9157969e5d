"""What a person may mean who has begun to type a name: from the copy alone, at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sentry_sync.answers import untrusted
from sentry_sync.store.reads import names
from sentry_sync.store.reads.prepared import Snapshot

Kind = Literal["project", "environment", "release", "issue"]

MOST = 100
"""Values of one answer, by the protocol."""

LOOKED_THROUGH = 2000
"""Names read for one answer: half a millisecond. Of more releases than these, only their beginnings are found."""

LONGEST = 200
"""Characters: Sentry's longest version. What is longer is no name of Sentry's."""


@dataclass(frozen=True, slots=True)
class Completed:
    """Names, the likeliest first."""

    values: tuple[str, ...]
    more: bool


def completed(snapshot: Snapshot, kind: Kind, typed: str) -> Completed:
    """The names of ``kind`` that ``typed`` may be the beginning, or a part, of."""
    said = typed[:LONGEST].strip()
    match kind:
        case "project":
            known = names.projects(snapshot, LOOKED_THROUGH)
        case "environment":
            known = names.environments(snapshot, LOOKED_THROUGH)
        case "release":
            known = names.releases(snapshot, said, LOOKED_THROUGH)
        case "issue":
            known = names.short_ids(snapshot, said.upper(), MOST + 1)
    return likeliest(known, said)


def likeliest(known: Iterable[str], typed: str) -> Completed:
    """Those of ``known`` that begin with ``typed``, then those that hold it; in their order otherwise.

    A name with hidden characters is left out: cleaned it would name nothing, and as it is it could show a person
    something else than what is then asked for.
    """
    said = typed.lower()
    begins: dict[str, None] = {}
    holds: dict[str, None] = {}
    for name in known:
        at = name.lower().find(said)
        if at >= 0 and name and untrusted.line(name, LONGEST) == name:
            (holds if at else begins)[name] = None
    found = [*begins, *(name for name in holds if name not in begins)]
    return Completed(tuple(found[:MOST]), len(found) > MOST)

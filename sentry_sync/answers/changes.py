"""Whether something in the copy changed since it was last looked at, whichever process changed it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from sentry_sync.errors import StoreError
from sentry_sync.store.reads import changes
from sentry_sync.store.reads.prepared import Snapshot
from sentry_sync.store.reads.snapshot import Reader
from sentry_sync.store.store import Store


@dataclass(frozen=True, slots=True)
class Subject:
    """What may change."""

    kind: Literal["status", "issue", "release"]
    name: str = ""
    """An issue's id or short id, or a release's version."""


Prints = Mapping[Subject, Any]
"""What was seen of each subject: equal as long as nothing changed."""


class Changes:
    """Looks at one store, for one watcher: not to be shared between threads."""

    def __init__(self, store: Store) -> None:
        self._reader = Reader(store)
        self._seen: tuple[Snapshot, int] | None = None
        self._prints: Prints = {}

    def note(self, subject: Subject) -> None:
        """Begin with ``subject`` as it is now, unless it is known already; of no store that can't be read."""
        if subject in self._prints:
            return
        with suppress(StoreError), self._reader.snapshot() as snapshot:
            self._prints = {**self._prints, subject: _print(snapshot, subject)}

    def since_last(self, subjects: Collection[Subject]) -> set[Subject]:
        """Those that changed since the last look, or since they were noted.

        It costs 50 us while nobody has written. A store that cannot be read is a change of its status.
        """
        try:
            with self._reader.snapshot() as snapshot:
                now = (snapshot, changes.version(snapshot))
                unwritten = self._seen is not None and self._seen[0] is now[0] and self._seen[1] == now[1]
                if unwritten and all(subject in self._prints for subject in subjects):
                    return set()
                prints: Prints = {subject: _print(snapshot, subject) for subject in subjects}
                self._seen = now
        except StoreError as error:
            prints = {**self._prints, **{one: str(error) for one in subjects if one.kind == "status"}}
            self._seen = None
        found = {one for one in subjects if one in self._prints and self._prints[one] != prints[one]}
        self._prints = prints
        return found

    def close(self) -> None:
        """Let go of the store."""
        self._reader.close()


def _print(snapshot: Snapshot, subject: Subject) -> Any:
    match subject.kind:
        case "status":
            return changes.status(snapshot)
        case "issue":
            return changes.issue(snapshot, subject.name.upper())
        case "release":
            return changes.release(snapshot, subject.name)

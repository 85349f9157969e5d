"""The names of whoever is being erased, for as long as that lasts: whoever goes on with it needs them in clear.

They stand in a file of their own, readable by its owner alone, and in no database, log or free page. It is written
before the first row is, and deleted after the last step; the rows that it is about hold the same names till then.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import orjson

from sentry_sync.errors import StoreError
from sentry_sync.store.paths import unwritable
from sentry_sync.store.privacy.erased import Identity


class Pending:
    """The file at ``path``."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __bool__(self) -> bool:
        """Whether somebody is being erased, or was when a process died."""
        return self._path.exists()

    def names(self) -> list[Identity]:
        """The names in it; none without it. Raises StoreError."""
        try:
            found = orjson.loads(self._path.read_bytes())
        except FileNotFoundError:
            return []
        except (OSError, orjson.JSONDecodeError) as error:
            raise StoreError(
                f"{self._path} cannot be read ({type(error).__name__}): delete it, and run `sentry-sync erase` "
                "again with the names it was run with"
            ) from error
        return [(str(kind), str(value)) for kind, value in found]

    def keep(self, names: Iterable[Identity]) -> None:
        """Have these in it; a power cut leaves it as it was, or as it is to be. Raises StoreUnwritable."""
        draft = self._path.with_name(f"{self._path.name}.draft")
        try:
            draft.unlink(missing_ok=True)
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(orjson.dumps(sorted(names)))
                file.flush()
                os.fsync(file.fileno())
            draft.rename(self._path)
        except OSError as error:
            raise unwritable(self._path, error) from error

    def forget(self) -> None:
        """Delete it; raises StoreUnwritable."""
        try:
            for path in (self._path.with_name(f"{self._path.name}.draft"), self._path):
                path.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(self._path, error) from error

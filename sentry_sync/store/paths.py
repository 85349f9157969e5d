"""What lies where in a store's directory."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sentry_sync.errors import StoreUnwritable


@dataclass(frozen=True, slots=True)
class StorePaths:
    """The files of one store. Personal data lives here: the directory is 0700, its files 0600."""

    directory: Path
    projects: tuple[str, ...] = ()
    """Slugs of the only projects that whoever reads by these paths may see; none for all."""

    @property
    def database(self) -> Path:
        """The system of record."""
        return self.directory / "store.db"

    @property
    def ledger(self) -> Path:
        """The request ledger: a database of its own, since every process writes it."""
        return self.directory / "ledger.db"

    @property
    def key(self) -> Path:
        """What persons' names are hashed with."""
        return self.directory / "persons.key"

    @property
    def erasing(self) -> Path:
        """The names of whoever is being erased, until they are."""
        return self.directory / "erasing.json"

    @property
    def audit(self) -> Path:
        """Who asked what."""
        return self.directory / "audit"

    @property
    def lake(self) -> Path:
        """Published Parquet parts."""
        return self.directory / "lake"

    @property
    def write_lock(self) -> Path:
        """Held for the length of each write transaction."""
        return self.directory / "write.lock"

    @property
    def care_lock(self) -> Path:
        """Held by whoever writes all rows again, or the file."""
        return self.directory / "care.lock"

    @property
    def presence(self) -> Path:
        """Where each process that syncs or asks Sentry says that it is there."""
        return presence_beside(self.database)

    @property
    def alerts_lock(self) -> Path:
        """Held by whoever looks at the alerts."""
        return self.directory / "alerts.lock"

    @property
    def lake_lock(self) -> Path:
        """Held by whoever publishes."""
        return self.directory / "lake.lock"

    def create(self) -> None:
        """Make the directory, private to its owner; raises StoreUnwritable with the reason in one line."""
        try:
            self.lake.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.directory.chmod(0o700)
        except OSError as error:
            raise unwritable(self.directory, error) from error
        if not os.access(self.directory, os.W_OK | os.X_OK):
            raise StoreUnwritable(
                f"the store's directory {self.directory} cannot be written: change its permissions, "
                "or choose another with SENTRY_SYNC_STORE"
            )


def presence_beside(file: Path) -> Path:
    """The same, by any other file of the store."""
    return file.with_name("presence.lock")


def unwritable(path: Path, error: OSError) -> StoreUnwritable:
    """One line for an operating system's refusal at ``path``."""
    return StoreUnwritable(
        f"cannot write {path}: {error.strerror or error}; free the disk or its permissions, "
        "or choose another place with SENTRY_SYNC_STORE"
    )

"""What SIGHUP does: the settings are read anew, and what can change while a process runs does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sentry_sync.cli.settings import Settings
from sentry_sync.errors import SettingsError

Again = Callable[[], Settings]
"""Reads the settings as they are now; raises SettingsError for wrong ones."""

FIXED = ("org", "base_url", "store", "projects", "scrub", "scrub_patterns")
"""Settings that a running process keeps: another store, or another organization, is another process."""

READ = "the settings were read anew"


@dataclass(frozen=True, slots=True)
class Anew:
    """The settings as they were read, but for those that stay."""

    settings: Settings
    kept: Sequence[str]
    """What was to be another, and stays."""

    @property
    def stays(self) -> str | None:
        """What to say of that; None where there is nothing."""
        return f"to change {', '.join(self.kept)}, end this process and start another" if self.kept else None


def anew(again: Again, held: Settings, fixed: Sequence[str] = FIXED) -> Anew:
    """The settings that a process goes on by which has gone by ``held``. Raises SettingsError for wrong ones."""
    found = again()
    kept = [name for name in fixed if getattr(found, name) != getattr(held, name)]
    return Anew(found.model_copy(update={name: getattr(held, name) for name in kept}), kept)


def refused(error: SettingsError) -> str:
    """What to say where the settings are wrong, and nothing changes."""
    return f"the settings stay as they were: {error}"

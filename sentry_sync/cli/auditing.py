"""What a command told or did, for the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sentry_sync.cli.settings import Settings
from sentry_sync.records.clock import SystemClock
from sentry_sync.store.audit_trail import AuditTrail, Entry
from sentry_sync.store.paths import StorePaths


def noted(settings: Settings, what: str, arguments: Mapping[str, Any], rows: int | None = None) -> None:
    """Write down that a command told ``rows`` of the copy, or did something to it."""
    trail = trail_of(settings)
    trail.note(Entry("command line", what, arguments, "ok", "local", rows))
    trail.close()


def trail_of(settings: Settings) -> AuditTrail:
    """The audit log of the settings' store."""
    paths = StorePaths(settings.store)
    return AuditTrail(paths.audit, SystemClock(), paths.key)

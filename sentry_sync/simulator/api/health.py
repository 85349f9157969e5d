"""Release health inside the releases list."""

from __future__ import annotations

from typing import Any

from sentry_sync.simulator.world.releases import Release

from .call import Call


def check(call: Call) -> None:
    """400 for health parameters Sentry refuses."""


def add(call: Call, rows: list[dict[str, Any]], releases: list[Release], *, blank: bool) -> None:
    """Put `healthData` into the rows if `health=1` was asked."""

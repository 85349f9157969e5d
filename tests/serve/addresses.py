"""The addresses of resources, as a client makes them of the templates."""

from __future__ import annotations

from urllib.parse import quote


def address_of(kind: str, name: str) -> str:
    """The address of an issue or a release, whatever its name holds (RFC 6570, simple expansion)."""
    return f"sentry-sync://{kind}/{quote(name, safe='')}"

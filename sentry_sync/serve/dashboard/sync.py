"""The sync: how fresh and how whole each resource is, what the requests cost, and what went wrong."""

from __future__ import annotations

from typing import Any

from sentry_sync.answers.holdings import ENDS_REST, REINSTALL
from sentry_sync.answers.status import StatusCommand
from sentry_sync.records.budget import Lane
from sentry_sync.serve.dashboard.asked import Asked
from sentry_sync.serve.dashboard.page import Page, Watched


def page(asked: Asked) -> Page:
    """The page."""
    found = asked.carried_out(StatusCommand("detailed"))
    budget = found["budget"]
    return Page(
        "sync.html.j2",
        "Sync",
        {
            "status": found,
            "reinstall": REINSTALL,
            "ends_rest": ENDS_REST,
            "budget": budget,
            "lanes": [str(lane) for lane in sorted(Lane, reverse=True)],
            "troubles": [
                {"resource": entry["resource"], **stream}
                for entry in found["resources"]
                for stream in entry["troubles"]
            ],
            "streams": [
                {"resource": entry["resource"], **stream}
                for entry in found["resources"]
                for stream in entry["streams"]
            ],
            "coverage": [_covered(part) for entry in found["resources"] for part in entry["coverage"]],
            "lacking": sorted(name for name, able in found["capabilities"].items() if not able),
        },
        found["freshness"],
        watched=Watched(offered=False),
    )


def _covered(part: dict[str, Any]) -> dict[str, Any]:
    """A line of the table: one scope, or what all scopes have together."""
    scopes = part["scopes"]
    whole = part["scope"] or ("the organization" if scopes in (0, 1) else f"{scopes} scopes")
    return {**part, "where": whole}

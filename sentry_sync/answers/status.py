"""sync-status: what the copy holds, how fresh and how whole, who syncs it and what that costs. Asks nobody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sentry_sync.answers import untrusted
from sentry_sync.answers.command import Command, Listener
from sentry_sync.answers.freshness import Facts, freshness
from sentry_sync.answers.locating import SLUG
from sentry_sync.answers.times import shown
from sentry_sync.answers.warnings import REASON
from sentry_sync.errors import StoreMissing

if TYPE_CHECKING:
    from sentry_sync.answers.asking import Answer
    from sentry_sync.answers.desk import Desk

GAPS = 5
"""Gaps of a coverage shown, the newest; how many there are is said."""

TROUBLED = ("failed", "interrupted", "abandoned")
"""States of a stream's last pass that are worth a line."""

NOTHING_YET = "nothing has been synced here yet: call sync-now, or run `sentry-sync sync`"


@dataclass(frozen=True, slots=True)
class StatusCommand(Command):
    """The status of the copy; detailed, with each stream and its last pass."""

    response_format: str = "concise"

    resource = "projects"

    def carry_out(self, desk: Desk, listener: Listener) -> Answer:
        """Read the store's books and the request ledger."""
        del listener  # it takes milliseconds
        desk.check_origin()
        return answer(desk, status_of(desk), detailed=self.response_format == "detailed")


def status_of(desk: Desk, *, counted: bool = False) -> dict[str, Any]:
    """What the copy holds, as the command line has it too; its rows only if they are to be ``counted``."""
    from sentry_sync.answers import holdings

    try:
        return holdings.document(desk.store, desk.clock, desk.means.per_minute, counted=counted)
    except StoreMissing:
        return holdings.nothing(desk.store, desk.clock, desk.means.per_minute)


def answer(desk: Desk, found: dict[str, Any], *, detailed: bool) -> Answer:
    """The status as an answer."""
    slug, base_url = found["organization"] or desk.organization, found["base_url"] or desk.base_url
    trouble = desk.unreachable(found["now"])
    return {
        "organization": untrusted.line(slug, SLUG) if slug else None,
        "server": {
            "url": base_url,
            "configured": desk.client is not None,
            "trouble": trouble.note if trouble else None,
        },
        "resources": [resource(entry, found, detailed=detailed) for entry in found["resources"]],
        "syncing": _syncing(found),
        "budget": found["budget"],
        "webhooks": {name: _plain(at) for name, at in found["webhooks"].items()},
        "doubts": _shown(found["doubts"]),
        "capabilities": found["capabilities"],
        "store": {name: found["store"][name] for name in ("bytes", "database", "ledger", "lake")},
        "freshness": _freshness(found),
    }


def resource(entry: dict[str, Any], found: dict[str, Any], *, detailed: bool) -> dict[str, Any]:
    """One resource: how fresh, how whole, what went wrong with it."""
    from sentry_sync.answers.holdings import covered_by

    names = ("resource", "supported", "as_of", "age_seconds", "stale", "synced_every_seconds", "next_sync_at")
    shown_of = {name: _plain(entry[name]) for name in names}
    covers = covered_by(entry["resource"])
    shown_of["coverage"] = [_coverage(part) for part in found["coverage"] if part["resource"] in covers]
    shown_of["rejected"] = entry["rejected"]
    shown_of["troubles"] = [_stream(stream) for stream in entry["streams"] if _is_troubled(stream)]
    if detailed:
        shown_of["streams"] = [_stream(stream) for stream in entry["streams"]]
    return shown_of


def _is_troubled(stream: dict[str, Any]) -> bool:
    troubled = stream["state"] in TROUBLED or stream["failures"] > 0
    return troubled or stream["rejected"] > 0 or stream["failed_scopes"] > 0


def _stream(stream: dict[str, Any]) -> dict[str, Any]:
    names = ("stream", "state", "as_of", "at", "scopes", "failed_scopes", "pages", "rows", "rejected")
    found = {name: _plain(stream[name]) for name in names}
    if stream["failures"]:
        found |= {"failures": stream["failures"], "next_try_at": _plain(stream["next_try_at"])}
    for name in ("error", "reject_reason"):
        if stream[name]:
            found[name] = untrusted.line(stream[name], REASON)
    return found


def _coverage(part: dict[str, Any]) -> dict[str, Any]:
    names = ("resource", "scope", "scopes", "from", "to", "approximate", "sources", "resolution_seconds")
    found = {name: _plain(part[name]) for name in names}
    return found | {"gaps": _shown(part["gaps"][-GAPS:]), "gaps_in_all": len(part["gaps"])}


def _syncing(found: dict[str, Any]) -> dict[str, Any] | None:
    if not found["syncing"]:
        return None
    names = {
        "process": "syncing_process",
        "since": "syncing_since",
        "heard_of_at": "syncing_heard_of_at",
        "resting_until": "resting_until",
        "resting_because": "resting_because",
    }
    return {name: _plain(found[source]) for name, source in names.items()}


def _freshness(found: dict[str, Any]) -> dict[str, Any]:
    """Of the copy as a whole: as old as its oldest part, and whole once every part was read whole."""
    parts = [entry for entry in found["resources"] if entry["supported"]]
    dates: list[datetime | None] = [entry["as_of"] for entry in parts]
    known = [at for at in dates if at]
    undated = [entry["resource"] for entry in parts if entry["as_of"] is None]
    facts = Facts(
        as_of=min(known) if known and not undated else None,
        complete=not undated,
        stale_after=timedelta.max,
        notes=tuple(_notes(found, undated, bool(known))),
    )
    told = freshness(facts, now=found["now"], next_sync_at=_soonest(parts))
    return told | {"stale": any(entry["stale"] for entry in parts)}


def _notes(found: dict[str, Any], undated: list[str], anything: bool) -> Iterable[str]:
    if undated and not anything:
        yield NOTHING_YET
    elif undated:
        yield f"never read whole so far: {', '.join(undated)}"
    if not found["syncing"]:
        yield "no process keeps this copy in sync: run `sentry-sync daemon`, or call sync-now"
    if found["resting_until"]:
        from sentry_sync.answers.holdings import ENDS_REST

        until, because = shown(found["resting_until"]), found["resting_because"]
        yield f"the sync rests until {until}, since {because}: {ENDS_REST}"
    if found["webhooks"]["uninstalled_at"]:
        from sentry_sync.answers.holdings import REINSTALL

        at = shown(found["webhooks"]["uninstalled_at"])
        yield f"the integration was uninstalled in Sentry at {at}: {REINSTALL}"
    if found["clock"]:
        yield f"at {shown(found['clock']['at'])}: {untrusted.line(found['clock']['note'] or '', REASON)}"


def _soonest(parts: Iterable[dict[str, Any]]) -> datetime | None:
    return min((entry["next_sync_at"] for entry in parts if entry["next_sync_at"]), default=None)


def _shown(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: _plain(value) for name, value in entry.items()} for entry in entries]


def _plain(value: Any) -> Any:
    """``value`` as JSON has it; seconds whole."""
    if isinstance(value, datetime):
        return shown(value)
    return round(value) if isinstance(value, float) else value

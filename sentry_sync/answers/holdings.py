"""What the copy holds, how fresh and how whole, from the local files alone: one document for every way to ask.

Times in it are datetimes; whoever shows it makes text of them.
"""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

from sentry_sync.errors import StoreError
from sentry_sync.records.budget import Lane
from sentry_sync.records.clock import Clock
from sentry_sync.records.schedule import Rest
from sentry_sync.store import lease
from sentry_sync.store.ledger import RequestLedger
from sentry_sync.store.reads import status as reads
from sentry_sync.store.reads.snapshot import empty
from sentry_sync.store.store import Store
from sentry_sync.store.take_back import STREAM as CLOCK
from sentry_sync.sync.plan import INTERVALS, stale_after
from sentry_sync.sync.run import LADDERS, RESOURCES

HELD = {
    "projects": ("projects", "environments"),
    "issues": ("issues",),
    "releases": ("releases", "deploys", "release_health"),
    "events": ("events", "event_bodies", "error_counts", "issue_environments"),
    "performance": ("transaction_stats", "transaction_windows", "query_stats", "web_vitals"),
}
"""The tables that hold each resource."""

MINUTE = timedelta(minutes=1)

ONE_BY_ONE = ("deploys", "event_bodies")
"""Streams that look at one release or issue when it changed; where none did, they have nothing to look at."""


RECONCILING = (
    "issues.hinted",
    "events.hinted",
    "issues.review",
    "issues.sweep",
    "issues.confirm",
    "issues.verify",
    "events.audit",
    "issue_environments.audit",
    "events.retention",
    "releases.sweep",
    "releases.confirm",
)
"""Streams that look again at what is already held, once a day or at a hint; others have what is new."""


def document(store: Store, clock: Clock, per_minute: int | None, *, counted: bool = True) -> dict[str, Any]:
    """The whole of it; without ``counted`` no rows are counted. Raises StoreMissing and other StoreErrors."""
    with closing(store.read()) as connection:
        return described(reads.read(connection, counted=counted), store, clock, per_minute)


def covered_by(resource: str) -> set[str]:
    """Under which names what a resource's streams cover is known."""
    return {rung.covers for ladder in LADDERS for rung in ladder if rung.resource == resource and rung.covers}


def nothing(store: Store, clock: Clock, per_minute: int | None) -> dict[str, Any]:
    """The same of a store that is not there yet."""
    with closing(empty()) as connection:
        return described(reads.read(connection, counted=False), store, clock, per_minute)


def described(status: reads.Status, store: Store, clock: Clock, per_minute: int | None) -> dict[str, Any]:
    """What was read of the store, beside what is known of its files and its budget."""
    now = clock.now()
    sizes = reads.size_on_disk(store.paths)
    holder = lease.held(status.lease, now, store.paths)
    syncing = holder is not None
    rest = holder.resting(now) if holder else None
    resources = [_resource(name, status, now, syncing=syncing, rest=rest) for name in RESOURCES]
    return {
        "now": now,
        "organization": status.organization,
        "base_url": status.base_url,
        "store": {"directory": str(store.paths.directory), "bytes": sum(sizes.values()), **sizes},
        "budget": budget(store, per_minute, clock),
        "syncing": syncing,
        "syncing_process": holder.process if holder else None,
        "syncing_since": holder.taken_at if holder else None,
        "syncing_heard_of_at": holder.beat_at if holder else None,
        "resting_until": rest.until if rest else None,
        "resting_because": rest.because if rest else None,
        "resources": resources,
        "coverage": [_covered(entry) for entry in status.coverage],
        "clock": _clock(status),
        # Names with a colon are the sync's own notes beside them.
        "capabilities": {name: able for name, able in status.capabilities.items() if ":" not in name},
        "retention": [
            {
                "resource": entry.resource,
                "served_since": entry.since,
                "learned_at": entry.learned_at,
                "held_beyond": entry.held_beyond,
            }
            for entry in status.retention
        ],
        "webhooks": {"last_at": status.hooks.last_at, "uninstalled_at": status.hooks.uninstalled_at},
        "doubts": [
            {"resource": entry.resource, "hours": entry.hours, "newest_at": entry.newest_at}
            for entry in status.doubts
        ],
    }


REINSTALL = (
    "webhooks no longer come, and the token of that integration is refused: install it again in Sentry "
    "(Settings > Developer Settings), or set SENTRY_AUTH_TOKEN and SENTRY_SYNC_WEBHOOK_SECRET to another's"
)
"""What there is to do once the integration was uninstalled."""


def _clock(status: reads.Status) -> dict[str, Any] | None:
    """When claims to know the future were last taken back, and which; None if that was not of late."""
    noted = status.streams.get(CLOCK)
    return {"at": noted.last.updated_at, "note": noted.last.error} if noted and noted.last else None


def budget(store: Store, per_minute: int | None, clock: Clock) -> dict[str, Any] | None:
    """Requests of the last minute; None where the ledger cannot be opened (it counts by writing)."""
    try:
        with RequestLedger(store.paths.ledger, clock, per_minute=per_minute) as ledger:
            spent = ledger.spent()
            return {
                "per_minute": per_minute,
                "spent": sum(spent.values()),
                "spent_by_lane": {str(lane): count for lane, count in spent.items()},
                "left_for_questions": ledger.left(Lane.LIVE),
                "left_for_sync": ledger.left(Lane.WARM),
                "refused": _refused(ledger, clock.now()),
            }
    except StoreError:
        return None


def _refused(ledger: RequestLedger, now: datetime) -> dict[str, int]:
    """Requests of the last minute that the server refused, failed at or did not answer, by status."""
    over = [request for request in ledger.recent(now - MINUTE) if request.finished_at]
    told = [str(request.status or "no answer") for request in over if (request.status or 500) >= 400]
    return dict(sorted(Counter(told).items()))


ENDS_REST = "sync-now, SIGHUP or a restart ends that"
"""What there is to do once what made the sync rest is mended."""


def _resource(
    name: str, status: reads.Status, now: datetime, *, syncing: bool, rest: Rest | None
) -> dict[str, Any]:
    ladders = [ladder for ladder in LADDERS if ladder[0].resource == name]
    streams = [_stream(ladder, status, now, syncing=syncing, rest=rest) for ladder in ladders]
    # As old as its oldest stream. One that has never come through leaves the whole resource without a date.
    dates = [entry["as_of"] for entry in streams if entry["whole"] and _dated(entry)]
    as_of = min(dates) if dates and None not in dates else None
    return {
        "resource": name,
        "supported": any(entry["state"] != "unsupported" for entry in streams),
        "as_of": as_of,
        "age_seconds": (now - as_of).total_seconds() if as_of else None,
        "stale": as_of is None or abs(now - as_of) > stale_after(name),
        "stale_after_seconds": stale_after(name).total_seconds(),
        "synced_every_seconds": INTERVALS[name].total_seconds(),
        "rows": {table: status.rows[table] for table in HELD[name] if table in status.rows},
        "next_sync_at": _next(streams, status, rest.until if rest else now) if syncing else None,
        "rejected": sum(entry["rejected"] for entry in streams),
        "streams": streams,
    }


def _next(streams: list[dict[str, Any]], status: reads.Status, soonest: datetime) -> datetime | None:
    """When the process that syncs, before ``soonest`` nothing, will come to one of the resource's streams."""
    due = [status.due[entry["stream"]] for entry in streams if entry["stream"] in status.due]
    return max(min(due), soonest) if due else None


def _next_try(due_at: datetime | None, rest: Rest | None) -> datetime | None:
    return max(due_at, rest.until) if due_at and rest else due_at


def _dated(entry: dict[str, Any]) -> bool:
    """Whether the stream's date tells when it was last synced.

    Windows of whole hours end at the last full one; what reconciles the issues has a rhythm of its own.
    """
    aside = entry["stream"].startswith("transaction_windows.") or entry["stream"] in RECONCILING
    return entry["state"] != "unsupported" and not aside


def _stream(
    ladder: Any, status: reads.Status, now: datetime, *, syncing: bool, rest: Rest | None
) -> dict[str, Any]:
    name = ladder[0].name
    report = status.streams.get(name)
    lacking = all(False in map(status.capabilities.get, (rung.needs, rung.after)) for rung in ladder)
    last = report.last if report else None
    as_of = report.as_of if report else None
    failing = status.failing.get(name)
    if failing and last and last.state == "done" and last.updated_at > failing.at:
        failing = None  # a sync that nobody scheduled has brought it since
    return {
        "stream": name,
        "state": "unsupported" if lacking else _state(last, as_of, syncing=syncing),
        "as_of": as_of,
        "age_seconds": (now - as_of).total_seconds() if as_of else None,
        "whole": report.whole if report and report.scopes else name not in ONE_BY_ONE,
        "scopes": report.scopes if report else 0,
        "failed_scopes": report.failed if report else 0,
        "pages": last.pages if last else 0,
        "rows": last.rows if last else 0,
        "rejected": report.rejected if report else 0,
        "reject_reason": last.reject_reason if last else None,
        # What the schedule knows failed before it came to a page.
        "error": (last.error if last else None) or (failing.error if failing else None),
        "failures": failing.failures if failing else 0,
        "next_try_at": _next_try(status.due.get(name), rest) if failing else None,
        "at": last.updated_at if last else None,
    }


def _state(last: reads.PassReport | None, as_of: datetime | None, *, syncing: bool) -> str:
    if last is None:
        return "done" if as_of else "never"
    if last.state == "running" and not syncing:
        return "interrupted"
    return last.state


def _covered(entry: reads.CoverageReport) -> dict[str, Any]:
    known = entry.start < entry.end
    return {
        "resource": entry.resource,
        "scope": entry.scope,
        "scopes": entry.scopes,
        "from": entry.start if known else None,
        "to": entry.end if known else None,
        "gaps": [{"from": gap.start, "to": gap.end} for gap in entry.gaps],
        "sources": list(entry.sources),
        "approximate": entry.approximate,
        "resolution_seconds": entry.resolution,
    }

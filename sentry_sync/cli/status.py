"""``sentry-sync status``: what the copy holds, from the local files alone."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

from sentry_sync.cli import output
from sentry_sync.cli.settings import Settings
from sentry_sync.errors import StoreError
from sentry_sync.records.budget import Lane
from sentry_sync.records.clock import Clock, SystemClock
from sentry_sync.store import lease
from sentry_sync.store.ledger import RequestLedger
from sentry_sync.store.reads import status as reads
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

ONE_BY_ONE = ("deploys", "event_bodies")
"""Streams that look at one release or issue when it changed; where none did, they have nothing to look at."""


RECONCILING = (
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
"""Streams that look again at what is already held, every half hour to once a day; others have what is new."""


def run(settings: Settings, *, as_json: bool, clock: Clock | None = None) -> None:
    """Print the status. Raises StoreMissing when there is nothing to report on."""
    clock = clock or SystemClock()
    found = document(settings, clock)
    if as_json:
        output.document(found)
    else:
        _show(found)


def document(settings: Settings, clock: Clock) -> dict[str, Any]:
    """The status as one JSON object (datetimes not yet text)."""
    store = Store(settings.store, clock)
    with closing(store.read()) as connection:
        status = reads.read(connection)
    now = clock.now()
    sizes = reads.size_on_disk(store.paths)
    holder = lease.held(status.lease, now)
    syncing = holder is not None
    return {
        "now": now,
        "organization": status.organization,
        "base_url": status.base_url,
        "store": {"directory": str(settings.store), "bytes": sum(sizes.values()), **sizes},
        "budget": _budget(store, settings.rate_limit, clock),
        "syncing": syncing,
        "syncing_process": holder.holder if holder else None,
        "syncing_since": holder.taken_at if holder else None,
        "syncing_heard_of_at": holder.beat_at if holder else None,
        "resources": [_resource(name, status, now, syncing=syncing) for name in RESOURCES],
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
    }


def _clock(status: reads.Status) -> dict[str, Any] | None:
    """When claims to know the future were last taken back, and which; None if that was not of late."""
    noted = status.streams.get(CLOCK)
    return {"at": noted.last.updated_at, "note": noted.last.error} if noted and noted.last else None


def _budget(store: Store, per_minute: int, clock: Clock) -> dict[str, Any] | None:
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
            }
    except StoreError:
        return None


def _resource(name: str, status: reads.Status, now: datetime, *, syncing: bool) -> dict[str, Any]:
    streams = [_stream(ladder, status, now, syncing=syncing) for ladder in LADDERS if ladder[0].resource == name]
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
        "rows": {table: status.rows[table] for table in HELD[name]},
        "rejected": sum(entry["rejected"] for entry in streams),
        "streams": streams,
    }


def _dated(entry: dict[str, Any]) -> bool:
    """Whether the stream's date tells when it was last synced.

    Windows of whole hours end at the last full one; what reconciles the issues has a rhythm of its own.
    """
    aside = entry["stream"].startswith("transaction_windows.") or entry["stream"] in RECONCILING
    return entry["state"] != "unsupported" and not aside


def _stream(ladder: Any, status: reads.Status, now: datetime, *, syncing: bool) -> dict[str, Any]:
    name = ladder[0].name
    report = status.streams.get(name)
    lacking = all(False in map(status.capabilities.get, (rung.needs, rung.after)) for rung in ladder)
    last = report.last if report else None
    as_of = report.as_of if report else None
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
        "error": last.error if last else None,
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


def _show(found: dict[str, Any]) -> None:
    store, budget = found["store"], found["budget"]
    output.line(f"{found['organization'] or 'nothing synced yet'} at {found['base_url'] or '-'}")
    parts = ", ".join(f"{name} {output.size(store[name])}" for name in ("database", "ledger", "lake"))
    output.line(f"store   {store['directory']}: {output.size(store['bytes'])} ({parts})")
    if budget:
        output.line(
            f"budget  {budget['spent']} of {budget['per_minute']} requests spent in the last minute, "
            f"{budget['left_for_questions']} left for questions, {budget['left_for_sync']} for the sync"
        )
    if found["syncing"]:
        output.line(
            f"sync    running now: process {output.printable(found['syncing_process'])}, since "
            f"{output.moment(found['syncing_since'])}, last heard of {output.moment(found['syncing_heard_of_at'])}"
        )
    if found["clock"]:
        output.line(
            f"clock   at {output.moment(found['clock']['at'])}: {output.printable(found['clock']['note'])}"
        )
    output.line()
    output.table(
        ("RESOURCE", "AS OF", "AGE", "STALE", "REJECTED", "ROWS"),
        [_resource_row(entry) for entry in found["resources"]],
    )
    output.line()
    output.table(
        ("STREAM", "LAST PASS", "AS OF", "PAGES", "ROWS", "REJECTED", "NOTE"),
        [_stream_row(stream) for entry in found["resources"] for stream in entry["streams"]],
    )
    for entry in found["retention"]:
        if entry["held_beyond"]:
            output.line(
                f"held    {entry['held_beyond']} {entry['resource']} from before "
                f"{output.moment(entry['served_since'])}, which Sentry no longer lists"
            )
    if found["coverage"]:
        output.line()
        output.table(
            ("COVERED", "FROM", "TO", "GAPS", "SOURCE"), [_coverage_row(entry) for entry in found["coverage"]]
        )


def _resource_row(entry: dict[str, Any]) -> list[object]:
    rows = ", ".join(f"{count} {table}" for table, count in entry["rows"].items())
    stale = entry["stale"] if entry["supported"] else "unsupported by the server"
    return [entry["resource"], entry["as_of"], _age(entry), stale, entry["rejected"], rows]


def _stream_row(entry: dict[str, Any]) -> list[object]:
    note = entry["error"] or (entry["reject_reason"] and f"rejected: {entry['reject_reason']}") or ""
    if not entry["whole"] and entry["scopes"]:
        note = f"{entry['scopes']} looked at one by one{'; ' if note else ''}{note}"
    return [
        entry["stream"],
        entry["state"],
        entry["as_of"],
        entry["pages"],
        entry["rows"],
        entry["rejected"],
        note,
    ]


def _coverage_row(entry: dict[str, Any]) -> list[object]:
    missing = "; ".join(f"{output.moment(gap['from'])} to {output.moment(gap['to'])}" for gap in entry["gaps"])
    name = f"{entry['resource']} ({entry['scopes']} {entry['scope']})" if entry["scope"] else entry["resource"]
    sources = ", ".join(entry["sources"]) + (" (approximate)" if entry["approximate"] else "")
    return [name, entry["from"], entry["to"], missing or "none", sources]


def _age(entry: dict[str, Any]) -> str:
    seconds = entry["age_seconds"]
    return output.duration(timedelta(seconds=seconds) if seconds is not None else None)

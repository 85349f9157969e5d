"""``sentry-sync status``: what the copy holds, from the local files alone."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import Any

from sentry_sync.answers import holdings
from sentry_sync.cli import output
from sentry_sync.cli.connect import store_of
from sentry_sync.cli.settings import Settings
from sentry_sync.records.clock import Clock, SystemClock


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
    with closing(store_of(settings, clock)) as store:
        return holdings.document(store, clock, settings.rate_limit)


def _show(found: dict[str, Any]) -> None:
    _show_copy(found)
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


def _show_copy(found: dict[str, Any]) -> None:
    """Whose copy it is and where, what was spent, and who syncs."""
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
    if found["resting_until"]:
        output.line(
            f"rest    until {output.moment(found['resting_until'])} nothing is asked of Sentry, since "
            f"{found['resting_because']}: {holdings.ENDS_REST}"
        )
    if found["webhooks"]["uninstalled_at"]:
        at = output.moment(found["webhooks"]["uninstalled_at"])
        output.line(f"hooks   at {at} the integration was uninstalled in Sentry: {holdings.REINSTALL}")
    if found["clock"]:
        output.line(
            f"clock   at {output.moment(found['clock']['at'])}: {output.printable(found['clock']['note'])}"
        )


def _resource_row(entry: dict[str, Any]) -> list[object]:
    rows = ", ".join(f"{count} {table}" for table, count in entry["rows"].items())
    stale = entry["stale"] if entry["supported"] else "unsupported by the server"
    return [entry["resource"], entry["as_of"], _age(entry), stale, entry["rejected"], rows]


def _stream_row(entry: dict[str, Any]) -> list[object]:
    note = entry["error"] or (entry["reject_reason"] and f"rejected: {entry['reject_reason']}") or ""
    if entry["failures"]:
        note = f"failed {entry['failures']} in a row, next try {output.moment(entry['next_try_at'])}: {note}"
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

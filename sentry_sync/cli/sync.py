"""``sentry-sync sync``: one run of the sync, and what to say meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, replace
from typing import Any

import typer

from sentry_sync.cli import output
from sentry_sync.cli.connect import client_of, connection_of, policy_of, store_of
from sentry_sync.cli.main import EXIT_PARTIAL
from sentry_sync.cli.progress import Reporter, reporter
from sentry_sync.cli.settings import Settings
from sentry_sync.errors import SentryError, SettingsError, StoreUnwritable
from sentry_sync.records.clock import Clock, SystemClock
from sentry_sync.store.lake import Lake
from sentry_sync.store.store import Store
from sentry_sync.sync.run import RESOURCES, Summary, Syncer
from sentry_sync.sync.stream import Policy


def run(settings: Settings, resources: Sequence[str], *, full: bool = False, as_json: bool) -> None:
    """Sync, reporting as it goes. Exits with EXIT_PARTIAL when something failed.

    Raises SettingsError for an unknown resource, and what the client and the store raise.
    """
    wanted = chosen(resources)
    if full and "issues" not in wanted:
        raise SettingsError("--full looks at every issue held: name issues as well, or leave --full out")
    policy = policy_of(settings)
    with reporter(as_json=as_json) as report:
        summary = synced(settings, wanted, policy, report, SystemClock(), full=full)
    show(summary, as_json=as_json)
    if not summary.ok:
        raise typer.Exit(EXIT_PARTIAL)


def chosen(resources: Sequence[str]) -> tuple[str, ...]:
    """The resources to sync, in their order of value; all of them if none is named."""
    unknown = [name for name in resources if name not in RESOURCES]
    if unknown:
        raise SettingsError(f"there is no resource {unknown[0]!r}: choose from {', '.join(RESOURCES)}")
    return tuple(name for name in RESOURCES if not resources or name in resources)


def synced(
    settings: Settings,
    resources: Sequence[str],
    policy: Policy,
    report: Reporter,
    clock: Clock,
    *,
    full: bool = False,
) -> Summary:
    """Run the sync once with the settings' store and server.

    Raises SentryError, with what the first stream met, when not a single page could be had.
    """
    connection = connection_of(settings)
    with (
        closing(store_of(settings, clock)) as store,
        client_of(connection, store, clock, settings.rate_limit) as client,
    ):
        store.prepare()
        summary = Syncer(store, client, clock, policy, report).run(resources, full=full)
        summary = replace(summary, notes=(*summary.notes, *_published(store, clock)))
    failed = [result for result in summary.results if result.state == "failed"]
    if failed and not summary.requests:
        error = SentryError(
            f"nothing could be read of {settings.organization!r} at {settings.base_url}: {failed[0].error}; "
            "check SENTRY_ORG and SENTRY_BASE_URL"
        )
        error.exit_code = failed[0].exit_code
        raise error
    return summary


def _published(store: Store, clock: Clock) -> list[str]:
    """Write what of the lake is due; a line if it can't be written, which costs nobody a row."""
    try:
        Lake(store, clock).publish()
    except StoreUnwritable as error:
        return [str(error)]
    return []


def show(summary: Summary, *, as_json: bool) -> None:
    """Print how each stream fared."""
    if as_json:
        output.document({"summary": as_document(summary)})
        return
    output.table(
        ("RESOURCE", "STREAM", "STATE", "PAGES", "ROWS", "REJECTED", "NOTE"),
        [
            [
                result.resource,
                result.stream,
                result.state,
                result.pages,
                result.rows,
                result.rejected,
                result.error or "",
            ]
            for result in summary.results
        ],
    )
    for note in summary.notes:
        output.warn(f"warning: {output.printable(note)}")
    took = output.duration(summary.ended_at - summary.started_at)
    outcome = "up to date" if summary.ok else "in part: run `sentry-sync sync` again for the rest"
    output.line(f"{summary.requests} requests in {took}: {outcome}")


def as_document(summary: Summary) -> dict[str, Any]:
    """The summary as JSON has it."""
    found = {**asdict(summary), "ok": summary.ok, "requests": summary.requests}
    for result in found["results"]:
        del result["failure"]  # its line stands beside it
    return found

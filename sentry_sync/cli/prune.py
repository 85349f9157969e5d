"""``sentry-sync prune``: rows older than wanted go, and their place on the disk with them."""

from __future__ import annotations

from contextlib import closing

from sentry_sync.cli import output
from sentry_sync.cli.auditing import trail_of
from sentry_sync.cli.connect import store_of
from sentry_sync.cli.settings import Settings
from sentry_sync.errors import StoreMissing
from sentry_sync.records.clock import Clock, SystemClock
from sentry_sync.store.lake import Lake
from sentry_sync.store.privacy.vacuum import alone, vacuum


def run(settings: Settings, *, as_json: bool, clock: Clock | None = None) -> None:
    """Drop what is older than the settings want and say how many rows; raises StoreError."""
    clock = clock or SystemClock()
    with closing(store_of(settings, clock)) as store:
        if not store.paths.database.exists():
            raise StoreMissing(f"there is no store at {settings.store} yet: run `sentry-sync sync` first")
        store.prepare()
        with alone(store, clock):
            with store.write() as uow:
                done = uow.prune(settings.keeping, clock.now(), settings.max_events)
            done["audit"] = trail_of(settings).prune(settings.keeping.since("audit", clock.now()))
            Lake(store, clock).publish()
            vacuum(store, clock)
    if as_json:
        output.document({"pruned": done})
    else:
        output.table(("TABLE", "ROWS DROPPED"), [[table, count] for table, count in done.items()])

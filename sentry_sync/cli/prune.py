"""``sentry-sync prune``: rows older than wanted go, and their place on the disk with them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing

from sentry_sync.cli import output
from sentry_sync.cli.auditing import trail_of
from sentry_sync.cli.connect import store_of
from sentry_sync.cli.settings import Settings
from sentry_sync.errors import StoreMissing
from sentry_sync.records.clock import Clock, SystemClock
from sentry_sync.store.lake import Lake
from sentry_sync.store.privacy.vacuum import alone, vacuum
from sentry_sync.store.pruning import prune

TELL_SECONDS = 1.0
"""How often it is told how far it came: a million rows take a minute."""

WRITTEN = 100_000_000
"""Bytes of a database written anew in a second: 69 MB took 0.75 s and 168 MB 1.5 s on two busy cores."""


def run(settings: Settings, *, as_json: bool, clock: Clock | None = None) -> None:
    """Drop what is older than the settings want and say how many rows; raises StoreError."""
    clock = clock or SystemClock()
    with closing(store_of(settings, clock)) as store:
        if not store.paths.database.exists():
            raise StoreMissing(f"there is no store at {settings.store} yet: run `sentry-sync sync` first")
        store.prepare()
        with alone(store, clock):
            tell = _Progress(silent=as_json)
            done = prune(store, clock, settings.keeping, clock.now(), settings.max_events, report=tell).rows
            dropped = any(done.values())
            done["audit"] = trail_of(settings).prune(settings.keeping.since("audit", clock.now()))
            Lake(store, clock).publish()
            held, free = store.space()
            if dropped or free:
                if not as_json:
                    output.warn(_ahead(held, free))
                vacuum(store, clock)
    _say(done, as_json=as_json)


def _ahead(held: int, free: int) -> str:
    """What is about to happen to whoever writes."""
    return (
        f"giving {output.size(free)} of the disk back: a sync and webhooks wait, some "
        f"{max(1, round(held / WRITTEN)):,} s, until the other {output.size(held)} are written anew"
    )


class _Progress:
    """Says every second what went so far."""

    def __init__(self, *, silent: bool) -> None:
        self._silent = silent
        self._said = time.monotonic()

    def __call__(self, table: str, rows: int) -> None:
        now = time.monotonic()
        if not self._silent and now - self._said >= TELL_SECONDS:
            self._said = now
            output.warn(f"{table}: {rows:,} rows dropped so far")


def _say(done: Mapping[str, int], *, as_json: bool) -> None:
    if as_json:
        output.document({"pruned": done})
    else:
        output.table(("TABLE", "ROWS DROPPED"), [[table, count] for table, count in done.items()])

"""The half of a daemon that finishes erasures which somebody began and did not live to finish."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta

from sentry_sync.cli.connect import store_of
from sentry_sync.cli.settings import Settings
from sentry_sync.cli.together import Half
from sentry_sync.daemon import defect
from sentry_sync.errors import StoreError
from sentry_sync.records.clock import Clock, SystemClock
from sentry_sync.store.audit_trail import AuditTrail, Entry
from sentry_sync.store.store import Store

LOOK_SECONDS = 60.0
"""Between two looks: one reads whether a file is there, and a table of what was changed at Sentry."""

LONGEST_REST = timedelta(hours=1)
"""Between two tries of one that cannot be finished: each writes all again. A minute at first, then doubled."""


class Erasing:
    """Looks for erasures to be finished until it is stopped, beside the sync: they write a batch at a time."""

    def __init__(self, store: Store, clock: Clock, tell: Callable[[str], None]) -> None:
        self._store, self._clock, self._tell = store, clock, tell
        self._stopping = threading.Event()
        self._rest = timedelta(seconds=LOOK_SECONDS)
        self._not_before: datetime | None = None

    def run(self) -> None:
        """Look at once, and every minute."""
        while not self._stopping.is_set():
            self.look()
            self._stopping.wait(LOOK_SECONDS)

    def stop(self) -> None:
        """End before the next look; one that is at work is gone on with by the next process."""
        self._stopping.set()

    def look(self) -> None:
        """Finish what was begun, unless whoever began it is at it, or it could not be finished a moment ago."""
        now = self._clock.now()
        if self._not_before and timedelta() < self._not_before - now <= LONGEST_REST:
            return
        from sentry_sync.store.privacy.erase import (  # with the scrubber, which few processes need
            erase,
            unfinished,
        )
        from sentry_sync.store.privacy.vacuum import AtWork

        try:
            if not unfinished(self._store):
                return
            done = erase(self._store, self._clock, (), lambda step: self._tell(f"erasure: {step}"), patience=0)
        except AtWork:
            return  # whoever began it, most likely
        except StoreError as error:
            self._put_off(now, str(error))
        except Exception as error:  # noqa: BLE001 (a defect here must not end the sync; its text may quote an event)
            self._put_off(now, defect(error))
        else:
            self._not_before, self._rest = None, timedelta(seconds=LOOK_SECONDS)
            self._note(sum(done.names.values()), sum(done.rows.values()))
            self._tell("an erasure that was begun is done")

    def _put_off(self, now: datetime, why: str) -> None:
        self._tell(f"an erasure could not be finished: {why}")
        self._not_before = now + self._rest
        self._rest = min(LONGEST_REST, self._rest * 2)

    def _note(self, names: int, rows: int) -> None:
        paths = self._store.paths
        trail = AuditTrail(paths.audit, self._clock, paths.key)
        trail.note(Entry("the daemon", "erase", {"names": names}, "ok", "local", rows))
        trail.close()


@contextmanager
def half(settings: Settings, tell: Callable[[str], None]) -> Iterator[Half]:
    """What finishes erasures beside a sync."""
    clock = SystemClock()
    with closing(store_of(settings, clock)) as store:
        erasing = Erasing(store, clock, tell)
        yield Half("the erasures", erasing.run, erasing.stop)

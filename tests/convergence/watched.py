"""A rig whose syncs are watched: what they ask for and commit is written down, and any of them may be disturbed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import httpx

from sentry_sync.errors import AuthFailed
from sentry_sync.sync.engine import Progress
from sentry_sync.sync.run import Summary, Syncer, Terms
from sentry_sync.sync.stream import Part
from sentry_sync.sync.streams import hints
from tests.convergence.held import Held
from tests.convergence.log import Log
from tests.support.rig import Killed, Rig

T = TypeVar("T")


@dataclass
class Disturbance:
    """What gets in the way of one sync, by number of its requests or pages."""

    at_request: Callable[[int], None] = lambda number: None
    at_page: Callable[[int], None] = lambda number: None
    stop_after: int | None = None


class Watched:
    """Runs syncs as one long-lived process does, until it is killed."""

    def __init__(self, rig: Rig, log: Log) -> None:
        self.rig, self.log = rig, log
        self.held = Held(rig.directory / "store.db")
        self.requests = self.pages = 0
        self._disturbance = Disturbance()
        self._syncer: Syncer | None = None
        rig.before = self._asked

    def sync(
        self, resources: Sequence[str], disturbance: Disturbance | None = None, *, full: bool = False
    ) -> Summary | None:
        """One sync; None where it ended at once since the token was refused, or was killed."""
        return self._disturbed(disturbance, lambda syncer: syncer.run(resources, self._stopped, full=full))

    def act_on_hints(self, disturbance: Disturbance) -> None:
        """A look at what webhooks hinted at, as a daemon takes it at once."""
        terms = Terms(Part.DUE, timedelta(), self._stopped)

        def act(syncer: Syncer) -> None:
            with self.rig.store.syncing():
                syncer.prepare()
                for ladder in (hints.ISSUES, (hints.EVENTS,)):
                    syncer.slice(ladder, terms)

        self._disturbed(disturbance, act)

    def _disturbed(self, disturbance: Disturbance | None, act: Callable[[Syncer], T]) -> T | None:
        self._disturbance = disturbance or Disturbance()
        self.requests = self.pages = 0
        self._syncer = self._syncer or Syncer(
            self.rig.store, self.rig.client(), self.rig.clock, self.rig.policy, self._told
        )
        try:
            return act(self._syncer)
        except AuthFailed:
            return None
        except Killed:
            self._die()
            return None
        finally:
            self._disturbance = Disturbance()
            self.log.look()

    def close(self) -> None:
        """Let go of everything."""
        self.held.close()
        self.rig.close()

    def _die(self) -> None:
        """What a killed process leaves behind is all the next one has."""
        self.rig.close()
        self.rig.restart()
        self._syncer = None

    def _stopped(self) -> bool:
        limit = self._disturbance.stop_after
        return limit is not None and self.pages >= limit

    def _asked(self, request: httpx.Request) -> None:
        self.requests += 1
        self._disturbance.at_request(self.requests)
        self.log.answer()

    def _told(self, progress: Progress) -> None:
        if progress.state != "page":
            return
        self.pages += 1
        self.log.page(progress, self.held.connection)
        self._disturbance.at_page(self.pages)

"""The rig of the sync's tests with the answers on top, online and offline."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from sentry_sync.answers.context import Answers
from sentry_sync.records.intervals import Interval
from sentry_sync.sentry.client import SentryClient
from sentry_sync.store.unit_of_work import UnitOfWork
from tests.support.rig import START, Rig

NOW = START
BASE_URL = "http://127.0.0.1"


def ago(**units: float) -> Any:
    return NOW - timedelta(**units)


class Asking:
    """``online`` asks the simulator on a miss, ``offline`` has nobody to ask."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.rig = Rig(folder, **options)
        self._client: SentryClient | None = None
        self.online = self.answers(self.client)
        self.offline = self.answers(None)

    def client(self) -> SentryClient:
        self._client = self._client or self.rig.client()
        return self._client

    def answers(self, client: Callable[[], SentryClient] | None, **options: Any) -> Answers:
        given = {"base_url": BASE_URL, "organization": "acme", **options}
        return Answers(self.rig.store, self.rig.clock, client, **given)

    def close(self) -> None:
        self.online.close()
        self.offline.close()
        self.rig.close()

    @property
    def slug(self) -> str:
        """A project with many issues."""
        return str(self.rig.sim.world.projects[0].slug)

    @property
    def project_id(self) -> str:
        return str(self.rig.sim.world.projects[0].id)

    def write(self, action: Callable[[UnitOfWork], object]) -> None:
        self.rig.store.prepare()
        with self.rig.store.write() as uow:
            uow.claim(BASE_URL, "acme")
            action(uow)

    def fill(self, records: Iterable[Any], *, projects: bool = True, **coverage: Interval) -> None:
        """Write rows, and say what is covered: ``issues=Interval(...)`` of the whole organization."""

        def action(uow: UnitOfWork) -> None:
            uow.upsert(records)
            if projects:
                uow.mark("projects", "", NOW, NOW)
            for resource, interval in coverage.items():
                uow.cover(resource, "", interval, source=resource)
                stream = {"issues": "issues.hot"}.get(resource, resource)
                uow.mark(stream, "", interval.end, interval.end)

        self.write(action)

    def requests(self, path: str = "") -> int:
        return self.rig.asked(path)

    def unplug(self) -> None:
        """From now on the server cannot be reached."""

        def refuse(request: httpx.Request) -> None:
            raise httpx.ConnectError("Connection refused")

        self.rig.before = refuse

    def fail(self, status: int, path: str = "") -> None:
        """From now on the server answers this status for paths that contain ``path``."""
        self.rig.sim.faults.add(path, "status", times=1000, status=status)

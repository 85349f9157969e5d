"""A simulator, a store and a syncer on one still clock, without a socket."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from sqlalchemy import Select, Table, select

from sentry_sync.records.intervals import Interval
from sentry_sync.sentry.client import SentryClient
from sentry_sync.sentry.connection import Connection
from sentry_sync.simulator import Simulator, SimulatorOptions, WorldSize
from sentry_sync.simulator.faults import Dropped, Hang
from sentry_sync.store import tables
from sentry_sync.store.ledger import RequestLedger
from sentry_sync.store.reads.state import State
from sentry_sync.store.store import Store
from sentry_sync.sync.engine import Progress
from sentry_sync.sync.run import RESOURCES, Summary, Syncer
from sentry_sync.sync.stream import Policy
from tests.support.clock import FakeClock

START = datetime(2026, 11, 20, 12, 34, 56, tzinfo=UTC)
TOKEN = "sntryu_simulator"

SMALL = WorldSize(projects=3, issues=120, events_per_day=60, releases=4, days=6)
POLICY = Policy(history_days=3, performance_hours=3, bodies_per_run=3)


class Killed(BaseException):
    """The process died: nothing may catch it."""


class Rig:
    """Everything a sync needs; ``syncer()`` makes a fresh one, as a new process would.

    With ``one_time`` the server's clock goes on while we wait for something, as it does outside of tests.
    """

    def __init__(
        self,
        folder: Path,
        *,
        size: WorldSize = SMALL,
        policy: Policy = POLICY,
        one_time: bool = False,
        projects: tuple[str, ...] = (),
        **options: Any,
    ) -> None:
        settings = {"static": True, "rate_limit": None, "frozen": True, "start": START, "size": size, **options}
        self.sim = Simulator(SimulatorOptions(**settings))
        self.clock = FakeClock(START)
        self._one_time = one_time
        if one_time:
            self.clock.follow(self.sim.advance)
        self.directory = folder / "store"
        self.projects = projects
        self.store = Store(self.directory, self.clock, projects=projects)
        self.policy = policy
        self.progress: list[Progress] = []
        self.before: Callable[[httpx.Request], None] = lambda request: None
        self.after: Callable[[bytes], bytes] = lambda body: body
        self.headers: Callable[[httpx.Request, dict[str, str]], dict[str, str]] = lambda request, headers: headers
        self._clients: list[SentryClient] = []

    def client(self) -> SentryClient:
        self.store.paths.create()
        ledger = RequestLedger(self.store.paths.ledger, self.clock, per_minute=None)
        connection = Connection("http://127.0.0.1", TOKEN, "acme", projects=self.projects)
        # The same pauses each time: an example that failed must fail again.
        rng = random.Random(len(self._clients))
        client = SentryClient(connection, ledger, self.clock, transport=httpx.MockTransport(self._answer), rng=rng)
        self._clients.append(client)
        return client

    def syncer(self) -> Syncer:
        return Syncer(self.store, self.client(), self.clock, self.policy, self.progress.append)

    def sync(self, *resources: str) -> Summary:
        return self.syncer().run(resources or RESOURCES)

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        if not self._one_time:
            self.sim.advance(seconds)

    def restart(self) -> None:
        """What a killed process leaves behind is all the next one has."""
        self.store = Store(self.directory, self.clock, projects=self.projects)

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.store.close()

    def asked(self, path: str = "") -> int:
        return sum(path in request.path for request in self.sim.requests)

    def paths(self) -> Counter[str]:
        return Counter(request.path for request in self.sim.requests)

    def rows(self, source: Table | Select[Any]) -> list[Any]:
        statement = select(source) if isinstance(source, Table) else source
        with closing(self.store.read()) as connection:
            return list(connection.execute(statement).all())

    def coverage(self, resource: str, scope: str = "") -> list[Interval]:
        with closing(self.store.read()) as connection:
            return State(connection).coverage(resource, scope)

    def passes(self, stream: str) -> list[Any]:
        found = tables.passes
        return self.rows(select(found).where(found.c.stream == stream).order_by(found.c.id))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.before(request)
        parts = urlsplit(str(request.url))
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        try:
            status, headers, body = self.sim.handle(request.method, target, request.headers, request.content)
        except Hang as silence:
            self.clock.advance(request.extensions["timeout"]["read"])
            raise httpx.ReadTimeout("timed out", request=request) from silence
        except Dropped as dropped:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.") from dropped
        if len(body) < int(headers.pop("Content-Length", 0)):
            raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")
        headers = self.headers(request, headers)
        return httpx.Response(status, headers=headers, content=self.after(body))

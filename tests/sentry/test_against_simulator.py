"""The client, the ledger and a whole simulated Sentry together, on one still clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import httpx
import pytest

from sentry_sync.errors import BudgetExhausted, NotFound, NotSupported, SentryError
from sentry_sync.records.budget import Lane
from sentry_sync.sentry.client import SentryClient
from sentry_sync.sentry.connection import Connection
from sentry_sync.simulator.options import Profile, SimulatorOptions, WorldSize
from sentry_sync.simulator.simulator import Simulator
from sentry_sync.store.ledger import RequestLedger
from tests.support.clock import FakeClock

START = datetime(2026, 11, 20, 12, 34, 56, tzinfo=UTC)
SMALL = WorldSize(projects=2, issues=30, events_per_day=40, releases=3, days=3)
SINCE = START - timedelta(days=80)
HOUR = datetime(2026, 11, 20, 11, tzinfo=UTC)


class SharedClock(FakeClock):
    """Our time and the simulator's move together."""

    def __init__(self, simulator: Simulator) -> None:
        super().__init__(START)
        self.simulator = simulator

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        self.simulator.advance(seconds)


class Pair:
    """A simulator and as many clients of one store as a test wants."""

    made: ClassVar[list[Pair]] = []

    def __init__(
        self, folder: Path, *, profile: Profile = "saas", limit: tuple[int, int] | None = None, way: float = 0.0
    ) -> None:
        self.simulator = Simulator(
            SimulatorOptions(size=SMALL, profile=profile, rate_limit=limit, start=START, frozen=True, static=True)
        )
        self.clock = SharedClock(self.simulator)
        self.path = folder / "ledger.db"
        self.way = way
        self.ledgers: list[RequestLedger] = []
        self.made.append(self)

    def ledger(self, per_minute: int | None = None) -> RequestLedger:
        self.ledgers.append(RequestLedger(self.path, self.clock, per_minute=per_minute))
        return self.ledgers[-1]

    def client(self, per_minute: int | None = None) -> SentryClient:
        connection = Connection("http://localhost", self.simulator.options.token, "acme")
        ledger = self.ledger(per_minute)
        return SentryClient(connection, ledger, self.clock, transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.clock.advance(self.way / 2)
        parts = urlsplit(str(request.url))
        target = f"{parts.path}?{parts.query}"
        status, headers, body = self.simulator.handle(request.method, target, request.headers)
        self.clock.advance(self.way / 2)
        return httpx.Response(status, headers=headers, content=body)

    @property
    def refused(self) -> int:
        return sum(request.status == 429 for request in self.simulator.requests)

    def busiest(self, seconds: float = 60.0) -> int:
        """The most requests the server saw in any ``seconds``."""
        times = sorted(request.at for request in self.simulator.requests)
        span = timedelta(seconds=seconds)
        return max(sum(1 for at in times if first <= at < first + span) for first in times)


@pytest.fixture(autouse=True)
def closed_ledgers() -> Iterator[None]:
    yield
    while Pair.made:
        for ledger in Pair.made.pop().ledgers:
            ledger.close()


def walk(client: SentryClient, limit: int) -> list[str]:
    """The ids of every issue, page by page."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = client.issues(query="", sort="date", start=SINCE, end=START, limit=limit, cursor=cursor)
        found += [row["id"] for row in page.body]
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("per_minute", [None, 100])
@pytest.mark.parametrize("way", [0.0, 0.35])
def test_a_first_sync_stays_within_a_limit_told_by_headers_only(
    tmp_path: Path, per_minute: int | None, way: float
) -> None:
    pair = Pair(tmp_path, limit=(100, 60), way=way)
    client = pair.client(per_minute)
    live = pair.client(per_minute).lane(Lane.LIVE, 5.0)
    asked = 0
    for round_ in range(8):
        assert len(set(walk(client, limit=1))) == len(walk(client, limit=30)) == 30
        client.releases()
        client.environments()
        live.organization()
        asked = round_
    assert asked == 7
    assert len(pair.simulator.requests) > 250
    assert pair.refused == 0
    assert pair.busiest() <= 100


def test_a_per_second_limit_does_not_slow_a_sync_to_a_per_minute_one(tmp_path: Path) -> None:
    pair = Pair(tmp_path, limit=(40, 1), way=0.01)
    client = pair.client()
    for _ in range(8):
        walk(client, limit=1)
    assert pair.refused == 0
    assert (pair.clock.now() - START).total_seconds() < 20


def test_a_limit_others_have_used_up_costs_one_429_at_most(tmp_path: Path) -> None:
    pair = Pair(tmp_path, limit=(100, 60))
    headers = {"authorization": f"Bearer {pair.simulator.options.token}"}
    for _ in range(100):
        pair.simulator.handle("GET", "/api/0/organizations/acme/", headers)
    before = len(pair.simulator.requests)
    assert pair.client().environments().body
    ours = pair.simulator.requests[before:]
    assert [request.status for request in ours] == [429, 200]
    waited = [later.at - earlier.at for earlier, later in pairwise(ours)]
    assert timedelta(seconds=4) <= waited[0] <= timedelta(seconds=6)


def test_a_live_question_is_given_up_when_the_server_has_no_room(tmp_path: Path) -> None:
    pair = Pair(tmp_path, limit=(3, 60))
    client = pair.client().lane(Lane.LIVE, 2.0)
    for _ in range(2):
        client.environments()
    with pytest.raises(BudgetExhausted):
        for _ in range(3):
            client.environments()
    assert pair.refused == 0


def test_a_token_that_is_wrong_is_said_to_be(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    connection = Connection("http://localhost", "wrong", "acme")
    client = SentryClient(connection, pair.ledger(), pair.clock, transport=httpx.MockTransport(pair._answer))
    with pytest.raises(SentryError, match="401"):
        client.organization()


Ask = Callable[[SentryClient, str, str, str], object]
EVERYWHERE: list[Ask] = [
    lambda c, issue, event, project: c.organization().body["slug"],
    lambda c, issue, event, project: c.projects().body[0]["slug"],
    lambda c, issue, event, project: c.environments().body[0]["name"],
    lambda c, issue, event, project: c.issue(issue).body["id"],
    lambda c, issue, event, project: c.issue_events(issue).body[0],
    lambda c, issue, event, project: c.issue_event(issue).body["entries"],
    lambda c, issue, event, project: c.issue_event(issue, event).body["eventID"],
    lambda c, issue, event, project: c.project_events(project).body[0],
    lambda c, issue, event, project: c.project_event(project, event).body["eventID"],
    lambda c, issue, event, project: c.release(c.releases(project_ids=()).body[0]["version"]).body["version"],
]
SENTRY_ONLY: list[Ask] = [
    lambda c, issue, event, project: c.issues_by_id([issue]).body[0]["id"],
    lambda c, issue, event, project: c.event_id(event).body["groupId"],
    lambda c, issue, event, project: c.short_id(c.issue(issue).body["shortId"]).body["groupId"],
    lambda c, issue, event, project: c.explore(
        dataset="errors",
        fields=["issue.id", "count()"],
        sort=["-count()"],
        start=START - timedelta(days=1),
        end=START,
    ).body["data"][0],
    lambda c, issue, event, project: c.sessions(
        fields=["sum(session)"],
        group_by=["project"],
        start=HOUR - timedelta(days=1),
        end=HOUR,
        interval="1h",
    ).body["groups"][0],
    lambda c, issue, event, project: c.stats_v2(
        fields=["sum(quantity)"], group_by=["outcome"], stats_period="1d", interval="1h"
    ).body["groups"],
    lambda c, issue, event, project: c.releases(health=True).body[0]["version"],
    lambda c, issue, event, project: c.deploys(c.releases().body[-1]["version"]).has_link or True,
]


@pytest.mark.parametrize("profile", ["saas", "self-hosted", "glitchtip"])
def test_every_endpoint_answers_where_the_server_has_it(tmp_path: Path, profile: Profile) -> None:
    client = Pair(tmp_path, profile=profile).client()
    rows = client.issues(query=None, sort=None, start=None, end=None, project_ids=()).body
    issue, project = rows[0]["id"], rows[0]["project"]["slug"]
    event = client.issue_event(issue).body["eventID"]
    for ask in EVERYWHERE:
        assert ask(client, issue, event, project)
    assert "version" in client.root().body
    for ask in SENTRY_ONLY:
        if profile != "glitchtip":
            assert ask(client, issue, event, project)
    with pytest.raises(NotFound):
        client.issue("99999999")


def test_what_glitchtip_lacks_is_said_to_be_missing(tmp_path: Path) -> None:
    client = Pair(tmp_path, profile="glitchtip").client()
    asks: tuple[Callable[[], object], ...] = (
        lambda: client.explore(dataset="errors", fields=["count()"], stats_period="1d"),
        lambda: client.short_id("API-4"),
        lambda: client.event_id("ab" * 16),
        lambda: client.sessions(fields=["sum(session)"], group_by=[], start=HOUR, end=START, interval="1h"),
    )
    for ask in asks:
        with pytest.raises(NotSupported):
            ask()

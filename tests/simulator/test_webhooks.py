from __future__ import annotations

import hashlib
import hmac
import http.server
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import orjson
import pytest

from sentry_sync.simulator import Simulator, SimulatorOptions, WorldSize
from sentry_sync.simulator.webhooks import Watch, Webhook

SMALL = SimulatorOptions(
    size=WorldSize(projects=2, issues=10, events_per_day=5, releases=1, days=1),
    static=True,
    frozen=True,
    start=datetime(2026, 11, 20, 12, tzinfo=UTC),
)


@pytest.fixture
def simulator() -> Simulator:
    return Simulator(SMALL)


def told(simulator: Simulator, watch: Watch) -> list[tuple[str, str, str]]:
    found = []
    for webhook in watch.changes(simulator.world):
        message = orjson.loads(webhook.body)
        ((_, about),) = message["data"].items()
        found.append((webhook.resource, message["action"], about.get("id") or about["issue_id"]))
    return found


def an_issue(simulator: Simulator) -> str:
    return next(issue.id for issue in simulator.world.issues.values() if issue.status == "unresolved")


def test_what_people_do_is_told_once(simulator: Simulator) -> None:
    watch, issue = Watch(simulator.world), an_issue(simulator)
    assert told(simulator, watch) == []
    simulator.mutate.resolve(issue)
    assert told(simulator, watch) == [("issue", "resolved", issue)]
    assert told(simulator, watch) == []
    simulator.mutate.unresolve(issue)
    simulator.mutate.assign(issue, "ada@acme.example")
    assert told(simulator, watch) == [("issue", "unresolved", issue), ("issue", "assigned", issue)]


def test_an_issue_that_begins_is_told_with_its_first_event(simulator: Simulator) -> None:
    watch = Watch(simulator.world)
    (issue,) = simulator.mutate.new_issues(1)
    assert told(simulator, watch) == [("issue", "created", issue), ("error", "created", issue)]
    simulator.mutate.new_events(issue, 3)
    assert told(simulator, watch) == [("error", "created", issue)]


def test_a_deletion_is_not_told_as_at_sentry(simulator: Simulator) -> None:
    watch = Watch(simulator.world)
    simulator.mutate.delete(an_issue(simulator))
    assert [action for _, action, _ in told(simulator, watch)] in ([], ["pending_deletion"])


def test_the_signature_is_that_of_the_body() -> None:
    headers = Webhook("issue", b"{}").headers("secret", 12.9)
    assert headers["Sentry-Hook-Signature"] == hmac.new(b"secret", b"{}", hashlib.sha256).hexdigest()
    assert headers["Sentry-Hook-Timestamp"] == "12"
    assert headers["Request-ID"] != Webhook("issue", b"{}").headers("secret", 12.9)["Request-ID"]


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[str], threading.Event]]:
    """An address, the resources that were posted there, and an event that is set at each."""
    posted: list[str] = []
    arrived = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            posted.append(self.headers["Sentry-Hook-Resource"])
            self.send_response(202)
            self.end_headers()
            arrived.set()

        def log_message(self, *_said: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook", posted, arrived
        server.shutdown()
        thread.join()


def test_a_running_simulator_posts_them(receiver: tuple[str, list[str], threading.Event]) -> None:
    url, posted, arrived = receiver
    size = WorldSize(projects=1, issues=5, events_per_day=0, releases=1, days=1)
    with Simulator(SimulatorOptions(size=size, static=True, webhook_url=url, webhook_secret="s")) as running:
        running.mutate.resolve(an_issue(running))
        assert arrived.wait(20)
        assert running.webhooks
    assert (posted, running.webhooks.statuses) == (["issue"], [202])


def test_webhooks_without_a_secret_are_refused() -> None:
    with pytest.raises(ValueError, match="webhook_secret"):
        SimulatorOptions(webhook_url="http://127.0.0.1:1/")


def test_a_fast_clock_runs_ahead() -> None:
    fast = Simulator(SimulatorOptions(size=SMALL.size, static=True, speed=1_000_000, start=SMALL.start))
    assert SMALL.start
    assert (fast.now() - SMALL.start).total_seconds() > 1

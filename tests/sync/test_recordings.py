"""A real GlitchTip server, as recorded, syncs over HTTP without an error.

``SENTRY_RECORDINGS`` names the folder; where there is none, there is nothing to replay.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select

from sentry_sync.sentry.client import SentryClient
from sentry_sync.sentry.connection import Connection
from sentry_sync.store import tables
from sentry_sync.store.ledger import RequestLedger
from sentry_sync.store.store import Store
from sentry_sync.sync.run import Summary, Syncer
from sentry_sync.sync.stream import Policy
from tests.support.clock import FakeClock
from tests.support.replay import TOKEN, Replay

FOLDER = os.environ.get("SENTRY_RECORDINGS", "")

pytestmark = pytest.mark.skipif(
    not Path(FOLDER).is_dir() or not FOLDER, reason="SENTRY_RECORDINGS names no folder"
)

RECORDED = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)


class Synced:
    """A store filled from the recordings."""

    def __init__(self, replay: Replay, store: Store, summary: Summary) -> None:
        self.replay = replay
        self.store = store
        self.summary = summary

    def rows(self, table: Table) -> list[Any]:
        with closing(self.store.read()) as connection:
            return list(connection.execute(select(table)).all())


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synced]:
    replay = Replay(Path(FOLDER))
    clock = FakeClock(RECORDED)
    store = Store(tmp_path_factory.mktemp("recorded") / "store", clock)
    store.prepare()
    ledger = RequestLedger(store.paths.ledger, clock, per_minute=None)
    with replay.serving() as url, SentryClient(Connection(url, TOKEN, "acme"), ledger, clock) as client:
        policy = Policy(history_days=90, bodies_per_run=200)
        summary = Syncer(store, client, clock, policy).run()
        yield Synced(replay, store, summary)
    store.close()


def recorded_events(replay: Replay) -> set[str]:
    """Ids of every event that a listed or newest event's recording holds."""
    lists = ("162-project-events-full", "146-issue-events-limit2")
    found = {
        row["eventID"] if "eventID" in row else row["event_id"] for name in lists for row in replay.body(name)
    }
    return found | set(newest_events(replay).values())


def newest_events(replay: Replay) -> dict[str, str]:
    """Id of the newest event, where it was recorded with its body, by issue."""
    bodies = (r.body for r in replay.recordings if r.path.endswith("/events/latest/") and r.status == 200)
    return {body["groupID"]: body["eventID"] for body in bodies if "eventID" in body}


def test_nothing_fails_and_no_row_is_refused(synced: Synced) -> None:
    assert synced.summary.ok, [result for result in synced.summary.results if result.error]
    assert {result.stream: result.rejected for result in synced.summary.results if result.rejected} == {}


def test_every_project_issue_and_release_is_there(synced: Synced) -> None:
    assert {row.slug for row in synced.rows(tables.projects)} == {"api", "web", "worker"}
    issues = {row["id"] for n in range(6) for row in synced.replay.body(f"{127 + n}-page-issues-{n}")}
    assert {row.id for row in synced.rows(tables.issues)} == issues
    assert len(issues) == 139
    releases = {row["version"] for row in synced.replay.body("198-org-releases")}
    assert {row.version for row in synced.rows(tables.releases)} == releases
    assert {row.version for row in synced.rows(tables.release_projects)} == releases


def test_every_event_that_was_recorded_is_there_with_its_body(synced: Synced) -> None:
    events = recorded_events(synced.replay)
    assert {row.event_id for row in synced.rows(tables.events)} == events
    active = {row.id for row in synced.rows(tables.issues) if row.status == "unresolved"}
    newest = {event for issue, event in newest_events(synced.replay).items() if issue in active}
    assert len(newest) > 5
    assert {row.event_id for row in synced.rows(tables.event_bodies)} == newest


def test_what_the_server_lacks_is_remembered(synced: Synced) -> None:
    lacking = {row.name for row in synced.rows(tables.capabilities) if not row.available}
    assert {"issues.sentry", "explore.errors", "sessions", "explore.spans"} <= lacking


def test_the_issues_were_walked_along_their_pages_once(synced: Synced) -> None:
    walked = [target for target in synced.replay.asked if "/organizations/acme/issues/?" in target]
    assert len(walked) == 7

"""What happens on a miss: Sentry is asked once and within a deadline, and every refusal is told."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from sentry_sync.answers.asking import Ask, Pending
from sentry_sync.answers.freshness import Facts, freshness
from sentry_sync.answers.issues import IssuesQuestion, issues_question
from sentry_sync.answers.projects import ProjectsQuestion
from sentry_sync.answers.refusals import refusal_of
from sentry_sync.errors import (
    NotSupported,
    SettingsError,
    StoreMismatch,
    StoreTooNew,
    Unavailable,
)
from sentry_sync.records.intervals import Interval
from sentry_sync.sentry.client import SentryClient
from sentry_sync.sentry.connection import Connection
from sentry_sync.store.ledger import RequestLedger
from tests.answers.desk import BASE_URL, NOW, Asking, ago
from tests.support.rig import TOKEN
from tests.support.rows import issue, project


def fresh(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["freshness"]
    return found


def partly_known(asking: Asking) -> None:
    """One issue, but no coverage: what is known is not all there is."""
    asking.fill([project("2", "api"), issue(last_seen=ago(hours=1))], issues=Interval(ago(hours=2), NOW))


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "unauthorized"),
        (403, "forbidden"),
        (404, "not_found"),
        (410, "not_supported"),
        (400, "timeout"),  # Sentry's own 400 here says "Query timeout"
        (429, "rate_limited"),
        (500, "server_error"),
        (503, "server_error"),
        (504, "timeout"),
    ],
)
def test_a_refusal_gives_what_is_known_and_why_it_is_not_all(asking: Asking, status: int, reason: str) -> None:
    partly_known(asking)
    asking.fail(status)
    answer = asking.online.get_issues("api")
    found = fresh(answer)
    assert [row["id"] for row in answer["issues"]] == ["17"]
    assert (found["source"], found["complete"], found["could_not_fall_through_because"]) == (
        "local",
        False,
        reason,
    )
    assert found["fell_through_because"] is None
    assert found["as_of"] == "2026-11-20T12:34:56Z"
    (note, *_) = found["notes"]
    assert note.startswith("Sentry should have been asked (outside_coverage): ")
    assert TOKEN not in note


def test_a_server_that_cannot_be_reached_is_offline_and_left_alone_for_a_while(asking: Asking) -> None:
    partly_known(asking)
    tries: list[str] = []

    def refuse(request: httpx.Request) -> None:
        tries.append(str(request.url))
        raise httpx.ConnectError("Connection refused")

    asking.rig.before = refuse
    assert fresh(asking.online.get_issues("api"))["could_not_fall_through_because"] == "offline"
    tried = len(tries)
    assert tried > 0
    again = fresh(asking.online.get_issues("api"))
    assert (again["could_not_fall_through_because"], len(tries)) == ("offline", tried)
    asking.rig.before = lambda request: None
    asking.rig.clock.advance(20)
    assert fresh(asking.online.get_issues(asking.slug))["source"] == "live"


def test_all_requests_of_a_question_share_one_deadline(asking: Asking) -> None:
    asking.rig.before = lambda request: asking.rig.clock.advance(6)
    found = fresh(asking.online.get_issues(asking.slug))
    assert (found["complete"], found["could_not_fall_through_because"]) == (False, "over_budget")
    assert asking.requests() <= 2


def test_over_budget_the_answer_is_what_is_known(tmp_path: Path) -> None:
    asking = Asking(tmp_path)
    partly_known(asking)
    ledger = RequestLedger(asking.rig.store.paths.ledger, asking.rig.clock, per_minute=1)
    connection = Connection(BASE_URL, TOKEN, "acme")
    network = httpx.MockTransport(asking.rig._answer)
    with SentryClient(connection, ledger, asking.rig.clock, transport=network) as client:
        spent = asking.answers(lambda: client)
        client.organization()
        answer = spent.get_issues("api")
        spent.close()
    ledger.close()
    asking.close()
    assert [row["id"] for row in answer["issues"]] == ["17"]
    assert fresh(answer)["could_not_fall_through_because"] == "over_budget"


def test_settings_that_do_not_suffice_are_told_as_offline(asking: Asking) -> None:
    def client() -> SentryClient:
        raise SettingsError("no token: set SENTRY_AUTH_TOKEN")

    found = fresh(asking.answers(client).get_projects())
    assert found["could_not_fall_through_because"] == "offline"
    assert "set SENTRY_AUTH_TOKEN" in found["notes"][0]


def test_what_was_learned_before_a_refusal_is_in_the_answer(asking: Asking) -> None:
    asking.fail(503, "/issues/")
    answer = asking.online.get_issues(asking.slug)
    assert answer["project"]["slug"] == asking.slug
    assert fresh(answer)["could_not_fall_through_because"] == "server_error"
    assert fresh(answer)["fell_through_because"] == "never_synced"


def test_an_answer_that_cannot_be_kept_is_refused_for_that(asking: Asking) -> None:
    asking.rig.store.prepare()
    asking.rig.store.close()
    database = sqlite3.connect(asking.rig.store.paths.database)
    database.execute(
        "CREATE TRIGGER full BEFORE INSERT ON origin BEGIN SELECT RAISE(ABORT, 'database is full'); END"
    )
    database.commit()
    database.close()
    found = fresh(asking.online.get_projects())
    assert found["could_not_fall_through_because"] == "store_unusable"
    assert "full" in found["notes"][0]


def test_a_store_of_another_organization_is_refused(asking: Asking) -> None:
    asking.rig.sync("projects")
    for other in ({"organization": "globex"}, {"base_url": "https://sentry.io"}):
        with pytest.raises(StoreMismatch, match=r"this store is a copy of acme at http://127\.0\.0\.1, not of"):
            asking.answers(None, **other).get_projects()


def test_nothing_is_written_into_another_organizations_store(asking: Asking) -> None:
    asking.write(lambda uow: None)
    with asking.rig.store.write() as uow:
        uow._connection.exec_driver_sql("UPDATE origin SET organization = 'globex'")
    careless = asking.answers(asking.client, organization=None, base_url=None)
    with pytest.raises(StoreMismatch):
        careless.get_projects()


def test_a_store_written_by_a_newer_program_is_refused(asking: Asking) -> None:
    asking.rig.sync("projects")
    assert asking.offline.get_projects()["projects"]
    with asking.rig.store.write() as uow:
        uow._connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreTooNew, match="newer sentry-sync"):
        asking.offline.get_projects()


def test_a_miss_hands_back_a_pending_answer_that_has_asked_nothing_yet(asking: Asking) -> None:
    pending = asking.online.begin(ProjectsQuestion())
    assert isinstance(pending, Pending)
    assert asking.requests() == 0
    assert pending.resume()["projects"]


def test_a_hit_is_no_pending_answer(asking: Asking) -> None:
    asking.rig.sync("projects", "issues")
    assert isinstance(asking.online.begin(IssuesQuestion(asking.slug)), dict)


def test_the_same_miss_is_the_same_request_whenever_it_is_made(asking: Asking) -> None:
    """So that the client can make one of those under way at once."""
    asking.rig.sync("projects", "issues")
    issue_id = asking.online.get_issues(asking.slug)["issues"][0]["id"]
    asking.online.get_performance(asking.slug)

    def asked() -> list[tuple[str, Any]]:
        seen = len(asking.rig.sim.requests)
        asking.online.get_issues(asking.slug, environment="production", limit=7)
        asking.online.get_events(issue_id, limit=7)
        asking.online.get_performance(asking.slug, start_time="2026-11-20T09:00Z", end_time="2026-11-20T12:00Z")
        return [(request.path, request.query) for request in asking.rig.sim.requests[seen:]]

    first = asked()
    with asking.rig.store.write() as uow:
        for table in ("coverage", "marks"):
            uow._connection.exec_driver_sql(f"DELETE FROM {table} WHERE {table}.scope != ''")
    asking.rig.advance(7)
    assert asked() == first
    assert len(first) == 3


def test_what_arrived_while_sentry_refused_is_the_answer(asking: Asking) -> None:
    partly_known(asking)

    def refuse(request: httpx.Request) -> None:
        asking.rig.before = lambda request: None
        asking.fill([], issues=Interval(ago(days=91), NOW))
        raise httpx.UnsupportedProtocol("no such protocol")

    asking.rig.before = refuse
    found = fresh(asking.online.get_issues("api"))
    assert (found["complete"], found["could_not_fall_through_because"]) == (True, None)
    assert (found["source"], found["fell_through_because"]) == ("local", None)


def test_while_a_process_syncs_the_answer_says_when_it_looks_again(asking: Asking) -> None:
    asking.rig.sync("projects", "issues")
    assert fresh(asking.offline.get_issues(asking.slug))["next_sync_at"] is None
    asking.rig.advance(20)
    with asking.rig.store.syncing():
        assert fresh(asking.offline.get_issues(asking.slug))["next_sync_at"] == "2026-11-20T12:35:56Z"
        asking.rig.advance(600)
        with asking.rig.store.write():
            pass  # whoever syncs has written something since
        assert (
            fresh(asking.offline.get_issues(asking.slug))["next_sync_at"] == "2026-11-20T12:45:16Z"
        )  # overdue: now
    asking.rig.advance(2)
    assert fresh(asking.offline.get_issues(asking.slug))["next_sync_at"] is None


def test_a_clock_behind_the_servers_is_told(asking: Asking) -> None:
    facts = Facts(as_of=NOW, complete=True, stale_after=timedelta(hours=1))
    slow = freshness(facts, now=NOW - timedelta(minutes=10), next_sync_at=None)
    assert (slow["age_seconds"], slow["stale"]) == (0, False)
    assert slow["notes"] == ["this machine's clock is 0:10:00 behind the server's: ages are too small by as much"]
    assert freshness(facts, now=NOW - timedelta(seconds=30), next_sync_at=None)["notes"] == []


def test_an_error_without_a_cause_came_from_the_server_itself() -> None:
    assert refusal_of(Unavailable("503")).reason == "server_error"
    unreachable = Unavailable("no way there")
    unreachable.__cause__ = OSError("refused")
    assert refusal_of(unreachable).reason == "offline"
    assert refusal_of(NotSupported("x\u202ey\nz")).note == "xy z"


# -- asked to be fresh ----------------------------------------------------------------------


def test_a_fresh_answer_is_sentrys_own_though_the_copy_knows(asking: Asking) -> None:
    asking.rig.sync()
    asked = asking.requests()
    local = asking.online.ask(IssuesQuestion(asking.slug))
    assert (fresh(local)["source"], asking.requests()) == ("local", asked)
    live = asking.online.ask(IssuesQuestion(asking.slug), Ask(fresh=True))
    assert (fresh(live)["source"], fresh(live)["fell_through_because"]) == ("live", "asked_fresh")
    assert fresh(live)["complete"]
    assert asking.requests() == asked + 1


def test_every_step_of_a_fresh_answer_is_asked_once(asking: Asking) -> None:
    asking.online.ask(ProjectsQuestion(include_stats=True))
    cold = asking.requests()
    live = fresh(asking.online.ask(ProjectsQuestion(include_stats=True), Ask(fresh=True)))
    assert (live["source"], live["fell_through_because"], asking.requests()) == ("live", "asked_fresh", 2 * cold)


@pytest.mark.parametrize(("later", "source"), [(299, "local"), (301, "live")])
def test_an_answer_older_than_asked_for_is_asked_of_sentry(asking: Asking, later: int, source: str) -> None:
    asking.rig.sync()
    as_of = asking.offline.ask(IssuesQuestion(asking.slug))["freshness"]["as_of"]
    now = datetime.fromisoformat(as_of) + timedelta(seconds=later)
    asking.rig.clock.advance((now - asking.rig.clock.now()).total_seconds())
    question = IssuesQuestion(asking.slug)
    assert fresh(asking.online.ask(question, Ask(max_age=timedelta(seconds=300))))["source"] == source


@pytest.mark.parametrize("ask", [Ask(fresh=True), Ask(max_age=timedelta(seconds=5))])
def test_what_should_be_fresh_and_cannot_says_so(asking: Asking, ask: Ask) -> None:
    asking.rig.sync()
    asking.rig.clock.advance(60)
    asking.fail(429)
    answer = asking.online.ask(IssuesQuestion(asking.slug), ask)
    found = fresh(answer)
    assert answer["issues"]
    assert (found["source"], found["complete"]) == ("local", False)
    assert found["could_not_fall_through_because"] == "rate_limited"
    assert found["notes"][0].startswith("Sentry should have been asked (asked_fresh): ")


def test_what_sentry_does_not_know_is_never_asked_of_it(asking: Asking) -> None:
    asking.rig.sync()
    asking.rig.clock.advance(60)
    asked = asking.requests()
    question = issues_question(asking.slug, at_time="-1m")
    found = fresh(asking.online.ask(question, Ask(fresh=True)))
    assert (found["source"], found["could_not_fall_through_because"]) == ("local", "not_supported")
    assert asking.requests() == asked


def test_of_the_copy_alone_nothing_is_asked_of_sentry_and_that_is_said(asking: Asking) -> None:
    answer = asking.online.ask(ProjectsQuestion(), Ask(copy_alone=True))
    assert asking.requests() == 0
    assert answer["freshness"]["complete"] is False
    assert answer["freshness"]["could_not_fall_through_because"] == "not_asked"
    assert "only the copy was looked at" in answer["freshness"]["notes"][0]

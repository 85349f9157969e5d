"""sync-now: what came of it is told in every case; what it does is the sync's own business (tests/sync/test_now.py)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sentry_sync.answers.command import Listener
from sentry_sync.answers.desk import Means
from sentry_sync.errors import QuestionError, StoreMismatch
from sentry_sync.store import tables
from sentry_sync.store.presence import this_process
from sentry_sync.store.store import Store
from tests.answers.desk import Asking
from tests.support.rig import POLICY


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[Asking]:
    asking = Asking(tmp_path, one_time=True)
    yield asking
    asking.close()


def reason(answer: dict[str, Any]) -> Any:
    return answer["freshness"]["could_not_fall_through_because"]


def test_what_is_new_is_in_the_copy_and_told_with_what_it_cost(asking: Asking) -> None:
    asking.rig.sync("projects", "issues")
    (new,) = asking.rig.sim.mutate.new_issues(1)
    asking.rig.advance(600)
    asked = asking.requests()
    answer = asking.online.sync_now("issues")
    assert answer["outcome"] == "done"
    assert answer["requests"] == asking.requests() - asked
    assert answer["rows"] == sum(stream["rows"] for stream in answer["streams"]) >= 1
    assert answer["now"]["stale"] is False
    told = answer["freshness"]
    assert (told["source"], told["complete"], told["fell_through_because"]) == ("live", True, "asked_fresh")
    assert told["age_seconds"] <= 1
    assert new in {row.id for row in asking.rig.rows(tables.issues)}


def test_the_listener_hears_of_each_page(asking: Asking) -> None:
    heard: list[tuple[int, str]] = []
    asking.online.sync_now("issues", listener=Listener(lambda done, message: heard.append((done, message))))
    assert heard == [(1, "issues.hot: 100 rows"), (2, "issues.hot: 120 rows")]


def test_who_has_gone_is_not_worked_for(asking: Asking) -> None:
    answer = asking.online.sync_now("issues", listener=Listener(gone=lambda: asking.requests() > 0))
    assert (answer["outcome"], reason(answer)) == ("partial", "out_of_time")
    assert asking.requests() == 1


def test_it_goes_by_the_settings_of_a_sync(asking: Asking) -> None:
    answers = asking.answers(asking.client, means=Means(policy=POLICY))
    answers.sync_now("events")
    oldest = min(row.timestamp for row in asking.rig.rows(tables.events))
    assert (asking.rig.clock.now() - oldest).days <= POLICY.history_days
    answers.close()


def test_a_wait_that_was_too_short_says_so_and_the_next_goes_on(asking: Asking) -> None:
    asking.rig.before = lambda request: asking.rig.clock.advance(10)
    answer = asking.online.sync_now("issues", wait_seconds=5)
    assert (answer["outcome"], reason(answer)) == ("partial", "out_of_time")
    assert answer["freshness"]["complete"] is False
    assert "call again" in answer["freshness"]["notes"][0]
    asking.rig.before = lambda request: None
    assert asking.online.sync_now("issues")["outcome"] == "done"


def test_a_process_that_syncs_and_does_not_come_to_it_is_named(asking: Asking) -> None:
    asking.rig.sync("projects", "issues")
    asked = asking.requests()
    other = Store(asking.rig.directory, asking.rig.clock)
    with other.syncing():
        answer = asking.online.sync_now("issues", wait_seconds=3)
    assert (answer["outcome"], reason(answer)) == ("not_done", "busy")
    assert answer["done_by"] == f"process {this_process()}"
    assert "was asked to go on" in answer["freshness"]["notes"][0]
    assert answer["freshness"]["source"] == "local"
    assert asking.requests() == asked
    other.close()


@pytest.mark.parametrize(
    ("status", "expected"),
    [(401, "unauthorized"), (403, "forbidden"), (429, "rate_limited"), (503, "server_error")],
)
def test_what_stood_in_the_way_is_told(asking: Asking, status: int, expected: str) -> None:
    asking.rig.sync("projects")
    asking.fail(status)
    answer = asking.online.sync_now("issues")
    assert (answer["outcome"], reason(answer)) == ("failed" if answer["streams"] else "not_done", expected)
    assert answer["freshness"]["complete"] is False
    assert answer["freshness"]["notes"]


def test_a_part_that_failed_makes_it_partial_and_is_told_beside_the_rest(asking: Asking) -> None:
    asking.fail(403, "/environments/")
    answer = asking.online.sync_now("projects")
    assert (answer["outcome"], reason(answer)) == ("partial", "forbidden")
    states = {stream["stream"]: stream["state"] for stream in answer["streams"]}
    assert (states["projects"], states["environments"]) == ("done", "failed")


def test_without_a_server_nothing_is_done_and_the_copy_is_told_of(asking: Asking) -> None:
    asking.rig.sync("projects", "issues")
    answer = asking.offline.sync_now("issues")
    assert (answer["outcome"], reason(answer)) == ("not_done", "offline")
    assert answer["now"]["as_of"] == "2026-11-20T12:34:56Z"


def test_a_server_that_is_away_is_found_out_once(asking: Asking) -> None:
    asking.rig.sync("projects", "issues")
    asking.rig.advance(120)
    asking.unplug()
    first = asking.online.sync_now("issues")
    assert (first["outcome"], reason(first)) == ("failed", "offline")
    began = asking.rig.clock.now()
    second = asking.online.sync_now("issues")
    assert (second["outcome"], reason(second)) == ("not_done", "offline")
    assert asking.rig.clock.now() == began, "it is not waited for again at once"


def test_one_issue_is_looked_up_and_written_with_its_history(asking: Asking) -> None:
    asking.rig.sync("projects", "issues")
    issue = next(issue for issue in asking.rig.sim.world.issues.values() if issue.status == "unresolved")
    asking.rig.advance(60)
    asking.rig.sim.mutate.resolve(issue.id)
    answer = asking.online.sync_now("issues", scope=issue.short_id)
    assert (answer["outcome"], answer["rows"], answer["scope"]) == ("done", 1, {"issue": issue.short_id})
    assert answer["freshness"]["age_seconds"] == 0
    history = {(row.issue_id, row.field, row.new) for row in asking.rig.rows(tables.issue_history)}
    assert (issue.id, "status", "resolved") in history


def test_the_newest_events_of_one_issue_are_read_anew(asking: Asking) -> None:
    asking.rig.sync("projects", "issues")
    issue = next(issue for issue in asking.rig.sim.world.issues.values() if issue.status == "unresolved")
    asked = asking.requests()
    answer = asking.online.sync_now("events", scope=issue.id)
    assert (answer["outcome"], answer["freshness"]["source"]) == ("done", "live")
    held = [row for row in asking.rig.rows(tables.events) if row.issue_id == issue.id]
    assert len(held) == answer["rows"] > 0
    assert asking.requests() == asked + 1


def test_a_projects_slug_syncs_the_whole_resource_and_says_so(asking: Asking) -> None:
    asking.rig.sync("projects")
    answer = asking.online.sync_now("issues", scope=asking.slug)
    assert answer["outcome"] == "done"
    assert answer["scope"]["project"]["slug"] == asking.slug
    assert "streams read the whole organization, this project with it" in answer["freshness"]["notes"]


@pytest.mark.parametrize(
    ("resource", "scope", "says"),
    [
        ("issues", "no such thing", "neither a project's slug nor an issue"),
        ("releases", "4711", "releases are not synced for one issue"),
        ("issues", "4711", "no such issue"),
    ],
)
def test_a_scope_that_is_none_is_refused(asking: Asking, resource: str, scope: str, says: str) -> None:
    with pytest.raises(QuestionError, match=says):
        asking.online.sync_now(resource, scope=scope)


def test_another_organizations_copy_is_left_alone(asking: Asking) -> None:
    asking.rig.sync("projects")
    asked = asking.requests()
    other = asking.answers(asking.client, organization="globex")
    with pytest.raises(StoreMismatch):
        other.sync_now("issues")
    assert asking.requests() == asked
    other.close()

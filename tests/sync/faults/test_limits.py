"""Refused for too many requests: who waits, how long, who goes on, and that no request is wasted meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sentry_sync.errors import BudgetExhausted
from sentry_sync.records.budget import Lane, Reservation, Wait
from sentry_sync.store.ledger import RequestLedger
from sentry_sync.sync.run import FINE, StreamResult, Summary
from tests.answers.desk import Asking
from tests.support.rig import Rig
from tests.sync.faults.site import BRIEF, TINY, tidy

SNUBA: dict[str, Any] = {"path_contains": "dataset=errors", "status": 429, "times": 10**6}
EXPLORE = {
    "error_counts",
    "events",
    "issue_environments",
    "events.retention",
    "events.audit",
    "issue_environments.audit",
}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path, size=TINY, policy=BRIEF, one_time=True)
    assert rig.sync("issues", "events", "releases").ok
    rig.advance(3600)
    rig.sim.requests.clear()
    yield rig
    rig.close()


def results(summary: Summary) -> dict[str, StreamResult]:
    return {result.stream: result for result in summary.results}


def explored(rig: Rig) -> int:
    return sum(request.path.endswith("/acme/events/") for request in rig.sim.requests)


def test_one_endpoints_long_refusal_stops_nobody_else_and_is_not_asked_again_before_its_time(rig: Rig) -> None:
    rig.sim.faults.add(**SNUBA)
    found = results(rig.sync("issues", "events", "releases"))
    failed = {name for name, result in found.items() if result.state not in FINE}
    assert {"error_counts", "events"} <= failed <= EXPLORE
    for name in failed:
        tidy(found[name].error or "")
        assert "asked to leave explore alone" in (found[name].error or "")
    assert explored(rig) == 2
    rig.sim.faults.clear()
    assert results(rig.sync("events"))["events"].state == "failed"
    assert explored(rig) == 2
    rig.advance(125)
    assert rig.sync("events").ok
    assert explored(rig) > 2


def test_each_refusal_in_a_row_doubles_the_quiet_up_to_ten_minutes(rig: Rig) -> None:
    rig.sim.faults.add(**SNUBA)
    for _ in range(40):
        rig.sync("events")
        rig.advance(50)
    asked = [request.at for request in rig.sim.requests if request.path.endswith("/acme/events/")]
    quiet = [(later - sooner).total_seconds() for sooner, later in pairwise(asked)]
    for seconds, least in zip(quiet, (60, 120, 240, 480, 600, 600), strict=False):
        assert least <= seconds <= least + 5, quiet
    assert len(quiet) >= 5


def test_a_live_question_meanwhile_is_not_sent_and_told_why(rig: Rig) -> None:
    rig.sim.faults.add(**SNUBA)
    rig.sync("events")
    before = len(rig.sim.requests)
    with pytest.raises(BudgetExhausted, match="the server asked to wait"):
        rig.client().lane(Lane.LIVE, 5.0).explore(dataset="errors", fields=("id",))
    assert len(rig.sim.requests) == before


def test_a_question_about_what_is_being_refused_is_answered_from_what_is_held(tmp_path: Path) -> None:
    asking = Asking(tmp_path, size=TINY, policy=BRIEF)
    assert asking.rig.sync("projects", "issues").ok
    asking.fail(429, "/issues/")
    asking.rig.advance(3600)
    asking.rig.sync("issues")
    before = asking.requests()
    answer: dict[str, Any] = asking.online.get_issues(asking.slug, environment="production")
    assert asking.requests() == before
    freshness = answer["freshness"]
    assert (freshness["source"], freshness["complete"]) == ("local", False)
    assert freshness["could_not_fall_through_because"] == "rate_limited"
    assert "the server asked to wait (429)" in str(freshness["notes"])
    asking.close()


def test_a_proxys_retry_after_is_kept_to(rig: Rig) -> None:
    rig.sim.faults.add(**{**SNUBA, "headers": {"Retry-After": "300"}, "times": 1})
    assert results(rig.sync("events"))["error_counts"].state == "failed"
    assert explored(rig) == 1
    rig.advance(200)
    assert results(rig.sync("events"))["error_counts"].state == "failed"
    assert explored(rig) == 1
    rig.advance(105)
    assert rig.sync("events").ok


@pytest.mark.parametrize("ahead", [-7200, 7200])
def test_a_reset_is_measured_by_the_servers_clock_whatever_ours_says(tmp_path: Path, ahead: int) -> None:
    rig = Rig(tmp_path, size=TINY, policy=BRIEF, one_time=True)
    rig.sync("issues")
    rig.sim.advance(max(ahead, 0))
    rig.clock.current += timedelta(seconds=max(-ahead, 0))
    reset = int(rig.sim.clock.timestamp()) + 30
    rig.sim.faults.add(
        path_contains="/releases/?",
        status=429,
        body={
            "detail": "You are attempting to use this endpoint too frequently. Limit is 40 requests in 30 seconds"
        },
        headers={
            "X-Sentry-Rate-Limit-Limit": "40",
            "X-Sentry-Rate-Limit-Remaining": "0",
            "X-Sentry-Rate-Limit-Reset": str(reset),
        },
    )
    assert rig.sync("releases").ok
    first, second, *_ = (r.at for r in rig.sim.requests if r.path.endswith("/acme/releases/"))
    assert 30 <= (second - first).total_seconds() <= 32
    rig.close()


def test_too_many_at_once_is_tried_again_after_a_second(rig: Rig) -> None:
    body = {
        "detail": "You are attempting to go above the allowed concurrency for this endpoint. Concurrency limit is 1"
    }
    rig.sim.faults.add(path_contains="/releases/?", status=429, body=body, times=2)
    assert rig.sync("releases").ok
    assert [r.status for r in rig.sim.requests if r.path.endswith("/acme/releases/")][:3] == [429, 429, 200]
    assert sum(rig.clock.slept) < 10


def test_project_events_are_asked_one_at_a_time_by_all_processes_together(tmp_path: Path, rig: Rig) -> None:
    one, other = (RequestLedger(tmp_path / "ledger.db", rig.clock, per_minute=None) for _ in range(2))
    first = one.reserve("project_events", Lane.WARM)
    assert isinstance(first, Reservation)
    refused = other.reserve("project_events", Lane.LIVE)
    assert isinstance(refused, Wait)
    assert "under way" in refused.reason
    one.settle(first, 200, None)
    second = other.reserve("project_events", Lane.WARM)
    assert isinstance(second, Reservation)
    other.settle(second, 200, None)
    one.close()
    other.close()

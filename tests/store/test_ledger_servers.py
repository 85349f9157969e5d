"""The ledger before servers that announce limits, in virtual time."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from sentry_sync.records.budget import Lane, Limits, Refusal
from tests.support.traffic import FixedWindowServer, Job, Reply, Traffic

SYNC = ["issues"] * 100 + [
    "projects",
    "releases",
    "sessions",
    "explore",
    "environments",
    "issue_events",
    "issue",
] * 2
TWO_PROCESSES = [
    Job(Lane.HOT, SYNC, process=0),
    Job(Lane.HOT, SYNC, process=1),
    Job(Lane.LIVE, ["issue"] * 10, process=1, starts=30.0),
    Job(Lane.BACKFILL, ["issue_event"] * 5, process=0),
]


@pytest.mark.parametrize("per_minute", [None, 100])
@pytest.mark.parametrize("longest_way", [0.001, 0.3, 3.0])
def test_two_processes_sync_20000_issues_past_a_limit_known_from_headers_only(
    tmp_path: Path, per_minute: int | None, longest_way: float
) -> None:
    traffic = Traffic(
        tmp_path / "ledger.db", FixedWindowServer(100), longest_way=longest_way, per_minute=per_minute
    ).run(TWO_PROCESSES)
    assert len(traffic.arrivals) == 243
    assert traffic.refused == 0
    assert traffic.busiest() <= 100
    assert max(traffic.waits[Lane.LIVE]) == 0.0
    assert traffic.finished_at < 400


def test_what_others_take_of_the_limit_is_left_to_them(tmp_path: Path) -> None:
    server = FixedWindowServer(100, taken_by_others=30)
    traffic = Traffic(tmp_path / "ledger.db", server, longest_way=0.3, per_minute=None).run(TWO_PROCESSES)
    assert traffic.refused == 0
    assert max(server.used.values()) <= 100


@pytest.mark.parametrize(("workers", "longest_way"), [(1, 0.001), (4, 0.001), (8, 0.05), (25, 0.3)])
def test_a_limit_per_second_is_recognised_and_used(tmp_path: Path, workers: int, longest_way: float) -> None:
    traffic = Traffic(
        tmp_path / "ledger.db", FixedWindowServer(40, seconds=1), longest_way=longest_way, per_minute=None
    ).run([Job(Lane.HOT, ["issues"] * (800 // workers), worker % 2) for worker in range(workers)])
    assert traffic.refused == 0
    assert traffic.busiest(1.0) <= 40
    assert traffic.finished_at < 35  # 40 a minute would take twenty


def test_processes_that_start_together_do_not_stampede(tmp_path: Path) -> None:
    traffic = Traffic(tmp_path / "ledger.db", FixedWindowServer(5), longest_way=1.0, per_minute=None)
    traffic.run([Job(Lane.LIVE, ["issue"], process) for process in range(12)])
    assert traffic.refused == 0


def test_a_server_without_limits_is_not_slowed_down(tmp_path: Path) -> None:
    traffic = Traffic(tmp_path / "ledger.db", FixedWindowServer(None), longest_way=0.01, per_minute=None)
    traffic.run([Job(Lane.HOT, ["issues"] * 200, process) for process in range(8)])
    assert traffic.finished_at < 4


def test_project_events_go_one_at_a_time_and_sixty_a_minute_from_the_start(tmp_path: Path) -> None:
    traffic = Traffic(tmp_path / "ledger.db", FixedWindowServer(None), longest_way=0.2, per_minute=None)
    traffic.run([Job(Lane.WARM, ["project_events"] * 50, process) for process in range(3)])
    assert traffic.busiest(60.0, "project_events") <= 60
    assert traffic.most_under_way == {"project_events": 1}


def test_the_higher_lane_goes_first_however_often_the_lower_asks(tmp_path: Path) -> None:
    traffic = Traffic(tmp_path / "ledger.db", FixedWindowServer(None), longest_way=0.1, per_minute=20)
    jobs = [Job(Lane.BACKFILL, ["issue_event"] * 60, process=worker % 3) for worker in range(6)]
    traffic.run([*jobs, Job(Lane.HOT, ["issues"] * 30, process=1, starts=5.0)])
    hot = [arrival.at for arrival in traffic.arrivals if arrival.lane is Lane.HOT]
    others = sum(1 for arrival in traffic.arrivals if hot[0] <= arrival.at <= hot[-1]) - len(hot)
    assert others < len(hot)


def test_a_query_refusal_leaves_its_endpoint_alone_for_longer_each_time_and_no_other(tmp_path: Path) -> None:
    def snuba(now: float, endpoint: str) -> Reply:
        refusal = Refusal.QUERY if endpoint == "explore" else None
        return Reply(429 if refusal else 200, Limits(refusal=refusal))

    traffic = Traffic(tmp_path / "ledger.db", snuba, longest_way=0.01, per_minute=None)
    traffic.run([Job(Lane.HOT, ["explore"] * 6), Job(Lane.HOT, ["issues"] * 50, starts=1.0)])
    asked = [arrival.at for arrival in traffic.arrivals if arrival.endpoint == "explore"]
    pauses = [later - earlier for earlier, later in pairwise(asked)]
    assert [round(pause / 60) for pause in pauses] == [1, 2, 4, 8, 10]
    assert max(arrival.at for arrival in traffic.arrivals if arrival.endpoint == "issues") < asked[1]

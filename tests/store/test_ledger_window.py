"""No 60 seconds of what the server sees ever hold more than the budget: random arrivals and latencies."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sentry_sync.records.budget import Lane
from tests.support.traffic import FixedWindowServer, Job, Traffic

JOBS = st.builds(
    Job,
    lane=st.sampled_from(list(Lane)),
    endpoints=st.integers(1, 40).map(lambda n: ["issues"] * n),
    process=st.integers(0, 2),
    starts=st.floats(0, 90, allow_nan=False),
)
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@QUICK
@given(
    jobs=st.lists(JOBS, min_size=1, max_size=8),
    per_minute=st.integers(1, 30),
    longest_way=st.sampled_from([0.001, 1.0, 20.0]),
    seed=st.integers(0, 1000),
)
@example([Job(Lane.HOT, ["issues"] * 40, process) for process in range(3)], 10, 20.0, 0)
def test_no_sixty_seconds_hold_more_arrivals_than_the_budget(
    jobs: list[Job], per_minute: int, longest_way: float, seed: int
) -> None:
    with TemporaryDirectory() as folder:
        traffic = Traffic(
            Path(folder) / "ledger.db",
            FixedWindowServer(None),
            seed=seed,
            longest_way=longest_way,
            per_minute=per_minute,
        )
        traffic.run(jobs, until=100_000.0)
    assert len(traffic.arrivals) == sum(len(job.endpoints) for job in jobs)
    assert traffic.busiest() <= per_minute


@QUICK
@given(
    jobs=st.lists(JOBS, min_size=1, max_size=8),
    limit=st.integers(5, 40),
    seconds=st.sampled_from([1, 10, 60]),
    ahead=st.sampled_from([0.0, 30.7, -3600.2]),
    longest_way=st.sampled_from([0.001, 0.3, 5.0]),
    seed=st.integers(0, 1000),
)
@example([Job(Lane.HOT, ["issues"] * 40, process) for process in range(3)], 20, 60, 0.0, 0.001, 0)
def test_a_lifted_budget_never_exceeds_what_the_server_announces(
    jobs: list[Job], limit: int, seconds: int, ahead: float, longest_way: float, seed: int
) -> None:
    with TemporaryDirectory() as folder:
        traffic = Traffic(
            Path(folder) / "ledger.db",
            FixedWindowServer(limit, seconds, ahead),
            seed=seed,
            longest_way=longest_way,
            per_minute=None,
        )
        traffic.run(jobs, until=100_000.0)
    assert traffic.refused == 0
    assert traffic.busiest(seconds) <= limit

"""What each stream brings, against the simulator's own truth, worked out independently of its API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy import select

from sentry_sync.simulator import Simulator, WorldSize
from sentry_sync.store import tables
from tests.support.rig import START, Rig


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One world, synced once: these tests only look."""
    rig = Rig(Path(tmp_path_factory.mktemp("streams")))
    assert rig.sync().ok
    yield rig
    rig.close()


@dataclass(frozen=True)
class Happened:
    """One event of the world."""

    event_id: str
    issue_id: str
    project_id: str
    at: datetime
    environment: str | None
    release: str | None


def happened(sim: Simulator) -> list[Happened]:
    world = sim.world
    found = []
    for number in world.index.order:
        issue = world.by_number[world.index.issue[number]]
        release = world.release_of(number)
        found.append(
            Happened(
                world.event_id(number),
                issue.id,
                issue.project.id,
                datetime.fromtimestamp(world.index.timestamp[number], UTC),
                world.environment_of(number),
                release.version if release else None,
            )
        )
    return found


def second_of(moment: datetime) -> datetime:
    """Explore's times are whole seconds, an event's own are finer."""
    return moment.replace(microsecond=0)


def hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def test_event_rows_are_the_events_of_the_covered_time(rig: Rig) -> None:
    [known] = rig.coverage("events")
    expected = {
        (e.event_id, e.issue_id, e.project_id, e.at, e.environment, e.release)
        for e in happened(rig.sim)
        if known.start <= e.at < known.end
    }
    rows = rig.rows(select(tables.events).where(tables.events.c.timestamp >= known.start))
    assert {
        (r.event_id, r.issue_id, r.project_id, second_of(r.timestamp), r.environment, r.release) for r in rows
    } == expected
    assert len(expected) > 100


def test_error_counts_are_the_events_of_each_hour_issue_environment_and_release(rig: Rig) -> None:
    [known] = rig.coverage("error_counts")
    expected = Counter(
        (e.issue_id, e.environment or "", e.release or "", hour_of(e.at))
        for e in happened(rig.sim)
        if known.start <= e.at < known.end
    )
    held = {(r.issue_id, r.environment, r.release, r.hour): r.count for r in rig.rows(tables.error_counts)}
    assert held == expected


def test_issue_environments_are_the_pairs_that_have_events_with_their_first_and_last(rig: Rig) -> None:
    first: dict[tuple[str, str], datetime] = {}
    last: dict[tuple[str, str], datetime] = {}
    for event in happened(rig.sim):
        pair = (event.issue_id, event.environment or "")
        first[pair] = min(event.at, first.get(pair, event.at))
        last[pair] = max(event.at, last.get(pair, event.at))
    rows = rig.rows(tables.issue_environments)
    assert {(r.issue_id, r.environment): (r.first_seen, r.last_seen) for r in rows} == {
        pair: (first[pair], last[pair]) for pair in first if first[pair] >= START - timedelta(days=90)
    }


def test_project_stats_count_the_errors_of_the_last_24_hours(rig: Rig) -> None:
    expected = Counter(e.project_id for e in happened(rig.sim) if START - timedelta(hours=24) <= e.at < START)
    held = {r.project_id: r for r in rig.rows(tables.project_stats)}
    assert set(held) == {project.id for project in rig.sim.world.projects}
    for project, row in held.items():
        assert abs(row.errors_24h - expected[project]) <= expected[project] * 0.1 + 2, project
        assert row.events_24h >= row.errors_24h
        assert row.sessions_24h > 0


def test_of_what_a_project_sent_only_errors_and_transactions_are_events(tmp_path: Path) -> None:
    rig = Rig(tmp_path, size=WorldSize(projects=1, issues=3, events_per_day=9, releases=1, days=2))

    def with_bytes(body: bytes) -> bytes:
        answer = orjson.loads(body)
        if isinstance(answer, dict) and any("category" in group["by"] for group in answer.get("groups", ())):
            of = answer["groups"][0]["by"]
            for kind in ("attachment", "log_byte", "profile_duration", "span"):
                group = {"by": {**of, "category": kind}, "totals": {"sum(quantity)": 10**12}, "series": {}}
                answer["groups"].append(group)
        return orjson.dumps(answer)

    rig.sync("projects")
    (plain,) = rig.rows(tables.project_stats)
    rig.after = with_bytes
    rig.sync("projects")
    (row,) = rig.rows(tables.project_stats)
    assert (row.events_24h, row.errors_24h) == (plain.events_24h, plain.errors_24h)
    assert row.events_24h > row.errors_24h > 0
    rig.close()


def test_a_server_that_has_retired_sessions_counts_events_all_the_same(tmp_path: Path) -> None:
    rig = Rig(tmp_path, size=WorldSize(projects=1, issues=3, events_per_day=9, releases=1, days=2))
    rig.sim.faults.add("/sessions/", "status", status=410, times=9)
    assert rig.sync("projects").ok
    (row,) = rig.rows(tables.project_stats)
    assert row.events_24h > 0
    assert row.sessions_24h is None
    rig.close()


def test_projects_and_their_environments_are_the_worlds(rig: Rig) -> None:
    expected = {(project.id, name) for project in rig.sim.world.projects for name in project.environments}
    rows = rig.rows(tables.environments)
    assert {(r.project_id, r.name) for r in rows if r.project_id} == expected
    projects = {(r.id, r.slug, r.platform) for r in rig.rows(tables.projects)}
    assert projects == {(p.id, p.slug, p.platform) for p in rig.sim.world.projects}


def test_releases_come_with_their_projects_and_the_newest_with_their_deploys(rig: Rig) -> None:
    released = {r.version for r in rig.sim.world.releases.all if r.created <= START.timestamp()}
    assert {r.version for r in rig.rows(tables.releases)} == released
    assert {r.version for r in rig.rows(tables.release_projects)} == released
    deployed = {r.version for r in rig.rows(tables.releases) if r.deploy_count}
    assert {r.version for r in rig.rows(tables.deploys)} <= deployed


def test_a_days_release_health_shares_add_up_to_one_in_each_environment(rig: Rig) -> None:
    shares: Counter[tuple[str, str, datetime]] = Counter()
    for row in rig.rows(tables.release_health):
        shares[row.project_id, row.environment, row.bucket] += row.adoption
        assert 0 <= row.crash_free_sessions <= 1
        assert row.sessions > 0
    assert shares
    assert all(abs(total - 1) < 1e-9 for total in shares.values())


def test_hours_of_transactions_are_whole_and_their_percentiles_in_order(rig: Rig) -> None:
    rows = rig.rows(tables.transaction_stats)
    assert {row.hour for row in rows} == {hour_of(START) - timedelta(hours=n) for n in range(4)}
    for row in rows:
        assert row.count > 0
        assert row.p50 <= row.p75 <= row.p95 <= row.p99
        assert 0 <= row.failure_rate <= 1


def test_the_last_day_and_week_end_at_the_last_full_hour(rig: Rig) -> None:
    windows = {(row.start, row.end) for row in rig.rows(tables.transaction_windows)}
    end = hour_of(START)
    assert windows == {(end - timedelta(hours=24), end), (end - timedelta(days=7), end)}


def test_a_busy_windows_count_is_the_sum_of_its_hours(rig: Rig) -> None:
    hours: Counter[tuple[str, str, str]] = Counter()
    for row in rig.rows(tables.transaction_stats):
        hours[row.project_id, row.environment, row.transaction] += row.count
    day = {
        (row.project_id, row.environment, row.transaction): row.count
        for row in rig.rows(tables.transaction_windows)
        if row.end - row.start == timedelta(hours=24)
    }
    assert hours
    assert all(day.get(key, 0) > 0 for key, count in hours.items() if count > 5)


def test_bodies_are_whole_events(rig: Rig) -> None:
    import orjson

    from sentry_sync.store.bodies import unpack

    rows = rig.rows(tables.event_bodies)
    assert len(rows) == 3
    for row in rows:
        body = orjson.loads(unpack(row.body))
        assert body["eventID"] == row.event_id
        assert any(entry["type"] == "exception" for entry in body["entries"])


def test_an_issues_raw_row_is_kept_whole(rig: Rig) -> None:
    import orjson

    from sentry_sync.store.bodies import unpack

    for row in rig.rows(select(tables.issue_raw).limit(5)):
        raw = orjson.loads(unpack(row.raw))
        assert raw["id"] == row.issue_id
        assert raw["lifetime"]

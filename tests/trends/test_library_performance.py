"""The library's queries about performance, beside the same worked out in Python from what was written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from statistics import median
from typing import Any

import pytest

from sentry_sync.records.performance import QueryStat, TransactionStat
from sentry_sync.store.paths import StorePaths
from tests.support.rows import NOW
from tests.trends.library_world import QUERIES, TRANSACTIONS, VITALS, ask, covered
from tests.trends.seed import DAY, HOUR, PROJECTS

THRESHOLDS = {"lcp": (2500, 4000), "fcp": (1800, 3000), "cls": (0.1, 0.25), "inp": (200, 500), "ttfb": (800, 1800)}


def transactions(hours: int, until: Any = NOW) -> Iterable[TransactionStat]:
    return [
        row
        for row in TRANSACTIONS
        if row.project_id in PROJECTS and row.count and until - hours * HOUR <= row.hour < until
    ]


def weighted(rows: Iterable[TransactionStat], field: str) -> Any:
    known = [(row.count, getattr(row, field)) for row in rows if getattr(row, field) is not None]
    total = sum(count for count, _ in known)
    return pytest.approx(sum(count * value for count, value in known) / total) if total else None


def test_latency_is_compared_hour_by_hour_with_the_week_before(world: StorePaths) -> None:
    def figures(row: TransactionStat) -> bool:
        return row.p95 is not None and row.avg is not None

    before = {
        (row.project_id, row.environment, row.transaction, row.hour + 7 * DAY): row
        for row in transactions(168, NOW - 7 * DAY)
        if figures(row)
    }
    pairs: dict[tuple[str, str, str], list[tuple[TransactionStat, TransactionStat]]] = defaultdict(list)
    for held in transactions(168):
        key = (held.project_id, held.environment, held.transaction)
        if figures(held) and (*key, held.hour) in before:
            pairs[PROJECTS[held.project_id], *key[1:]].append((held, before[*key, held.hour]))

    rows = ask(world, "latency_change")

    assert {(row["project"], row["environment"], row["transaction"]) for row in rows} == pairs.keys()
    for row in rows:
        here = pairs[row["project"], row["environment"], row["transaction"]]
        changes = [now.p95 / then.p95 - 1 for now, then in here if now.p95 and then.p95]
        now, then = [pair[0] for pair in here], [pair[1] for pair in here]
        assert row["hours"] == len(here)
        assert (row["count"], row["count_before"]) == (sum(r.count for r in now), sum(r.count for r in then))
        assert (row["avg_ms"], row["avg_before_ms"]) == (weighted(now, "avg"), weighted(then, "avg"))
        assert row["avg_change"] == pytest.approx(row["avg_ms"] / row["avg_before_ms"] - 1)
        assert row["p95_change"] == pytest.approx(median(changes))
        assert row["slower_hours"] == pytest.approx(sum(change > 0 for change in changes) / len(changes))
        assert row["approximate"] == any(r.approximate for r in now + then)
    assert {row["transaction"] for row in rows[:2]} == {"/pay"}
    assert len(ask(world, "latency_change", hours=5, at_least=10_000)) == 0


@pytest.mark.parametrize("environment", [None, "staging"])
def test_apdex_and_failures_are_weighted_by_count(world: StorePaths, environment: str | None) -> None:
    wanted: dict[tuple[str, str, str], list[TransactionStat]] = defaultdict(list)
    for held in transactions(60):
        if environment in (None, held.environment):
            wanted[PROJECTS[held.project_id], held.environment, held.transaction].append(held)

    rows = ask(world, "apdex_and_failures", hours=60, environment=environment)

    assert {(row["project"], row["environment"], row["transaction"]) for row in rows} == wanted.keys()
    for row in rows:
        here = wanted[row["project"], row["environment"], row["transaction"]]
        failures = {each.hour: each.count * each.failure_rate for each in here if each.failure_rate}
        assert row["count"] == sum(each.count for each in here)
        assert (row["apdex"], row["failure_rate"]) == (weighted(here, "apdex"), weighted(here, "failure_rate"))
        assert row["failures"] == pytest.approx(sum(failures.values()))
        assert row["worst_hour"] == max(failures, key=failures.__getitem__)
        assert row["approximate"] == any(each.approximate for each in here)
        assert row["covered"] == pytest.approx(covered("transactions", "1", NOW - 60 * HOUR, NOW)) == 50 / 60
    assert [row["apdex"] for row in rows] == sorted(row["apdex"] for row in rows)


@pytest.mark.parametrize("by", ["hour", "day"])
def test_throughput_is_of_the_minutes_known(world: StorePaths, by: str) -> None:
    wanted: dict[Any, list[TransactionStat]] = defaultdict(list)
    for held in transactions(60):
        wanted[held.hour if by == "hour" else held.hour.replace(hour=0), PROJECTS[held.project_id]].append(held)
    length = HOUR if by == "hour" else DAY

    rows = ask(world, "throughput", hours=60, by=by)

    assert [(row["time"], row["project"]) for row in rows] == sorted(wanted)
    for row in rows:
        here = wanted[row["time"], row["project"]]
        start, end = max(row["time"], NOW - 60 * HOUR), min(row["time"] + length, NOW)
        known = covered("transactions", "1", start, end) * (end - start)
        count = sum(each.count for each in here)
        assert row["count"] == count
        assert row["per_minute"] == (pytest.approx(count / (60 * (known / HOUR))) if known else None)
        assert row["covered"] == pytest.approx(known / length)
        failures = [each.count * each.failure_rate for each in here if each.failure_rate is not None]
        assert row["failures"] == (pytest.approx(sum(failures)) if failures else None)
    assert any(row["per_minute"] is None for row in rows) == (by == "hour")


def queries(hours: int) -> dict[str, list[QueryStat]]:
    found: dict[str, list[QueryStat]] = defaultdict(list)
    for held in QUERIES:
        if held.project_id in PROJECTS and held.hour >= NOW - hours * HOUR:
            found[held.query_id].append(held)
    return found


def spent(row: QueryStat) -> float | None:
    if row.total is not None:
        return row.total
    return None if row.avg is None else row.avg * row.count


def test_slow_queries_are_in_order_of_their_mean(world: StorePaths) -> None:
    rows = ask(world, "slow_queries", hours=38)

    wanted = queries(38)
    assert {row["query_id"] for row in rows} == wanted.keys()
    for row in rows:
        here = wanted[row["query_id"]]
        timed = [each for each in here if spent(each) is not None]
        total = sum(spent(each) or 0 for each in timed)
        assert row["description"] == max(here, key=lambda each: each.hour).description
        assert row["count"] == sum(each.count for each in here)
        assert row["total_ms"] == pytest.approx(total)
        assert row["avg_ms"] == pytest.approx(total / sum(each.count for each in timed))
        p95 = [each.p95 for each in here if each.p95 is not None]
        assert (row["p95_lowest_ms"], row["p95_highest_ms"]) == (min(p95), max(p95))
        assert row["covered"] == pytest.approx(20 / 38)
    assert [row["avg_ms"] for row in rows] == sorted((row["avg_ms"] for row in rows), reverse=True)
    assert [row["query_id"] for row in ask(world, "slow_queries", hours=38, top=1)] == [rows[0]["query_id"]]


def test_database_time_adds_up_to_the_whole(world: StorePaths) -> None:
    rows = ask(world, "time_by_query", hours=38)

    wanted = queries(38)
    totals = {key: sum(spent(each) or 0 for each in here) for key, here in wanted.items()}
    of_project: dict[str, float] = defaultdict(float)
    for key, here in wanted.items():
        of_project[PROJECTS[here[0].project_id]] += totals[key]
    running: dict[str, float] = defaultdict(float)
    assert [row["query_id"] for row in rows] == sorted(totals, key=lambda key: -totals[key])
    for row in rows:
        share = totals[row["query_id"]] / of_project[row["project"]]
        running[row["project"]] += share
        assert row["total_ms"] == pytest.approx(totals[row["query_id"]])
        assert (row["share"], row["running_share"]) == (
            pytest.approx(share),
            pytest.approx(running[row["project"]]),
        )
    assert list(running.values()) == pytest.approx([1, 1])


def test_each_hour_of_a_vital_is_rated_by_itself(world: StorePaths) -> None:
    wanted: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for held in VITALS:
        for vital in THRESHOLDS:
            if held.project_id in PROJECTS and held.hour >= NOW - DAY and getattr(held, vital) is not None:
                wanted[held.transaction, vital].append(held)

    rows = ask(world, "web_vitals_ratings")

    assert {(row["page"], row["vital"]) for row in rows} == wanted.keys()
    assert ("/home", "inp") not in wanted
    for row in rows:
        here = wanted[row["page"], row["vital"]]
        good, poor = THRESHOLDS[row["vital"]]
        values = [getattr(each, row["vital"]) for each in here]
        assert row["hours"] == len(here)
        assert row["good"] == sum(value <= good for value in values)
        assert row["poor"] == sum(value > poor for value in values)
        assert row["to_improve"] == len(here) - row["good"] - row["poor"]
        assert (row["lowest"], row["highest"]) == (min(values), max(values))
        assert row["newest"] == getattr(max(here, key=lambda each: each.hour), row["vital"])
        assert row["loads"] == sum(each.count for each in here)
    worst = [row["poor"] / row["hours"] for row in rows]
    assert worst == sorted(worst, reverse=True)


@pytest.mark.parametrize("target", [0.95, 0.99])
def test_the_error_budget_burns_by_the_failures_of_each_time(world: StorePaths, target: float) -> None:
    def burn(rows: Iterable[TransactionStat]) -> Any:
        known = [(row.count, row.count * row.failure_rate) for row in rows if row.failure_rate is not None]
        total = sum(count for count, _ in known)
        return pytest.approx(sum(failed for _, failed in known) / total / (1 - target)) if total else None

    rows = {row["project"]: row for row in ask(world, "error_budget", target=target, days=12)}

    assert rows.keys() == set(PROJECTS.values())
    for project_id, slug in PROJECTS.items():
        row = rows[slug]
        here = {hours: [r for r in transactions(hours) if r.project_id == project_id] for hours in (1, 6, 72, 288)}
        known = [r for r in here[288] if r.failure_rate is not None]
        count, failures = sum(r.count for r in known), sum(r.count * (r.failure_rate or 0) for r in known)
        assert row["count"] == count
        assert row["failures"] == pytest.approx(failures)
        assert row["allowed"] == pytest.approx(count * (1 - target))
        assert row["budget_left"] == pytest.approx(1 - failures / (count * (1 - target)))
        assert [row["burn_1h"], row["burn_6h"], row["burn_3d"], row["burn"]] == [
            burn(each) for each in here.values()
        ]
        assert row["covered"] == pytest.approx(278 / 288)

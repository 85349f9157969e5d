"""Pages of issues: every way to ask gives what a plain sort of all rows gives."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from sentry_sync.records.issue import Issue, IssueEnvironment
from sentry_sync.store.reads import issues
from sentry_sync.store.reads.issues import EPOCH, IssueFilter
from sentry_sync.store.reads.snapshot import driver_of, empty
from sentry_sync.store.unit_of_work import UnitOfWork
from tests.support.rows import NOW, issue

RANK = {"high": 0, "medium": 1, "low": 2, None: 3}


def world() -> tuple[list[Issue], dict[tuple[str, str], datetime]]:
    rnd = random.Random(7)
    rows, pairs = [], {}
    for number in range(300):
        # Coarse times and counts, so that ties are common.
        last = NOW - timedelta(hours=rnd.randrange(40))
        rows.append(
            issue(
                id=str(number),
                project_id=rnd.choice(["2", "2", "3"]),
                status=rnd.choice(["unresolved", "resolved", "ignored", "reprocessing"]),
                priority=rnd.choice(list(RANK)),
                count=rnd.randrange(20),
                last_seen=None if number % 50 == 0 else last,
                verified_at=NOW - timedelta(minutes=rnd.randrange(60)),
            )
        )
        for environment in ("production", "staging"):
            if rnd.random() < 0.6:
                pairs[str(number), environment] = last - timedelta(hours=rnd.randrange(5))
    return rows, pairs


ROWS, PAIRS = world()


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    with empty() as connection:
        uow = UnitOfWork(connection)
        uow.upsert(ROWS)
        of = {row.id: row.project_id for row in ROWS}
        uow.upsert(
            IssueEnvironment(key, name, of[key], last - timedelta(days=1), last)
            for (key, name), last in PAIRS.items()
        )
        connection.exec_driver_sql("UPDATE issues SET removed_at = 1 WHERE id IN ('3', '30', '77')")
        yield connection


def expected(wanted: IssueFilter) -> list[str]:
    def edge(row: Issue) -> float:
        seen = PAIRS[row.id, wanted.environment] if wanted.environment else row.last_seen
        return -seen.timestamp() if seen else 0.0

    def key(row: Issue) -> Any:
        if wanted.sort == "frequency":
            return -(row.count or 0), -int(row.id)
        return (RANK[row.priority] if wanted.sort == "priority" else 0), edge(row), -int(row.id)

    found = [
        row
        for row in ROWS
        if row.project_id == wanted.project_id
        and row.id not in {"3", "30", "77"}
        and wanted.status in (None, row.status)
        and row.verified_at >= wanted.verified_since
        and (
            not wanted.environment
            or PAIRS.get((row.id, wanted.environment), EPOCH) >= wanted.environment_since > EPOCH
        )
    ]
    return [row.id for row in sorted(found, key=key)][: wanted.limit]


@pytest.mark.parametrize("verified_since", [EPOCH, NOW - timedelta(minutes=20)], ids=["any", "verified"])
@pytest.mark.parametrize("limit", [1, 26, 500])
@pytest.mark.parametrize("environment", [None, "production", "nowhere"])
@pytest.mark.parametrize("status", [None, "unresolved", "resolved"])
@pytest.mark.parametrize("sort", ["date", "frequency", "priority"])
def test_a_page_is_the_beginning_of_all_rows_in_order(
    connection: Connection,
    sort: str,
    status: str | None,
    environment: str | None,
    limit: int,
    verified_since: datetime,
) -> None:
    wanted = IssueFilter("2", status, environment, NOW - timedelta(hours=30), verified_since, sort, limit)
    found = issues.page(driver_of(connection), wanted)
    assert [row.id for row in found] == expected(wanted)
    assert found or environment == "nowhere"


def test_issues_come_back_in_the_order_of_their_ids(connection: Connection) -> None:
    assert [row.id for row in issues.by_ids(driver_of(connection), ["9", "nope", "2"])] == ["9", "2"]


def test_a_chain_of_merges_is_followed_and_a_circle_is_not(connection: Connection) -> None:
    driver = driver_of(connection)
    connection.exec_driver_sql("UPDATE issues SET merged_into = CAST(id + 1 AS TEXT) WHERE id IN ('100', '101')")
    first = issues.by_id(driver, "100")
    assert issues.merged_into(driver, first).id == "102"
    assert issues.merged_from(driver, "102") == ["101"]
    connection.exec_driver_sql("UPDATE issues SET merged_into = '100' WHERE id = '102'")
    assert issues.merged_into(driver, issues.by_id(driver, "100")).id in {"100", "101", "102"}
    connection.exec_driver_sql("UPDATE issues SET merged_into = NULL")

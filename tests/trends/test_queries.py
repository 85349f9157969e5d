"""Each query's answer beside the same worked out in Python from the records that were written."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sentry_sync.records.event import ErrorCount
from sentry_sync.records.intervals import Interval
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.store import Store
from sentry_sync.trends.running import run_query
from tests.support.clock import FakeClock
from tests.support.rows import NOW, project
from tests.trends.seed import (
    COUNTS,
    COUNTS_KNOWN,
    DAY,
    DELETED,
    GONE_PROJECT,
    HEALTH,
    HOUR,
    ISSUES,
    MERGED,
    MIDNIGHT,
    PROJECTS,
    UNLISTED_PROJECT,
    WINDOW_END,
    WINDOWS,
)

SLUGS = {**PROJECTS, UNLISTED_PROJECT: UNLISTED_PROJECT}
WEB_KNOWN = COUNTS_KNOWN
API_KNOWN = (Interval(NOW - 6 * DAY, NOW - 3 * DAY),)
"""What is known of project 2 by itself; of the organization it is what is known of all."""


def ask(paths: StorePaths, name: str, **parameters: object) -> list[tuple[Any, ...]]:
    found = run_query(paths, name, parameters, clock=FakeClock(NOW))
    assert not found.truncated
    return found.rows


def known_share(start: datetime, end: datetime, known: tuple[Interval, ...]) -> float:
    total = sum(
        (max(timedelta(0), min(end, part.end) - max(start, part.start)) for part in known), start=timedelta(0)
    )
    return total / (end - start)


def day_of(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def per_day(counts: list[ErrorCount]) -> dict[tuple[str, datetime], int]:
    found: dict[tuple[str, datetime], int] = defaultdict(int)
    for row in counts:
        found[row.project_id, day_of(row.hour)] += row.count
    return found


@pytest.mark.parametrize("environment", [None, "production", ""])
@pytest.mark.parametrize("days", [1, 7, 14, 18])
def test_error_trend_counts_each_day_of_each_project(
    paths: StorePaths, environment: str | None, days: int
) -> None:
    first = MIDNIGHT - (days - 1) * DAY
    counts = per_day(
        [
            row
            for row in COUNTS
            if first <= row.hour < NOW and (environment is None or row.environment == environment)
        ]
    )
    active = {owner for owner, _ in counts} & SLUGS.keys()

    wanted = []
    for number in range(days):
        day = first + number * DAY
        for owner in sorted(active, key=SLUGS.__getitem__):
            covered = known_share(day, day + DAY, WEB_KNOWN)
            if owner == "2":
                covered = max(covered, known_share(day, day + DAY, API_KNOWN))
            errors = counts.get((owner, day), 0 if covered else None)
            wanted.append((day, SLUGS[owner], errors, pytest.approx(covered)))

    assert ask(paths, "error_trend", days=days, environment=environment) == wanted


def test_error_trend_tells_no_errors_from_not_known(paths: StorePaths) -> None:
    rows = {row[0]: row for row in ask(paths, "error_trend", project="api", days=18)}

    # The 18th: no errors, and the day is known. Days before the 5th: nothing is.
    assert rows[MIDNIGHT - 2 * DAY] == (MIDNIGHT - 2 * DAY, "api", 0, 1.0)
    empty = ask(paths, "error_trend", project="api", environment="nowhere", days=18)
    assert empty[0] == (MIDNIGHT - 17 * DAY, "api", None, 0.0)
    assert {row[2] for row in empty} == {None, 0}


def test_error_trend_of_one_project_by_slug_or_id(paths: StorePaths) -> None:
    by_slug = ask(paths, "error_trend", project="web")

    assert by_slug == ask(paths, "error_trend", project="1")
    assert {row[1] for row in by_slug} == {"web"}
    assert len(by_slug) == 14


def test_error_trend_shows_a_quiet_project_only_when_asked_for(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", FakeClock(NOW))
    store.prepare()
    with store.write() as uow:
        uow.upsert([project("1", "quiet")])
    store.close()

    assert ask(store.paths, "error_trend") == []
    assert [row[2:] for row in ask(store.paths, "error_trend", project="quiet", days=2)] == [(None, 0.0)] * 2


def noisiest(days: int, environment: str | None = None) -> dict[str, tuple[int, int]]:
    since = NOW - days * DAY
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in COUNTS:
        if row.issue_id == DELETED or row.project_id == GONE_PROJECT:
            continue
        if environment is not None and row.environment != environment:
            continue
        if since - days * DAY <= row.hour < NOW:
            issue_id = "10" if row.issue_id == MERGED else row.issue_id
            found[issue_id][row.hour < since] += row.count
    return {key: (now, before) for key, (now, before) in found.items() if now}


@pytest.mark.parametrize("days", [1, 2, 7])
@pytest.mark.parametrize("environment", [None, "staging"])
def test_noisiest_issues_are_in_order_of_their_errors(
    paths: StorePaths, days: int, environment: str | None
) -> None:
    rows = ask(paths, "noisiest_issues", days=days, environment=environment)

    counted = noisiest(days, environment)
    assert [row[0] for row in rows] == sorted(counted, key=lambda key: (-counted[key][0], key))
    assert {row[0]: row[6] for row in rows} == {key: now for key, (now, _) in counted.items()}
    covered = known_share(NOW - days * DAY, NOW, WEB_KNOWN)
    assert {row[0]: row[9] for row in rows if row[2] != "api"} == {
        row[0]: pytest.approx(covered) for row in rows if row[2] != "api"
    }


def test_the_time_before_is_compared_only_where_all_of_it_is_known(paths: StorePaths) -> None:
    # Two days before the last two are known; of the seven before the last seven a day is missing.
    counted = noisiest(1)
    assert {row[0]: row[7] for row in ask(paths, "noisiest_issues", days=1)} == {
        key: before for key, (_, before) in counted.items()
    }
    assert known_share(NOW - 6 * DAY, NOW - 3 * DAY, WEB_KNOWN) < 1
    assert {row[7] for row in ask(paths, "noisiest_issues", days=3) if row[2] == "web"} == {None}


def test_noisiest_issues_name_what_is_known_of_each(paths: StorePaths) -> None:
    rows = {row[0]: row for row in ask(paths, "noisiest_issues", days=7)}

    eleven = next(row for row in ISSUES if row.id == "11")
    assert rows["11"][1:6] == ("WEB-B", "web", "eleven", "fatal", "resolved")
    assert rows["11"][8] == eleven.last_seen
    # The issue's own row has not come yet: its errors count all the same.
    assert rows["41"][1:6] == (None, UNLISTED_PROJECT, None, None, None)
    assert MERGED not in rows
    assert DELETED not in rows


def test_noisiest_issues_of_one_project_and_the_first_few(paths: StorePaths) -> None:
    assert {row[2] for row in ask(paths, "noisiest_issues", project="web")} == {"web"}
    assert ask(paths, "noisiest_issues", top=2) == ask(paths, "noisiest_issues")[:2]


@pytest.mark.parametrize("days", [1, 3, 14])
def test_release_health_is_as_sentry_counted_it(paths: StorePaths, days: int) -> None:
    first = MIDNIGHT - (days - 1) * DAY
    known = (Interval(MIDNIGHT - 3 * DAY, NOW),)

    wanted = [
        (
            row.bucket,
            PROJECTS[row.project_id],
            row.environment,
            row.release,
            row.sessions,
            row.users,
            row.crash_free_sessions,
            row.crash_free_users,
            row.adoption,
            pytest.approx(known_share(row.bucket, row.bucket + DAY, known)),
        )
        for row in HEALTH
        if row.bucket >= first and row.project_id in PROJECTS
    ]
    wanted.sort(key=lambda row: (row[0], row[1], row[2], -row[4], row[3]))

    assert ask(paths, "release_health_trend", days=days) == wanted


def test_release_health_can_be_narrowed(paths: StorePaths) -> None:
    rows = ask(paths, "release_health_trend", release="web@1.1-rc", environment="production", project="2", days=5)

    assert [row[1:4] for row in rows] == [("api", "production", "web@1.1-rc")] * 5


def test_release_health_ends_before_the_given_time(paths: StorePaths) -> None:
    until = datetime(2026, 11, 18, tzinfo=UTC)

    rows = ask(paths, "release_health_trend", until=until, days=2)

    assert {row[0] for row in rows} == {until - DAY}


@pytest.mark.parametrize(("period", "length"), [("24h", DAY), ("7d", 7 * DAY)])
def test_slowest_transactions_are_of_one_window_alone(paths: StorePaths, period: str, length: timedelta) -> None:
    wanted = [
        (
            PROJECTS[row.project_id],
            row.environment,
            row.transaction,
            row.count,
            row.p50,
            row.p75,
            row.p95,
            row.p99,
            row.failure_rate,
            row.apdex,
            row.approximate,
            row.start,
            row.end,
        )
        for row in WINDOWS
        if row.end == WINDOW_END and row.end - row.start == length and row.project_id in PROJECTS
    ]
    wanted.sort(key=lambda row: (-(row[6] if row[6] is not None else -1), -row[3], row[0], row[1], row[2]))

    assert ask(paths, "slowest_transactions", period=period) == wanted


def test_rare_transactions_can_be_left_out(paths: StorePaths) -> None:
    names = [row[2] for row in ask(paths, "slowest_transactions", at_least=100, project="web")]

    assert names == ["/slow", "/sampled", "/unknown"]
    assert len(ask(paths, "slowest_transactions", top=1)) == 1


def test_a_window_that_was_never_synced_is_no_answer(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", FakeClock(NOW))
    store.prepare()
    with store.write() as uow:
        uow.upsert(WINDOWS)
    store.close()

    found = run_query(store.paths, "slowest_transactions", clock=FakeClock(NOW))

    assert found.rows == []
    assert "transaction_windows: never synced" in found.notes


def test_hours_are_counted_up_to_the_given_time(paths: StorePaths) -> None:
    until = NOW - 3 * HOUR

    (today,) = ask(paths, "error_trend", days=1, project="web", until=until)

    counts = [row for row in COUNTS if row.project_id == "1" and MIDNIGHT <= row.hour < until]
    assert today[2] == sum(row.count for row in counts)

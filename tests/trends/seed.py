"""A small store whose every number is known here, so that tests can work out answers without SQL."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sentry_sync.records.event import ErrorCount, Event
from sentry_sync.records.intervals import Interval
from sentry_sync.records.performance import TransactionWindow
from sentry_sync.records.release import ReleaseHealth
from sentry_sync.store import tables
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.store import Store
from tests.support.clock import FakeClock
from tests.support.rows import NOW, issue, project

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)

PROJECTS = {"1": "web", "2": "api"}
GONE_PROJECT = "3"
UNLISTED_PROJECT = "4"
"""Has counts, but its own row has not come yet."""

HOSTILE = "'; DROP TABLE issues; -- \u202e<script>\x00\x1b[31m"

ISSUES = [
    issue(id="10", project_id="1", short_id="WEB-A", title=HOSTILE, status="unresolved", count=5),
    issue(id="11", project_id="1", short_id="WEB-B", title="eleven", status="resolved", count=7, level="fatal"),
    issue(id="12", project_id="2", short_id="API-C", title="twelve", status="unresolved", unhandled=False),
    issue(id="13", project_id="2", short_id="API-D", title="thirteen", status="ignored", last_seen=None),
    issue(id="14", project_id="1", short_id="WEB-E", title="merged into ten", status="unresolved"),
    issue(id="15", project_id="1", short_id="WEB-F", title="deleted", status="unresolved"),
]
MERGED, DELETED = "14", "15"
PRESENT = [row for row in ISSUES if row.id not in {MERGED, DELETED}]


def _counts() -> list[ErrorCount]:
    chance = random.Random(7)
    rows: list[ErrorCount] = []
    for number in (10, 11, 12, 13, 14, 15, 31, 41):
        owner = {31: GONE_PROJECT, 41: UNLISTED_PROJECT}.get(number) or ("2" if number in {12, 13} else "1")
        for hour in range(0, 20 * 24, chance.randint(1, 5)):
            at = NOW - hour * HOUR
            # The 13th has none in its newest days, so that some days have to be zero.
            if number in {12, 13} and at > NOW - 3 * DAY:
                continue
            rows.extend(
                ErrorCount(owner, str(number), environment, "1.0", at, chance.randint(0, 9), 2)
                for environment in ("production", "staging", "")
            )
    return rows


COUNTS = _counts()
COUNTS_KNOWN = (Interval(NOW - 15 * DAY, NOW - 5 * DAY), Interval(NOW - 4 * DAY, NOW - timedelta(minutes=5)))
"""A day is missing between."""

EVENTS = [
    Event(
        project_id="1",
        event_id=f"{number:032x}",
        issue_id="10" if number % 3 else "11",
        timestamp=NOW - number * timedelta(minutes=7, microseconds=1),
        environment="production" if number % 2 else None,
        release="1.0",
        level="error",
        title=HOSTILE,
        transaction=None,
        platform="python",
        user_key=f"id:{number % 5}",
        tags={"browser": f"Firefox {number % 4}", "odd \"key'": "v"} if number % 2 else {},
    )
    for number in range(200)
]

HEALTH = [
    ReleaseHealth(
        release=version,
        project_id=owner,
        environment=environment,
        bucket=MIDNIGHT - day * DAY,
        sessions=100 * (day + 1) + len(version),
        users=50 if day else None,
        crash_free_sessions=0.99 - day / 100,
        crash_free_users=None if day == 2 else 0.98,
        adoption=0.5,
    )
    for day in range(20)
    for owner in ("1", "2", GONE_PROJECT)
    for version in ("web@1.0", "web@1.1-rc")
    for environment in ("production", "")
]

WINDOW_END = datetime(2026, 11, 20, 11, tzinfo=UTC)


def _window(owner: str, name: str, end: datetime, length: timedelta, p95: float | None) -> TransactionWindow:
    return TransactionWindow(
        project_id=owner,
        environment="production",
        transaction=name,
        start=end - length,
        end=end,
        count=40 if name == "/rare" else 4000,
        tpm=1.5,
        avg=20.0,
        p50=10.0,
        p75=30.0,
        p95=p95,
        p99=None,
        failure_rate=0.25,
        apdex=0.9,
        users=None,
        approximate=name == "/sampled",
    )


WINDOWS = [
    *(
        _window(owner, name, WINDOW_END, length, p95)
        for length in (DAY, 7 * DAY)
        for owner in ("1", "2", GONE_PROJECT)
        for name, p95 in (("/slow", 900.5), ("/rare", 5000.0), ("/sampled", 70.0), ("/unknown", None))
    ),
    # Older and other windows: an answer that mixes them in is wrong.
    _window("1", "/yesterday", WINDOW_END - HOUR, DAY, 99999.0),
    _window("1", "/asked-live", WINDOW_END + HOUR, DAY, 99999.0),
    _window("1", "/short", WINDOW_END, 3 * HOUR, 99999.0),
]


def seeded(directory: Path) -> StorePaths:
    """The store, written and closed."""
    store = Store(directory, FakeClock(NOW))
    store.prepare()
    with store.write() as uow:
        uow.upsert([project(key, slug) for key, slug in PROJECTS.items()])
        uow.upsert([project(GONE_PROJECT, "gone", NOW - DAY)])
        uow.remove_unseen_projects(NOW - HOUR)
        uow.upsert([*ISSUES, *COUNTS, *EVENTS, *HEALTH, *WINDOWS])
        issues = tables.issues
        for key, how, into in ((MERGED, "merged", "10"), (DELETED, "deleted", None)):
            uow._connection.execute(
                issues.update()
                .where(issues.c.id == key)
                .values(removed_at=NOW - HOUR, removed_as=how, merged_into=into)
            )
        uow.mark("projects", "", NOW - HOUR, NOW - HOUR)
        uow.mark("issues.hot", "", NOW - timedelta(minutes=1), NOW - timedelta(minutes=1))
        uow.cover("issues", "", Interval(NOW - 90 * DAY, NOW - timedelta(minutes=1)), source="issues")
        uow.mark("error_counts", "", NOW - timedelta(minutes=5), NOW - timedelta(minutes=5))
        for part in COUNTS_KNOWN:
            uow.cover("error_counts", "", part, source="explore")
        uow.cover("error_counts", "project:2", Interval(NOW - 6 * DAY, NOW - 3 * DAY), source="project_events")
        uow.mark("events", "project:1", NOW, NOW)
        uow.cover("events", "project:1", Interval(NOW - DAY, NOW), source="project_events")
        uow.mark("release_health", "", NOW, NOW)
        uow.cover("release_health", "", Interval(MIDNIGHT - 3 * DAY, NOW), source="sessions", approximate=True)
        for period in ("24h", "7d"):
            uow.mark(f"transaction_windows.{period}", "", WINDOW_END, WINDOW_END)
    store.close()
    return store.paths

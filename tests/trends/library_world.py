"""A store for the query library: a few weeks of everything, each record known here."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from sentry_sync.records.budget import Lane, Reservation
from sentry_sync.records.event import ErrorCount, Event
from sentry_sync.records.intervals import Interval
from sentry_sync.records.performance import QueryStat, TransactionStat, WebVital
from sentry_sync.records.release import Release, ReleaseHealth, ReleaseProject
from sentry_sync.store import tables
from sentry_sync.store.ledger import RequestLedger
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.store import Store
from sentry_sync.trends.running import run_query
from tests.support.clock import FakeClock
from tests.support.rows import NOW, issue, project
from tests.trends.seed import DAY, GONE_PROJECT, HOSTILE, HOUR, MIDNIGHT, PROJECTS, WINDOWS

AT = NOW + timedelta(minutes=20)
"""When the library is asked: not on the hour, so that what is of full hours must say so."""

ISSUES = [
    issue(id="10", project_id="1", short_id="WEB-A", title=HOSTILE, first_seen=AT - 100 * DAY, user_count=70),
    issue(id="11", project_id="1", short_id="WEB-B", status="resolved", first_seen=AT - 20 * DAY),
    issue(id="12", project_id="2", short_id="API-C", first_seen=AT - 8 * HOUR, assigned_id="7"),
    issue(id="13", project_id="2", short_id="API-D", status="ignored", first_seen=None),
    issue(id="14", project_id="1", short_id="WEB-E", title="merged into ten"),
    issue(id="15", project_id="1", short_id="WEB-F", title="deleted"),
    issue(id="16", project_id="1", short_id="WEB-G", first_release="web@2.0", first_seen=AT - 3 * DAY),
    issue(id="17", project_id="1", short_id="WEB-H", first_seen=AT - 1 * DAY, last_seen=AT - 40 * DAY),
    issue(id="18", project_id="2", short_id="API-I", substatus="regressed", first_seen=AT - 9 * DAY),
    issue(id="19", project_id="2", short_id="API-J", first_release="api@7", first_seen=AT - 16 * DAY),
]
QUIET = "19"
"""Has no count at all."""
MERGED, INTO, DELETED = "14", "10", "15"
PRESENT = {row.id: row for row in ISSUES if row.id not in {MERGED, DELETED}}
GONE = {"14": "merged", "15": "deleted"}

RELEASES = {"web@1.0": ("1", 40), "web@2.0": ("1", 4), "api@7": ("2", 2)}
"""Each with its project and its age in days."""
RELEASED = {version: NOW - age * DAY - HOUR for version, (_, age) in RELEASES.items()}
NEWEST = {"1": "web@2.0", "2": "api@7"}
NEW_BY_SENTRY = {"1": 5, "2": None}


def _counts() -> Iterator[ErrorCount]:
    chance = random.Random(7)
    for row in [*ISSUES, issue(id="30", project_id=GONE_PROJECT)]:
        for age in range(-1, 18 * 24) if row.id != QUIET else ():
            hour = NOW - age * HOUR
            burst = row.id == "12" and 2 <= age < 6
            if chance.random() < 0.6 and not burst:
                continue
            owner, environment = row.project_id, chance.choice(("production", "staging", ""))
            released = [version for version, (at, _) in RELEASES.items() if at == owner]
            usual = chance.choice([version for version in released if RELEASED[version] <= hour] or [""])
            # Issue 12 bursts in the last hours, 16 comes with web@2.0 alone.
            many = 90 if burst else chance.randint(0, 8)
            if row.id == "16":
                if hour < RELEASED["web@2.0"]:
                    continue
                usual, many = "web@2.0", many + 20
            yield ErrorCount(owner, row.id, environment, usual, hour, many, 1)


COUNTS = list(_counts())

EVENTS = [
    Event(
        project_id="1" if number % 5 else "2",
        event_id=f"{number + 1:032x}",
        issue_id=("12" if not number % 5 else ("10", "11", MERGED, DELETED)[number % 4]),
        timestamp=AT - number * timedelta(minutes=43, microseconds=1),
        environment="production" if number % 2 else None,
        release="web@2.0",
        level="error",
        title=HOSTILE,
        transaction=None,
        platform="python",
        user_key=f"id:{number % 7}" if number % 3 else None,
        tags={"browser": f"Firefox {number % 4}", "odd \"key'": "v"} if number % 2 else {},
    )
    for number in range(300)
]


def _health() -> Iterator[ReleaseHealth]:
    chance = random.Random(8)
    for age in range(20):
        day = MIDNIGHT - age * DAY
        for owner, environment in (("1", "production"), ("1", ""), ("2", "production"), (GONE_PROJECT, "")):
            live = [v for v, (at, _) in RELEASES.items() if at == owner and RELEASED[v] < day + DAY] or ["old"]
            sessions = {version: chance.randint(0, 500) for version in live}
            for version, many in sessions.items():
                rate = None if chance.random() < 0.1 else 1 - chance.random() / 50
                share = many / sum(sessions.values()) if sum(sessions.values()) else None
                yield ReleaseHealth(version, owner, environment, day, many, many // 3, rate, 0.9, share)


HEALTH = list(_health())


def _transactions() -> Iterator[TransactionStat]:
    chance = random.Random(9)
    for owner, name in (("1", "/cart"), ("1", "/pay"), ("2", "/items"), (GONE_PROJECT, "/old")):
        for age in range(1, 15 * 24):
            if chance.random() < 0.2:
                continue
            known = chance.random() < 0.9
            slower = 1.5 if name == "/pay" and age < 7 * 24 else 1.0
            yield TransactionStat(
                project_id=owner,
                environment=chance.choice(("production", "staging")),
                transaction=name,
                hour=NOW - age * HOUR,
                count=chance.randint(0, 90),
                tpm=1.0,
                avg=100 * slower + chance.random() if known else None,
                p50=90.0,
                p75=120.0,
                p95=300 * slower + 100 * chance.random() if known else None,
                p99=900.0,
                failure_rate=chance.random() / 20 if known else None,
                apdex=0.9 + chance.random() / 10 if known else None,
                users=3,
                approximate=age == 30,
            )


TRANSACTIONS = list(_transactions())


def _queries() -> Iterator[QueryStat]:
    chance = random.Random(10)
    for owner, key in (("1", "q1"), ("1", "q2"), ("2", "q3"), ("2", "q4"), (GONE_PROJECT, "q9")):
        for age in range(1, 40):
            many, mean = chance.randint(1, 60), chance.random() * 50
            total = None if age % 9 == 0 else many * mean
            shown = None if key == "q4" and age % 4 == 0 else mean
            yield QueryStat(
                owner, "production", key, f"SELECT {key} v{age // 10}", "postgresql", "SELECT", "items",
                NOW - age * HOUR, many, 1.0, shown if total is None else mean, 2 * mean, total, age == 3,
            )  # fmt: skip


QUERIES = list(_queries())


def _vitals() -> Iterator[WebVital]:
    chance = random.Random(11)
    for owner, page in (("1", "/cart"), ("1", "/home"), (GONE_PROJECT, "/old")):
        for age in range(1, 40):
            yield WebVital(
                owner, chance.choice(("production", "")), page, NOW - age * HOUR, chance.randint(1, 50),
                lcp=chance.uniform(1000, 6000), fcp=chance.uniform(500, 4000), cls=chance.uniform(0, 0.5),
                inp=None if page == "/home" else chance.uniform(50, 900), ttfb=chance.choice((800.0, 1800.0, 2000.0)),
                score=0.5, approximate=False,
            )  # fmt: skip


VITALS = list(_vitals())


@dataclass(frozen=True)
class Change:
    """A row of issue_history: between two looks the issue's status was seen to change."""

    issue_id: str
    after: datetime
    at: datetime
    old: str
    new: str


CHANGES = [
    Change("10", AT - 30 * DAY, AT - 30 * DAY + HOUR, "unresolved", "resolved"),
    Change("10", AT - 6 * DAY, AT - 6 * DAY + 2 * HOUR, "resolved", "unresolved"),
    Change("10", AT - 5 * DAY, AT - 5 * DAY + HOUR, "unresolved", "resolved"),
    Change("10", AT - 2 * DAY, AT - 2 * DAY + HOUR, "resolved", "unresolved"),
    Change("11", AT - 4 * DAY, AT - 4 * DAY + 3 * HOUR, "unresolved", "resolved"),
    Change("13", AT - 3 * DAY, AT - 3 * DAY + HOUR, "unresolved", "resolved"),
    Change("13", AT - 3 * DAY + HOUR, AT - 3 * DAY + 2 * HOUR, "resolved", "ignored"),
    Change("15", AT - 7 * DAY, AT - 7 * DAY + HOUR, "unresolved", "resolved"),
    Change("11", AT - 19 * DAY - HOUR, AT - 19 * DAY, "resolved", "unresolved"),
    Change("19", AT - 15 * DAY - HOUR, AT - 15 * DAY, "resolved", "unresolved"),
    Change("12", AT - 200 * DAY, AT - 199 * DAY, "unresolved", "resolved"),
]

BEFORE_ALL = AT - 18 * DAY
"""Of the time before nothing is known, and nothing is counted."""

COVERED = {
    "error_counts": {
        "": [Interval(NOW - 17 * DAY, NOW - 10 * DAY), Interval(NOW - 9 * DAY, NOW + timedelta(minutes=15))],
        "project:2": [Interval(NOW - 11 * DAY, NOW - 8 * DAY)],
    },
    "issues": {"": [Interval(NOW - 90 * DAY, NOW)]},
    "events": {"project:1": [Interval(NOW - 3 * DAY, AT)]},
    "release_health": {"": [Interval(NOW - 12 * DAY, NOW)]},
    "transactions": {"": [Interval(NOW - 20 * DAY, NOW - 40 * HOUR), Interval(NOW - 30 * HOUR, NOW)]},
    "queries": {"": [Interval(NOW - 20 * HOUR, NOW)]},
    "web_vitals": {"": [Interval(NOW - 40 * HOUR, NOW)]},
}
MARKS = {
    ("projects", ""): AT - HOUR,
    ("events", "project:1"): AT - 2 * HOUR,
    ("transaction_windows.24h", ""): NOW - HOUR,
    ("transaction_windows.7d", ""): NOW - HOUR,
}
REQUESTS = [
    (0, "issues", Lane.LIVE, 200),
    (5, "issues", Lane.LIVE, 200),
    (120, "issues", Lane.HOT, 200),
    (240, "issues", Lane.LIVE, 429),
    (480, "project_events", Lane.HOT, 503),
    (720, "project_events", Lane.HOT, None),
]
"""Each some seconds after ``NOW``, and over two seconds later."""
FAILED_RUN = ("releases", "", "503 for ten minutes")


def covered(resource: str, project_id: str, start: datetime, end: datetime) -> float:
    """The share of the time that is known: of the organization or of the project, whichever is more."""
    shares = [0.0]
    for scope in ("", f"project:{project_id}"):
        known = COVERED[resource].get(scope, [])
        overlaps = [max(timedelta(0), min(end, part.end) - max(start, part.start)) for part in known]
        shares.append(sum(overlaps, start=timedelta(0)) / (end - start))
    return max(shares)


def final_issue(issue_id: str) -> str | None:
    """The issue whose an error is by now; None if it was deleted."""
    return {MERGED: INTO, DELETED: None}.get(issue_id, issue_id)


def ask(paths: StorePaths, name: str, **parameters: object) -> list[dict[str, Any]]:
    """The query's rows, each by its columns' names."""
    found = run_query(paths, name, parameters, clock=FakeClock(AT))
    assert not found.truncated
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


def built(directory: Path) -> StorePaths:
    """The store, written and closed."""
    store = Store(directory, FakeClock(AT))
    store.prepare()
    with store.write() as uow:
        uow.upsert([project(key, slug) for key, slug in PROJECTS.items()])
        uow.upsert([project(GONE_PROJECT, "gone", NOW - DAY)])
        uow.remove_unseen_projects(NOW - HOUR)
        uow.upsert([*ISSUES, *COUNTS, *EVENTS, *HEALTH, *TRANSACTIONS, *QUERIES, *VITALS, *WINDOWS])
        for version, (owner, _) in RELEASES.items():
            at = RELEASED[version]
            uow.upsert([Release(version, None, "open", None, None, at, None, at, NOW, 3, 0, 0, NOW)])
            uow.upsert([ReleaseProject(version, owner, NEW_BY_SENTRY[owner], True, NOW)])
        for key, how in GONE.items():
            gone = {"removed_at": NOW - HOUR, "removed_as": how, "merged_into": INTO if key == MERGED else None}
            uow._connection.execute(tables.issues.update().where(tables.issues.c.id == key).values(**gone))
        uow._connection.execute(
            insert(tables.issue_history),
            [
                {"issue_id": c.issue_id, "after": c.after, "at": c.at, "field": "status", "old": c.old,
                 "new": c.new, "seen_by": "issues.hot"}
                for c in CHANGES
            ],
        )  # fmt: skip
        for (stream, scope), at in MARKS.items():
            uow.mark(stream, scope, at, at)
        for resource, scopes in COVERED.items():
            for scope, known in scopes.items():
                for part in known:
                    uow.cover(resource, scope, part, source="explore")
        stream, scope, why = FAILED_RUN
        uow.end_pass(uow.begin_pass(stream, scope, None, AT - HOUR), "failed", AT - HOUR, why)
    store.close()
    for seconds, endpoint, lane, status in REQUESTS:
        clock = FakeClock(NOW + timedelta(seconds=seconds))
        with RequestLedger(store.paths.ledger, clock) as ledger:
            reservation = ledger.reserve(endpoint, lane)
            assert isinstance(reservation, Reservation)
            clock.advance(2)
            ledger.settle(reservation, status, None)
    return store.paths

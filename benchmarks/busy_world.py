"""What a large store holds beside issues and events: hourly counts, tags, whole events, releases with health."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks import world
from sentry_sync.records.event import EventBody
from sentry_sync.records.intervals import Interval
from sentry_sync.records.release import Release, ReleaseHealth, ReleaseProject
from sentry_sync.store.store import Store

BODIES = 5_000
"""Issues whose newest event is held whole."""

RELEASES = 40
"""Of each project."""

HEALTH_DAYS = 7

_COUNTS = """INSERT INTO error_counts (project_id, issue_id, environment, release, hour, count, users)
SELECT project_id, issue_id, environment, release, timestamp - timestamp % 3600000000, count(*),
count(DISTINCT user_key) FROM events GROUP BY 1, 2, 3, 4, 5"""
_TAGS = """UPDATE events SET tags = json_object('browser', 'Chrome ' || (rowid % 7), 'os.name',
CASE rowid % 3 WHEN 0 THEN 'Windows' WHEN 1 THEN 'Linux' ELSE 'iOS' END, 'level', 'error', 'environment',
environment, 'release', release, 'transaction', "transaction", 'server_name', 'web-' || (rowid % 12), 'user',
user_key, 'handled', 'no', 'region', 'eu-' || (rowid % 2)) WHERE rowid % 20 = 0"""
"""Explore's rows carry no tags: these are of events that were listed or fetched whole."""

_NEWEST = """SELECT project_id, lower(hex(event_id)), issue_id, max(timestamp) FROM events
GROUP BY issue_id ORDER BY count(*) DESC LIMIT ?"""


def fill(directory: Path, *, issues: int, events: int) -> None:
    """Write a store as a sync of weeks would have left it."""
    world.fill(directory, issues=issues, events=events)
    now = datetime.now(UTC)
    store = Store(directory)
    with store.write() as uow:
        uow._connection.exec_driver_sql(_COUNTS)
        uow._connection.exec_driver_sql(_TAGS)
        newest = uow._connection.exec_driver_sql(_NEWEST, (BODIES,)).all()
    draw = random.Random(3)
    for start in range(0, len(newest), 500):
        with store.write() as uow:
            uow.upsert(_body(row, draw, now) for row in newest[start : start + 500])
    with store.write() as uow:
        uow.upsert(_releases(now))
        for stream in ("releases", "release_health", "deploys", "project_stats"):
            uow.mark(stream, "", now, now)
        week = Interval(now - timedelta(days=HEALTH_DAYS + 1), now)
        uow.cover("release_health", "", week, source="sessions")
    store.close()


def _body(row: Any, draw: random.Random, now: datetime) -> EventBody:
    project, event, issue, micros = row
    happened = datetime.fromtimestamp(micros / 1_000_000, UTC)
    values = [{"type": "ValueError", "value": f"step {issue} failed", "stacktrace": {"frames": _frames(draw)}}]
    crumbs = [
        {
            "timestamp": happened.isoformat(),
            "category": "query",
            "level": "info",
            "message": f"SELECT {n} FROM orders",
        }
        for n in range(40)
    ]
    body = {
        "eventID": event,
        "message": "",
        "entries": [
            {"type": "exception", "data": {"values": values}},
            {"type": "breadcrumbs", "data": {"values": crumbs}},
            {"type": "request", "data": {"method": "POST", "url": "https://shop.example.com/checkout"}},
        ],
        "contexts": {name: {"type": name, "version": "3.12.7"} for name in ("os", "runtime", "browser", "trace")},
        "tags": [{"key": f"tag{n}", "value": str(draw.randrange(9))} for n in range(12)],
        "user": {"id": str(draw.randrange(5000))},
        "sdk": {"name": "sentry.python", "version": "2.20.0"},
    }
    return EventBody(project, event, issue, happened, body, now)


def _frames(draw: random.Random) -> list[dict[str, Any]]:
    return [
        {
            "function": f"step_{n}",
            "module": f"shop.part_{n % 9}",
            "filename": f"shop/part_{n % 9}.py",
            "lineNo": 10 + n,
            "inApp": n % 3 == 0,
            "context": [[10 + n + at, f"    value = compute(order, {draw.randrange(99)})"] for at in range(-5, 6)],
            "vars": {f"local_{at}": f"<Order {draw.randrange(10**6)}>" for at in range(6)},
        }
        for n in range(40)
    ]


def _releases(now: datetime) -> Iterator[Any]:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for project in range(world.PROJECTS):
        for number in range(RELEASES):
            version, born = f"shop-{project}@1.{number}.0", now - timedelta(days=2 * number)
            yield Release(
                version=version,
                short_version=f"1.{number}.0",
                status="open",
                ref=None,
                url=None,
                date_created=born,
                date_released=born,
                first_event=born,
                last_event=now,
                new_issues=number % 5,
                commit_count=number,
                deploy_count=1,
                verified_at=now,
            )
            yield ReleaseProject(version, str(project), number % 5, True, now)
            for day in range(HEALTH_DAYS):
                bucket = today - timedelta(days=day)
                yield ReleaseHealth(version, str(project), "production", bucket, 900, 300, 0.993, 0.99, 0.1)

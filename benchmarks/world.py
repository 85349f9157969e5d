"""A large store, written without a server: what answers are measured on."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sentry_sync.records.audit import Retention
from sentry_sync.records.event import Event
from sentry_sync.records.intervals import Interval
from sentry_sync.records.issue import Issue, IssueEnvironment
from sentry_sync.records.organization import Project
from sentry_sync.store.store import Store

PROJECTS = 20
ENVIRONMENTS = ("production", "staging", "development")
STATUSES = ("unresolved", "unresolved", "unresolved", "resolved", "ignored")


def fill(directory: Path, *, issues: int, events: int, projects: int = PROJECTS) -> None:
    """Write a store of that many projects as a finished sync would have."""
    now = datetime.now(UTC)
    draw = random.Random(7)
    store = Store(directory)
    store.prepare()
    with store.write() as uow:
        uow.claim("http://127.0.0.1:1", "acme")
        uow.upsert(_project(n, now) for n in range(projects))
    for start in range(0, issues, 1000):
        with store.write() as uow:
            rows = [_issue(n, draw, now, projects) for n in range(start, min(start + 1000, issues))]
            uow.upsert(rows)
            uow.upsert(_environments(rows, draw))
    for start in range(0, events, 5000):
        with store.write() as uow:
            uow.upsert(_event(n, issues, draw, now, projects) for n in range(start, min(start + 5000, events)))
    with store.write() as uow:
        uow.upsert([Retention("events", now - timedelta(days=90), now)])
        for stream in ("projects", "issues.hot", "events", "error_counts", "issue_environments"):
            uow.mark(stream, "", now, now)
        for resource, days in (("issues", 90), ("issue_environments", 90), ("events", 14), ("error_counts", 14)):
            uow.cover(resource, "", Interval(now - timedelta(days=days), now), source="explore")
    store.close()


def _project(n: int, now: datetime) -> Project:
    return Project(str(n), f"project-{n}", f"Project {n}", "python", "active", None, None, True, True, now)


def _issue(n: int, draw: random.Random, now: datetime, projects: int) -> Issue:
    last = now - timedelta(seconds=draw.randrange(80 * 86_400))
    return Issue(
        id=str(n),
        project_id=str(n % projects),
        short_id=f"PROJECT-{n % projects}-{n:X}",
        title=f"ValueError: step {n} failed for order {draw.randrange(10**6)}",
        culprit="shop.checkout in pay",
        type="error",
        issue_type="error",
        category="error",
        level=draw.choice(("error", "error", "warning", "fatal")),
        platform="python",
        logger=None,
        status=draw.choice(STATUSES),
        substatus="ongoing",
        priority=draw.choice(("high", "medium", "low")),
        unhandled=draw.random() < 0.5,
        first_seen=last - timedelta(days=draw.randrange(30)),
        last_seen=last,
        count=int(draw.paretovariate(0.8)),
        user_count=int(draw.paretovariate(1)),
        assigned_type=None,
        assigned_id=None,
        assigned_to=None,
        permalink=f"https://sentry.io/organizations/acme/issues/{n}/",
        exception_type="ValueError",
        exception_value=f"step {n} failed",
        filename="shop/checkout.py",
        function="pay",
        num_comments=0,
        first_release=None,
        verified_at=now,
        auto_resolved=False,
    )


def _environments(rows: list[Issue], draw: random.Random) -> Iterator[IssueEnvironment]:
    for row in rows:
        assert row.first_seen is not None
        assert row.last_seen is not None
        for name in draw.sample(ENVIRONMENTS, draw.randrange(1, 3)):
            yield IssueEnvironment(row.id, name, row.project_id, row.first_seen, row.last_seen)


def _event(n: int, issues: int, draw: random.Random, now: datetime, projects: int) -> Event:
    issue = min(int(draw.paretovariate(0.3)), issues - 1)
    return Event(
        project_id=str(issue % projects),
        event_id=f"{n:032x}",
        issue_id=str(issue),
        timestamp=now - timedelta(seconds=draw.randrange(14 * 86_400)),
        environment=draw.choice(ENVIRONMENTS),
        release="shop@1.0.0",
        level="error",
        title=f"ValueError: step {issue} failed",
        transaction="/checkout",
        platform="python",
        user_key=f"id:{draw.randrange(5000)}",
        tags={},
    )

"""Rows for tests, with everything filled in but what the test is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sentry_sync.records.event import Event
from sentry_sync.records.issue import Issue
from sentry_sync.records.organization import Project

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

_ISSUE = Issue(
    id="17",
    project_id="2",
    short_id="API-H",
    title="KeyError: 'x'",
    culprit="shop.views in pay",
    type="error",
    issue_type="error",
    category="error",
    level="error",
    platform="python",
    logger=None,
    status="unresolved",
    substatus="ongoing",
    priority="high",
    unhandled=True,
    first_seen=NOW - timedelta(days=10),
    last_seen=NOW - timedelta(minutes=5),
    count=900,
    user_count=40,
    assigned_type=None,
    assigned_id=None,
    assigned_to=None,
    permalink="https://sentry.io/acme/api/issues/17/",
    exception_type="KeyError",
    exception_value="'x'",
    filename="shop/views.py",
    function="pay",
    num_comments=0,
    first_release=None,
    verified_at=NOW,
)


def issue(**changes: Any) -> Issue:
    return replace(_ISSUE, **changes)


def project(key: str, slug: str, verified_at: datetime = NOW) -> Project:
    return Project(key, slug, slug.title(), "python", "active", None, None, True, True, verified_at)


_EVENT = Event(
    project_id="2",
    event_id="0" * 32,
    issue_id="17",
    timestamp=NOW,
    environment="production",
    release="r1",
    level="error",
    title="boom",
    transaction="/pay",
    platform="python",
    user_key="id:7",
    tags={},
)


def event(number: int, timestamp: datetime, **changes: Any) -> Event:
    return replace(_EVENT, event_id=f"{number:032x}", timestamp=timestamp, **changes)

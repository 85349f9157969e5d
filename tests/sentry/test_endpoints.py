"""What each method asks the server."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from sentry_sync.sentry.client import SentryClient
from tests.sentry.stage import Stage, ok

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ORG = "/api/0/organizations/acme"

CALLS: list[tuple[Callable[[SentryClient], object], str, str]] = [
    (lambda c: c.root(), "/api/0/", ""),
    (lambda c: c.organization(), f"{ORG}/", "detailed=0"),
    (lambda c: c.projects("100:1:0"), f"{ORG}/projects/", "per_page=100&cursor=100%3A1%3A0"),
    (lambda c: c.environments(), f"{ORG}/environments/", ""),
    (
        lambda c: c.issues(query="", sort="date", start=AT, end=AT, environments=("prod", "")),
        f"{ORG}/issues/",
        (
            "query=&sort=date&start=2026-11-20T12%3A00%3A00Z&end=2026-11-20T12%3A00%3A00Z&project=-1"
            "&environment=prod&environment=&limit=100&collapse=filtered&groupStatsPeriod="
        ),
    ),
    (
        lambda c: c.issues(
            query=None,
            sort=None,
            start=None,
            end=None,
            project_ids=(),
            stats_period="14d",
            limit=5,
            cursor="1:0:0",
        ),
        f"{ORG}/issues/",
        "statsPeriod=14d&limit=5&collapse=filtered&groupStatsPeriod=&cursor=1%3A0%3A0",
    ),
    (
        lambda c: c.issues_by_id(["1", "2"]),
        f"{ORG}/issues/",
        "group=1&group=2&project=-1&collapse=filtered&groupStatsPeriod=",
    ),
    (lambda c: c.issues_with_id(["1", "2"]), f"{ORG}/issues/", "id=1&id=2&query=&limit=100"),
    (lambda c: c.issue("42"), f"{ORG}/issues/42/", "collapse=release"),
    (lambda c: c.short_id("API-4"), f"{ORG}/shortids/API-4/", ""),
    (lambda c: c.event_id("ab" * 16), f"{ORG}/eventids/{'ab' * 16}/", ""),
    (
        lambda c: c.issue_events("42", full=True, environments=("prod",), end=AT, query="x", limit=10),
        f"{ORG}/issues/42/events/",
        "full=1&environment=prod&end=2026-11-20T12%3A00%3A00Z&query=x&limit=10&per_page=10",
    ),
    (lambda c: c.issue_event("42"), f"{ORG}/issues/42/events/latest/", ""),
    (lambda c: c.issue_event("42", "ab" * 16), f"{ORG}/issues/42/events/{'ab' * 16}/", ""),
    (
        lambda c: c.project_events("web", start=AT, cursor="0:100:0"),
        "/api/0/projects/acme/web/events/",
        "start=2026-11-20T12%3A00%3A00Z&limit=100&cursor=0%3A100%3A0",
    ),
    (lambda c: c.project("web"), "/api/0/projects/acme/web/", ""),
    (lambda c: c.project_event("web", "ab" * 16), f"/api/0/projects/acme/web/events/{'ab' * 16}/", ""),
    (
        lambda c: c.explore(dataset="spans", fields=["transaction", "epm()"], sort=["-epm()"], stats_period="1h"),
        f"{ORG}/events/",
        (
            "dataset=spans&field=transaction&field=epm%28%29&query=&sort=-epm%28%29&statsPeriod=1h&project=-1"
            "&sampling=HIGHEST_ACCURACY&per_page=100"
        ),
    ),
    (
        lambda c: c.explore(
            dataset="errors", fields=["count()"], query="is:x", environments=("prod",), per_page=9
        ),
        f"{ORG}/events/",
        "dataset=errors&field=count%28%29&query=is%3Ax&project=-1&environment=prod&per_page=9",
    ),
    (lambda c: c.releases(query="1.0"), f"{ORG}/releases/", "project=-1&query=1.0&per_page=100"),
    (
        lambda c: c.releases(health=True, project_ids=("1", "2")),
        f"{ORG}/releases/",
        "project=1&project=2&health=1&adoptionStages=1&summaryStatsPeriod=24h&per_page=25",
    ),
    (lambda c: c.release("api@1.0+b"), f"{ORG}/releases/api%401.0%2Bb/", ""),
    (
        lambda c: c.release("1", project_id="7", health=True),
        f"{ORG}/releases/1/",
        "project=7&health=1&adoptionStages=1",
    ),
    (lambda c: c.deploys("a/b"), f"{ORG}/releases/a%2Fb/deploys/", "per_page=100"),
    (
        lambda c: c.sessions(fields=["sum(session)"], group_by=["project"], start=AT, end=AT, interval="1h"),
        f"{ORG}/sessions/",
        (
            "field=sum%28session%29&groupBy=project&start=2026-11-20T12%3A00%3A00Z&end=2026-11-20T12%3A00%3A00Z"
            "&interval=1h&includeSeries=0&project=-1"
        ),
    ),
    (
        lambda c: c.stats_v2(
            fields=["sum(quantity)"], group_by=["outcome"], stats_period="1d", interval="1h", categories=["error"]
        ),
        f"{ORG}/stats_v2/",
        "field=sum%28quantity%29&groupBy=outcome&statsPeriod=1d&interval=1h&category=error&project=-1",
    ),
]


@pytest.mark.parametrize(("call", "path", "query"), CALLS)
def test_each_method_asks_exactly_this(
    stage: Stage, call: Callable[[SentryClient], object], path: str, query: str
) -> None:
    call(stage.answer(ok()))
    (request,) = stage.seen
    assert request.method == "GET"
    assert request.url.raw_path.decode() == path + (f"?{query}" if query else "")


def test_every_public_method_that_asks_is_listed_here() -> None:
    stage = Stage()
    called: set[str] = set()

    class Recorder:
        def __getattr__(self, name: str) -> Callable[..., object]:
            called.add(name)
            return lambda *_, **__: None

    recorder: Any = Recorder()
    for call, _, _ in CALLS:
        call(recorder)
    public = {name for name in dir(stage.answer(ok())) if not name.startswith("_")}
    assert public - called == {"adopt_region", "close", "connection", "lane", "update_issue"}

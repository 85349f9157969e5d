"""Whatever is asked, there is an answer: nonsense is refused with a 4xx, never with an exception."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentry_sync.simulator import Simulator, WorldSize
from sentry_sync.simulator.api.routing import ROUTES
from sentry_sync.simulator.glitchtip.routes import ROUTES as GLITCHTIP_ROUTES
from sentry_sync.simulator.options import Profile
from tests.simulator.asking import ask, simulator

SIZE = WorldSize(projects=3, issues=12, events_per_day=12, releases=2, days=3)
NAMES = ("query", "sort", "limit", "per_page", "cursor", "start", "end", "statsPeriod", "project", "environment",
         "group", "groups", "id", "field", "dataset", "groupBy", "interval", "yAxis", "topEvents", "full", "health",
         "summaryStatsPeriod", "orderBy", "expand", "collapse", "groupStatsPeriod", "category", "sampling")  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(
        ["", "-1", "0", "1", "abc", "0:0:0", "1:2:3:4", "9999999999999:99999:1", "2026-11-19T00:00:00", "2026-11-20",
         "14d", "24h", "1h", "date", "freq", "count()", "p95(span.duration)", "spans", "errors", "project", "release",
         "issue.id", "timestamp", "sum(session)", "session.status", "level:error", "!has:user", "timesSeen:>x",
         "age:-9999999999d", "age:>yesterday", "release:latest", "is:[a,b]", "a:", '"', "()", "*", "ada@acme.example",
         "production", "crash_rate(user)", "count_unique(", "tags[region]", "-count()", "²", "cD1ub25zZW5zZQ==", "\u202e"]
    ),
    st.text(max_size=12),
)  # fmt: skip
QUERIES = st.dictionaries(st.sampled_from(NAMES), st.one_of(VALUES, st.lists(VALUES, max_size=3)), max_size=6)
WORDS = (
    "acme",
    "checkout-api",
    "6000000001",
    "6000000002",
    "latest",
    "oldest",
    "CHECKOUT-API-1",
    "level",
    "x",
    "é/ü",
    "0" * 32,
)


@pytest.fixture(scope="module")
def sims() -> dict[Profile, Simulator]:
    profiles: tuple[Profile, ...] = ("saas", "self-hosted", "glitchtip")
    return {profile: simulator(size=SIZE, profile=profile) for profile in profiles}


@settings(max_examples=600, deadline=None, derandomize=True, database=None)
@given(
    profile=st.sampled_from(["saas", "self-hosted", "glitchtip"]),
    route=st.sampled_from([*ROUTES, *GLITCHTIP_ROUTES]),
    words=st.lists(st.sampled_from(WORDS), min_size=5, max_size=5),
    query=QUERIES,
)
def test_no_request_breaks_it(
    sims: dict[Profile, Simulator], profile: Profile, route: Any, words: list[str], query: dict[str, Any]
) -> None:
    parts = ["acme" if part == "{org}" else part for part in route.path.split("/") if part]
    filled = [words.pop() if part.startswith("{") else part for part in parts]
    path = "/".join(filled) + ("/" if filled else "")
    body = {"status": "unresolved"} if route.method == "PUT" else None
    method = "GET" if route.method == "DELETE" else route.method
    answer = ask(sims[profile], path, query, method=method, body=body)
    broken = 500 if profile == "glitchtip" else 499  # the real GlitchTip answers some nonsense with its error page
    assert 200 <= answer.status <= broken

"""Which searches the store answers, and why not the others: decided without looking at a single row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sentry_sync.answers.searching import KEYS, NOT_ANSWERED, Answerable, Asked, Unanswerable, decide
from sentry_sync.records.search import Condition
from sentry_sync.records.search_grammar import parse

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def decided(query: str, **asked: Any) -> Answerable | Unanswerable:
    given = {"project_ids": {"api": "2"}, "issue_ids": {"API-1": "17"}, **asked}
    return decide(parse(query), Asked(NOW, **given))


def conditions(query: str, **asked: Any) -> list[Condition]:
    found = decided(query, **asked)
    assert isinstance(found, Answerable), found
    return [*found.conditions, *found.of_events]


def is_(field: str, *values: Any, negated: bool = False, operator: str = "=") -> Condition:
    return Condition(field, operator, values, negated)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("is:archived", [is_("status", "ignored")]),
        ("!is:resolved", [is_("status", "resolved", negated=True)]),
        ("is:regressed", [is_("substatus", "regressed"), is_("status", "unresolved")]),
        ("is:unassigned", [is_("assignee", None)]),
        ("is:assigned", [is_("assignee", None, negated=True)]),
        ("!is:assigned", [is_("assignee", None)]),
        ("assigned:[none,#web]", [is_("assignee", None, "web")]),
        ("level:err*", [is_("level", "err*", operator="like")]),
        ("timesSeen:>=10", [is_("times_seen", 10, operator=">=")]),
        ("timesSeen:[1,2]", [is_("times_seen", 1, 2)]),
        ("age:-24h", [is_("first_seen", NOW - 24 * HOUR, operator=">=")]),
        ("lastSeen:+2d", [is_("last_seen", NOW - 48 * HOUR, operator="<=")]),
        (
            "firstSeen:2026-11-01",
            [
                is_("first_seen", datetime(2026, 11, 1, tzinfo=UTC), operator=">="),
                is_("first_seen", datetime(2026, 11, 2, tzinfo=UTC), operator="<"),
            ],
        ),
        (
            "lastSeen:<2026-11-01T02:00:00+02:00",
            [is_("last_seen", datetime(2026, 11, 1, tzinfo=UTC), operator="<")],
        ),
        ("project:api", [is_("project", "2")]),
        ("!issue:API-1", [is_("issue", "17", negated=True)]),
        ('release:""', [is_("release", "")]),
        ("environment:[a,b]", [is_("environment", "a", "b")]),
    ],
)
def test_a_term_becomes_what_the_store_is_asked(query: str, expected: list[Condition]) -> None:
    assert conditions(query) == expected


@pytest.mark.parametrize(
    "query",
    [
        *(f"{key}:x" for key in NOT_ANSWERED),
        "customer:7",
        "is:for_review",
        "is:[unresolved,ignored]",
        "!is:new",
        "is:resolved is:ignored",
        "assigned:me",
        "assigned:ada@acme.example",
        "level:catastrophic",
        "issue.priority:h*",
        "issue.type:performance_n_plus_one_db_queries",
        "timesSeen:1k",
        "!timesSeen:>5",
        "!age:-24h",
        "age:>-24h",
        "lastSeen:2026-11-01T00:00:00",
        "lastSeen:>2026-13-01",
        "project:elsewhere",
        "issue:WEB-9",
        "firstRelease:1.*",
        "release:latest",
        "release:>1.0",
        "release:[1.*,2.0]",
        "platform.name:ü*",
        "größe",
        "0123456789abcdef0123456789abcdef",
        "one is:unresolved two",
    ],
)
def test_what_may_mean_something_else_here_is_left_to_sentry(query: str) -> None:
    assert isinstance(decided(query), Unanswerable)


def test_one_environment_needs_no_single_events_and_all_else_of_events_does() -> None:
    def needs(query: str, **asked: Any) -> bool:
        found = decided(query, **asked)
        assert isinstance(found, Answerable)
        return found.needs_events

    assert not needs("environment:production")
    assert not needs("", environment="production")
    assert needs("environment:staging", environment="production")
    assert needs("!environment:production")
    assert needs("timesSeen:>5", environment="production")
    assert needs("", environment="production", by_count=True)
    assert needs("release:1.0")
    assert not needs("timesSeen:>5")


def test_what_needs_single_events_is_answered_of_one_project() -> None:
    assert isinstance(decided("release:1.0", in_project=False), Unanswerable)
    assert isinstance(decided("environment:production", in_project=False), Answerable)


def test_an_issues_age_is_counted_in_the_environment_that_is_asked_for() -> None:
    assert isinstance(decided("age:-1d", environment="production"), Unanswerable)
    assert isinstance(decided("age:-1d environment:production"), Answerable)


def test_a_search_for_young_issues_needs_no_older_time_than_theirs() -> None:
    found = decided("age:-24h lastSeen:>2026-11-20T00:00:00 is:unresolved")
    assert isinstance(found, Answerable)
    assert found.since == NOW - 12 * HOUR
    assert decided("lastSeen:<2026-11-20").since is None  # type: ignore[union-attr]


def test_a_note_names_the_term_and_repeats_little_of_it() -> None:
    found = decided(f"{'k' * 300}:v")
    assert isinstance(found, Unanswerable)
    assert len(found.why) < 200
    assert isinstance(decided("!bookmarks:me"), Unanswerable)
    assert "!bookmarks:" in decided("!bookmarks:me").why  # type: ignore[union-attr]


def test_no_key_is_both_answered_and_not() -> None:
    assert not KEYS.keys() & NOT_ANSWERED.keys()
    assert all(key.about.endswith(".") for key in KEYS.values())

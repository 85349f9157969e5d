"""``issues_at`` over a small store whose past is known here."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sentry_sync.errors import QueryError
from sentry_sync.records.issue import IssueGone
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.store import Store
from sentry_sync.trends.running import run_query
from tests.support.clock import FakeClock
from tests.support.rows import NOW, issue, project

DAY = timedelta(days=1)
LOOKS = (NOW - 4 * DAY, NOW - 3 * DAY, NOW)
TITLE = "'; DROP TABLE issue_history; --"


def row(key: str, owner: str, at: datetime, **changes: Any) -> Any:
    given = {"first_seen": NOW - 9 * DAY, "last_seen": NOW - 5 * DAY, "title": TITLE, **changes}
    return issue(id=key, project_id=owner, short_id=f"S-{key}", verified_at=at, **given)


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> StorePaths:
    """Ten is resolved and reopened, eleven merged, twelve (of another project) assigned; thirteen came late."""
    first, second, last = LOOKS
    store = Store(tmp_path_factory.mktemp("past") / "store", FakeClock(NOW))
    store.prepare()
    with store.write() as uow:
        uow.upsert([project("1", "web", first), project("2", "api", first), project("3", "gone", first)])
        uow.upsert([row("10", "1", first), row("11", "1", first), row("12", "2", first), row("30", "3", first)])
        uow.upsert([row("10", "1", second, status="resolved", count=905), row("12", "2", second)])
        uow.upsert([IssueGone("11", second, "merged", "10")])
        uow.upsert([row("10", "1", last, count=990), row("12", "2", last, assigned_to="Ada", level="fatal")])
        uow.upsert([row("13", "2", last), row("14", "2", last, first_seen=NOW - DAY)])
        uow.upsert([project("1", "web", last), project("2", "api", last)])
        uow.remove_unseen_projects(last)
    store.close()
    return store.paths


def ask(paths: StorePaths, time: datetime, *columns: str, **parameters: object) -> list[tuple[Any, ...]]:
    found = run_query(paths, "issues_at", {"time": time, **parameters}, clock=FakeClock(NOW))
    chosen = [found.columns.index(name) for name in ("issue_id", "known", "certain", *columns)]
    return sorted(tuple(line[at] for at in chosen) for line in found.rows)


def test_at_a_look_each_issue_is_as_it_was_seen(past: StorePaths) -> None:
    assert ask(past, LOOKS[1], "project", "status", "count", "level", "assigned_to", "removed_as") == [
        ("10", True, True, "web", "resolved", 905, "error", None, None),
        ("12", True, True, "api", "unresolved", 900, "error", None, None),
        ("13", False, False, "api", None, None, None, None, None),
    ]


def test_between_looks_both_are_told(past: StorePaths) -> None:
    between = LOOKS[0] + DAY / 2
    assert ask(past, between, "status", "or_status", "count", "or_count", "uncertain", "removed_as") == [
        ("10", True, False, "unresolved", "resolved", 900, 905, "count, status", None),
        ("11", True, False, "unresolved", None, 900, None, "removed_as", "merged"),
        ("12", True, True, "unresolved", None, 900, None, None, None),
        ("13", False, False, None, None, None, None, None, None),
    ]


def test_after_the_last_look_nothing_is_certain(past: StorePaths) -> None:
    assert ask(past, NOW + DAY, "status", "assigned_to") == [
        ("10", True, False, "unresolved", None),
        ("12", True, False, "unresolved", "Ada"),
        ("13", True, False, "unresolved", None),
        ("14", True, False, "unresolved", None),
    ]


def test_before_the_first_look_issues_may_have_been_there_and_no_more_is_said(past: StorePaths) -> None:
    day_before = LOOKS[0] - DAY
    assert [line[:3] for line in ask(past, day_before)] == [
        (key, False, False) for key in ("10", "11", "12", "13")
    ]
    assert ask(past, NOW - 10 * DAY) == []


def test_a_project_and_a_status_narrow_it(past: StorePaths) -> None:
    assert [line[0] for line in ask(past, LOOKS[0], project="web")] == ["10", "11"]
    assert ask(past, LOOKS[0], project="web") == ask(past, LOOKS[0], project="1")
    assert [line[0] for line in ask(past, LOOKS[1], status="resolved", project="web")] == ["10"]
    assert [line[0] for line in ask(past, LOOKS[0] + DAY / 2, status="resolved", project="web")] == ["10"]
    assert ask(past, NOW, status="resolved", project="web") == []
    # What is not known may have had it.
    assert [line[0] for line in ask(past, LOOKS[1], status="resolved")] == ["10", "13"]
    with pytest.raises(QueryError, match="status must be one of unresolved, resolved, ignored"):
        ask(past, NOW, status="open")


def test_a_day_is_its_midnight(past: StorePaths) -> None:
    found = run_query(past, "issues_at", {"time": "2026-11-17", "project": "web"}, clock=FakeClock(NOW))
    midnight = ask(past, datetime(2026, 11, 17, tzinfo=NOW.tzinfo), project="web")
    assert sorted(line[0] for line in found.rows) == [line[0] for line in midnight]


def test_an_empty_store_has_no_past(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", FakeClock(NOW))
    store.prepare()
    store.close()
    assert ask(store.paths, NOW) == []

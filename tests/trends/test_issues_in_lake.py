"""Issues lie in the lake too, and are shown as they are now: still there or gone, changed since or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sentry_sync.records.issue import IssueGone
from sentry_sync.store.lake import Lake
from sentry_sync.store.store import Store
from sentry_sync.trends.session import DAMAGED, run_sql
from tests.support.clock import FakeClock
from tests.support.rows import NOW, issue, project

BEFORE = NOW - timedelta(days=2)
ASKED = {
    "issues": 'SELECT id, title, "count" FROM issues ORDER BY id',
    "removed_issues": "SELECT id, removed_as, merged_into FROM removed_issues ORDER BY id",
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "store", FakeClock(NOW))
    made.prepare()
    with made.write() as uow:
        uow.upsert([project("2", "api"), project("3", "web")])
        uow.upsert(issue(id=str(number), title="old", count=1, verified_at=BEFORE) for number in range(1, 6))
        uow.upsert([IssueGone("1", BEFORE + timedelta(hours=1), "deleted")])
    assert Lake(made, FakeClock(NOW)).publish().rows == 5
    yield made
    made.close()


def changed_since(store: Store) -> None:
    with store.write() as uow:
        uow.upsert([issue(id="2", title="new", count=7), issue(id="9", project_id="3", title="late", count=1)])
        uow.upsert([IssueGone("3", NOW, "merged", "2")])
        uow.upsert([issue(id="1", title="back", count=2)])


def asked(store: Store, name: str) -> list[tuple[object, ...]]:
    return run_sql(store.paths, ASKED[name]).rows


def test_what_is_gone_and_what_is_there_stay_apart(store: Store) -> None:
    assert asked(store, "issues") == [(key, "old", 1) for key in "2345"]
    assert asked(store, "removed_issues") == [("1", "deleted", None)]


def test_issues_that_changed_went_or_came_back_since_are_shown_as_they_are(store: Store) -> None:
    changed_since(store)

    assert asked(store, "issues") == [
        ("1", "back", 2),
        ("2", "new", 7),
        ("4", "old", 1),
        ("5", "old", 1),
        ("9", "late", 1),
    ]
    assert asked(store, "removed_issues") == [("3", "merged", "2")]


def test_both_can_be_asked_in_one_statement(store: Store) -> None:
    changed_since(store)

    found = run_sql(store.paths, "SELECT (SELECT count(*) FROM issues), (SELECT count(*) FROM removed_issues)")

    assert found.rows == [(5, 1)]


def test_an_assistant_that_may_see_one_project_sees_no_issue_of_another(store: Store) -> None:
    with store.write() as uow:
        uow.upsert([issue(id="8", project_id="3", verified_at=BEFORE)])
    assert Lake(store, FakeClock(NOW)).rebuild().rows == 6

    only = replace(store.paths, projects=("api",))

    assert [key for (key,) in run_sql(only, "SELECT id FROM issues ORDER BY id").rows] == ["2", "3", "4", "5"]


def test_the_part_is_written_anew_only_once_enough_of_it_changed(store: Store) -> None:
    changed_since(store)

    assert Lake(store, FakeClock(NOW)).publish().parts == 0
    assert Lake(store, FakeClock(NOW + timedelta(days=2))).publish().rows == 6
    assert len(list(store.paths.lake.glob("issues/*.parquet"))) == 2, (
        "a statement may still be reading the old one"
    )
    assert [row[0] for row in asked(store, "issues")] == ["1", "2", "4", "5", "9"]


def test_a_damaged_file_costs_time_and_no_issue_however_often_it_is_asked(store: Store) -> None:
    before = [asked(store, name) for name in ASKED]
    for file in store.paths.lake.glob("issues/*.parquet"):
        size = file.stat().st_size
        file.chmod(0o600)
        file.write_bytes(b"x" * size)

    for _ in range(2):
        found = [run_sql(store.paths, statement) for statement in ASKED.values()]
        assert [result.rows for result in found] == before
        assert all(DAMAGED in result.notes for result in found)

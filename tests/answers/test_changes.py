from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sentry_sync.answers.changes import Changes, Subject
from sentry_sync.records.release import Release
from tests.answers.desk import NOW, Asking
from tests.support.rows import issue, project

STATUS, ISSUE, BY_NAME, OTHER = (
    Subject("status"),
    Subject("issue", "17"),
    Subject("issue", "api-h"),
    Subject("issue", "18"),
)
RELEASE = Subject("release", "api@1")


FIRST = Release(
    version="api@1",
    short_version="1",
    status="open",
    ref=None,
    url=None,
    date_created=NOW,
    date_released=None,
    first_event=None,
    last_event=None,
    new_issues=3,
    commit_count=0,
    deploy_count=0,
    verified_at=NOW,
)


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[Asking]:
    asking = Asking(tmp_path)
    asking.fill([project("2", "api"), issue(), issue(id="18", short_id="API-I"), FIRST])
    yield asking
    asking.close()


@pytest.fixture
def changes(asking: Asking) -> Iterator[Changes]:
    changes = asking.offline.changes()
    for subject in (STATUS, ISSUE, BY_NAME, OTHER, RELEASE):
        changes.note(subject)
    yield changes
    changes.close()


EVERYTHING = (STATUS, ISSUE, BY_NAME, OTHER, RELEASE)


def test_nothing_changed_while_nobody_wrote(changes: Changes) -> None:
    assert changes.since_last(EVERYTHING) == set()
    assert changes.since_last(EVERYTHING) == set()


def test_an_issue_that_changed_is_told_by_each_of_its_names_and_no_other_issue(
    asking: Asking, changes: Changes
) -> None:
    asking.fill([replace(issue(), status="resolved", verified_at=NOW + timedelta(minutes=1))])
    assert changes.since_last(EVERYTHING) == {ISSUE, BY_NAME}
    assert changes.since_last(EVERYTHING) == set()


def test_an_issue_that_was_looked_at_and_found_the_same_did_not_change(asking: Asking, changes: Changes) -> None:
    changes.since_last(EVERYTHING)
    asking.fill([replace(issue(), verified_at=NOW + timedelta(minutes=1))])
    assert changes.since_last(EVERYTHING) == set()


def test_a_release_that_changed_is_told(asking: Asking, changes: Changes) -> None:
    asking.fill([replace(FIRST, verified_at=NOW + timedelta(minutes=1))])
    assert changes.since_last(EVERYTHING) == set()
    asking.fill([replace(FIRST, new_issues=4, verified_at=NOW + timedelta(minutes=2))])
    assert changes.since_last(EVERYTHING) == {RELEASE}


def test_what_comes_to_be_changed(asking: Asking, changes: Changes) -> None:
    coming = Subject("issue", "19")
    changes.note(coming)
    asking.fill([issue(id="19", short_id="API-J")])
    assert changes.since_last([coming]) == {coming}


def test_what_nobody_noted_begins_with_the_first_look(asking: Asking, changes: Changes) -> None:
    new = Subject("issue", "API-I")
    assert changes.since_last([new]) == set()
    asking.fill([issue(id="18", short_id="API-I", status="ignored", verified_at=NOW + timedelta(minutes=1))])
    assert changes.since_last([new]) == {new}


def test_a_sync_changes_the_status(asking: Asking, changes: Changes) -> None:
    asking.rig.sync("projects")
    assert STATUS in changes.since_last(EVERYTHING)


def test_a_database_in_the_place_of_another_is_looked_at_anew(asking: Asking) -> None:
    database = asking.rig.store.paths.database
    other = database.with_name("other.db")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("VACUUM INTO ?", (str(other),))
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("UPDATE issues SET status = 'ignored' WHERE id = '17'")
        connection.execute("PRAGMA journal_mode = WAL")
    asking.rig.store.close()
    with closing(asking.offline.changes()) as changes:
        changes.note(ISSUE)
        assert changes.since_last([ISSUE]) == set()
        for beside in database.parent.glob("store.db-*"):
            beside.unlink()
        other.replace(database)
        assert changes.since_last([ISSUE]) == {ISSUE}


def test_a_store_that_cannot_be_read_is_a_change_of_its_status_once(asking: Asking, changes: Changes) -> None:
    changes.since_last(EVERYTHING)
    asking.rig.store.close()
    asking.rig.store.paths.database.unlink()
    for beside in asking.rig.store.paths.database.parent.glob("store.db-*"):
        beside.unlink()
    asking.rig.store.paths.database.write_bytes(b"no database" * 400)
    assert changes.since_last([STATUS, ISSUE]) == {STATUS}
    assert changes.since_last([STATUS, ISSUE]) == set()

"""What becomes of what was held of an issue that is gone from the server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Connection, func, select

from sentry_sync.records.event import ErrorCount, Event, EventBody
from sentry_sync.records.intervals import Interval
from sentry_sync.records.issue import IssueEnvironment, IssueGone, IssueRaw
from sentry_sync.store import tables
from sentry_sync.store.reads.snapshot import empty
from sentry_sync.store.unit_of_work import UnitOfWork
from tests.support.rows import NOW, issue

MINUTE = timedelta(minutes=1)
OF_AN_ISSUE = {"events", "event_bodies", "issue_environments", "error_counts", "issue_raw"}


@pytest.fixture
def connection() -> Iterator[Connection]:
    connection = empty()
    yield connection
    connection.close()
    connection.engine.dispose()


def everything_of(issue_id: str) -> list[object]:
    event = Event("2", f"{int(issue_id):032x}", issue_id, NOW, "prod", "1", None, None, None, None, None, {})
    return [
        issue(id=issue_id),
        IssueRaw(issue_id, b"{}", NOW),
        IssueEnvironment(issue_id, "prod", "2", NOW, NOW),
        ErrorCount("2", issue_id, "prod", "1", NOW.replace(minute=0), 1, 1),
        event,
        EventBody("2", event.event_id, issue_id, NOW, {}, NOW),
    ]


def held_of(connection: Connection, issue_id: str) -> set[str]:
    """The tables that hold something of the issue, its own row aside."""
    counts = {
        name: select(func.count()).select_from(tables.metadata.tables[name])
        .where(tables.metadata.tables[name].c.issue_id == issue_id)
        for name in OF_AN_ISSUE
    }  # fmt: skip
    return {name for name, count in counts.items() if connection.execute(count).scalar()}


def removed_as(connection: Connection, issue_id: str) -> str | None:
    query = select(tables.issues.c.removed_as).where(tables.issues.c.id == issue_id)
    return connection.execute(query).scalar()


def test_a_deleted_issue_takes_with_it_what_sentry_no_longer_has(connection: Connection) -> None:
    uow = UnitOfWork(connection)
    uow.upsert([*everything_of("17"), *everything_of("18")])
    uow.upsert([IssueGone("17", NOW + MINUTE, "deleted")])
    assert held_of(connection, "17") == set()
    assert held_of(connection, "18") == OF_AN_ISSUE
    assert (removed_as(connection, "17"), removed_as(connection, "18")) == ("deleted", None)
    told = connection.execute(select(tables.issue_history.c.field, tables.issue_history.c.new)).all()
    assert told == [("removed_as", "deleted")]


def test_an_issue_that_went_with_its_project_leaves_its_events(connection: Connection) -> None:
    uow = UnitOfWork(connection)
    uow.upsert(everything_of("17"))
    uow.upsert([IssueGone("17", NOW + MINUTE, "project")])
    assert (removed_as(connection, "17"), held_of(connection, "17")) == ("project", OF_AN_ISSUE)


def test_an_issue_of_which_it_is_not_known_how_it_went_leaves_its_events_until_it_is(
    connection: Connection,
) -> None:
    uow = UnitOfWork(connection)
    uow.upsert(everything_of("17"))
    uow.upsert([IssueGone("17", NOW + MINUTE, "unknown")])
    assert (removed_as(connection, "17"), held_of(connection, "17")) == ("unknown", OF_AN_ISSUE)
    uow.upsert([IssueGone("17", NOW + 2 * MINUTE, "deleted")])
    assert (removed_as(connection, "17"), held_of(connection, "17")) == ("deleted", set())


def test_how_an_issue_went_is_not_forgotten_by_a_look_that_cannot_tell(connection: Connection) -> None:
    uow = UnitOfWork(connection)
    uow.upsert([*everything_of("17"), *everything_of("18")])
    uow.upsert([IssueGone("17", NOW + MINUTE, "merged", "18")])
    uow.upsert([IssueGone("17", NOW + 2 * MINUTE, "unknown")])
    row = connection.execute(select(tables.issues).where(tables.issues.c.id == "17")).one()
    assert (row.removed_as, row.merged_into) == ("merged", "18")
    told = connection.execute(select(tables.issue_history.c.new).order_by(tables.issue_history.c.id)).scalars()
    assert list(told) == ["merged"]


def test_the_word_of_an_older_look_drops_nothing(connection: Connection) -> None:
    uow = UnitOfWork(connection)
    uow.upsert(everything_of("17"))
    uow.upsert([IssueGone("17", NOW - MINUTE, "deleted")])
    assert (removed_as(connection, "17"), held_of(connection, "17")) == (None, OF_AN_ISSUE)


def test_what_was_dropped_of_an_issue_that_is_there_after_all_is_to_be_read_again(connection: Connection) -> None:
    uow, began = UnitOfWork(connection), NOW - 9 * MINUTE
    uow.upsert([issue(first_seen=began), issue(id="18", first_seen=began)])
    for resource in ("events", "error_counts", "issue_environments", "issues"):
        uow.cover(resource, "", Interval(NOW - 60 * MINUTE, NOW + 9 * MINUTE), source="explore")
    uow.upsert([IssueGone("17", NOW + MINUTE, "deleted"), IssueGone("18", NOW + MINUTE, "merged", "17")])
    uow.upsert([issue(id="18", first_seen=began, verified_at=NOW + 2 * MINUTE)])
    whole = (-60, 9)
    assert minutes_known(connection) == {resource: [whole] for resource in (*RESOURCES, "issues")}
    uow.upsert([issue(first_seen=began, verified_at=NOW + 3 * MINUTE)])
    around = [(-60, -9), (3, 9)]
    assert minutes_known(connection) == {**dict.fromkeys(RESOURCES, around), "issues": [whole]}


def test_a_deleted_issues_own_list_counts_as_never_read(connection: Connection) -> None:
    uow = UnitOfWork(connection)
    uow.upsert([issue(), issue(id="18")])
    for key in ("17", "18"):
        uow.cover("events", f"issue:{key}", Interval(NOW - MINUTE, NOW), source="issue_events")
        uow.mark("events", f"issue:{key}", NOW, NOW)
        uow.mark("event_bodies", key, NOW, NOW)
    uow.upsert([IssueGone("17", NOW + MINUTE, "deleted")])
    assert connection.execute(select(tables.coverage.c.scope)).scalars().all() == ["issue:18"]
    marks = connection.execute(select(tables.marks.c.stream, tables.marks.c.scope)).all()
    assert sorted(map(tuple, marks)) == [("event_bodies", "18"), ("events", "issue:18")]


def test_where_events_are_read_by_project_a_deleted_issues_time_is_read_again(connection: Connection) -> None:
    """A server that can't tell merged from deleted lists them under another issue."""
    uow, whole = UnitOfWork(connection), Interval(NOW - MINUTE, NOW + MINUTE)
    uow.upsert(everything_of("17"))
    for scope in ("", "project:2", "project:3"):
        uow.cover("events", scope, whole, source="project_events")
    uow.upsert([IssueGone("17", NOW + MINUTE, "deleted")])
    known = connection.execute(select(tables.coverage.c.scope, tables.coverage.c.start)).all()
    after = NOW + timedelta(seconds=1)  # the whole second of its only event
    assert sorted(map(tuple, known)) == [
        ("", whole.start),
        ("project:2", whole.start),
        ("project:2", after),
        ("project:3", whole.start),
    ]


RESOURCES = ("events", "error_counts", "issue_environments")


def minutes_known(connection: Connection) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for row in connection.execute(select(tables.coverage).order_by("resource", "start")):
        found.setdefault(row.resource, []).append(((row.start - NOW) / MINUTE, (row.end - NOW) / MINUTE))
    return found

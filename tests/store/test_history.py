"""What changed between two looks at an issue is kept, with the time in which it did; no more and no less."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from sentry_sync.records.event import ErrorCount
from sentry_sync.records.intervals import Interval
from sentry_sync.records.issue import IssueEnvironment, IssueGone
from sentry_sync.store import tables
from sentry_sync.store.reads import history
from sentry_sync.store.reads.snapshot import driver_of, empty
from sentry_sync.store.unit_of_work import UnitOfWork
from tests.support.rows import NOW, issue

MINUTE = timedelta(minutes=1)
_C = tables.error_counts.c
_HOURS = select(_C.issue_id, _C.environment, _C.count, _C.users)


@pytest.fixture
def connection() -> Iterator[Connection]:
    with opened() as connection:
        yield connection


@contextmanager
def opened() -> Iterator[Connection]:
    connection = empty()
    try:
        yield connection
    finally:
        connection.close()
        connection.engine.dispose()


def look(connection: Connection, minute: float, seen_by: str = "issues.hot", **changes: Any) -> None:
    UnitOfWork(connection).upsert([issue(verified_at=NOW + minute * MINUTE, **changes)], seen_by=seen_by)


def kept(connection: Connection) -> list[tuple[object, ...]]:
    """Field, from and to in minutes, old and new."""
    found = tables.issue_history.c
    rows = connection.execute(select(tables.issue_history).order_by(found.at, found.field, found.id)).all()
    return [(r.field, (r.after - NOW) / MINUTE, (r.at - NOW) / MINUTE, r.old, r.new) for r in rows]


def test_a_first_look_has_no_history(connection: Connection) -> None:
    look(connection, 0)
    look(connection, 1)
    assert kept(connection) == []


def test_each_field_that_changed_has_a_row_with_the_two_looks_between_which_it_did(connection: Connection) -> None:
    look(connection, 0)
    look(connection, 5)
    look(connection, 7, "issues.verify", status="resolved", substatus=None, priority="low", level="fatal")
    assert kept(connection) == [
        ("level", 5, 7, "error", "fatal"),
        ("priority", 5, 7, "high", "low"),
        ("status", 5, 7, "unresolved", "resolved"),
        ("substatus", 5, 7, "ongoing", None),
    ]
    assert connection.execute(select(tables.issue_history.c.seen_by).distinct()).scalars().all() == [
        "issues.verify"
    ]


def test_whom_an_issue_was_given_to_is_kept_by_id_and_name(connection: Connection) -> None:
    look(connection, 0)
    look(connection, 1, assigned_type="user", assigned_id="9001", assigned_to="Ada")
    look(connection, 2, assigned_type="user", assigned_id="9002", assigned_to="Ada")
    assert kept(connection) == [
        ("assigned_id", 0, 1, None, "9001"),
        ("assigned_to", 0, 1, None, "Ada"),
        ("assigned_type", 0, 1, None, "user"),
        ("assigned_id", 1, 2, "9001", "9002"),
    ]


def test_an_older_look_writes_nothing(connection: Connection) -> None:
    look(connection, 5)
    look(connection, 4, status="resolved", count=1)
    assert kept(connection) == []


def test_an_issue_twice_on_a_page_has_its_change_once(connection: Connection) -> None:
    look(connection, 0)
    twice = issue(verified_at=NOW + MINUTE, status="resolved")
    UnitOfWork(connection).upsert([twice, twice])
    assert kept(connection) == [("status", 0, 1, "unresolved", "resolved")]


def test_counts_have_one_row_a_day(connection: Connection) -> None:
    hour = 60
    for minute, count in ((0, 900), (1, 905), (2, 905), (3, 911), (12 * hour - 1, 920), (12 * hour, 921)):
        look(connection, minute, count=count)
    look(connection, 36 * hour + 5, count=921)
    look(connection, 36 * hour + 6, count=922)
    assert kept(connection) == [
        ("count", 0, 719, "900", "920"),
        ("count", 719, 720, "920", "921"),
        ("count", 2165, 2166, "921", "922"),
    ]


def test_being_gone_and_being_back_are_changes_too(connection: Connection) -> None:
    look(connection, 0)
    UnitOfWork(connection).upsert([IssueGone("17", NOW + MINUTE, "deleted")])
    look(connection, 0.5)
    assert connection.execute(select(tables.issues.c.removed_as)).scalar() == "deleted"
    look(connection, 2)
    assert kept(connection) == [("removed_as", 0, 1, None, "deleted"), ("removed_as", 1, 2, "deleted", None)]
    assert connection.execute(select(tables.issues.c.removed_at)).scalar() is None


def test_an_issue_seen_alive_since_is_not_gone(connection: Connection) -> None:
    look(connection, 5)
    UnitOfWork(connection).upsert([IssueGone("17", NOW + MINUTE, "deleted"), IssueGone("404", NOW, "deleted")])
    assert connection.execute(select(tables.issues.c.removed_at)).all() == [(None,)]
    assert kept(connection) == []


def test_text_that_is_no_sql_stays_text(connection: Connection) -> None:
    look(connection, 0)
    look(connection, 1, assigned_to="'); DROP TABLE issues; --\u2028\x00\"]")
    assert kept(connection) == [("assigned_to", 0, 1, None, "'); DROP TABLE issues; --\u2028\x00\"]")]


def test_at_a_look_the_issue_is_as_it_was_seen_and_in_between_one_or_the_other(connection: Connection) -> None:
    look(connection, 0)
    look(connection, 10, status="resolved")
    told = {}
    for minute in (0, 5, 10, 15):
        then = history.at(driver_of(connection), ["17"], NOW + minute * MINUTE)["17"]
        told[minute] = then.fields["status"]
    assert told == {
        0: history.Then("unresolved"),
        5: history.Then("unresolved", certain=False, or_else="resolved"),
        10: history.Then("resolved"),
        15: history.Then("resolved"),
    }


def test_before_the_first_look_nothing_is_known(connection: Connection) -> None:
    look(connection, 0)
    then = history.at(driver_of(connection), ["17", "18"], NOW - MINUTE)
    assert [(issue_id, one.fields, one.known_since) for issue_id, one in then.items()] == [("17", {}, NOW)]


def test_hours_and_environments_of_a_merged_issue_are_added_to_its_parents(connection: Connection) -> None:
    uow = UnitOfWork(connection)
    hour = NOW.replace(minute=0)
    pairs = [
        IssueEnvironment("17", "prod", "2", NOW - 9 * MINUTE, NOW - 5 * MINUTE),
        IssueEnvironment("18", "prod", "2", NOW - 20 * MINUTE, NOW - 8 * MINUTE),
        IssueEnvironment("18", "dev", "2", NOW, NOW),
    ]
    counts = [
        ErrorCount("2", "17", "prod", "1", hour, 3, 2),
        ErrorCount("2", "18", "prod", "1", hour, 4, 1),
        ErrorCount("2", "17", "dev", "1", hour, 1, 0),
        ErrorCount("2", "18", "dev", "1", hour, 2, 2),
        ErrorCount("2", "18", "", "1", hour, 5, 5),
    ]
    uow.upsert([issue(), issue(id="18"), *pairs, *counts])
    uow.upsert([IssueGone("18", NOW + MINUTE, "merged", "17")])
    hours = [tuple(row) for row in connection.execute(_HOURS)]
    assert {(issue, environment): figures for issue, environment, *figures in hours} == {
        ("17", "prod"): [7, None],
        ("17", "dev"): [3, 2],
        ("17", ""): [5, 5],
    }
    pairs_now = connection.execute(select(tables.issue_environments)).all()
    assert {(r.issue_id, r.environment): (r.first_seen, r.last_seen) for r in pairs_now} == {
        ("17", "prod"): (NOW - 20 * MINUTE, NOW - 5 * MINUTE),
        ("17", "dev"): (NOW, NOW),
    }


def test_a_parents_events_are_known_only_where_its_childs_are(connection: Connection) -> None:
    uow = UnitOfWork(connection)
    uow.upsert([issue(), issue(id="18")])
    for name, start, end in (("17", -60, 0), ("18", -30, -10)):
        uow.cover(
            "events", f"issue:{name}", Interval(NOW + start * MINUTE, NOW + end * MINUTE), source="issue_events"
        )
        uow.mark("events", f"issue:{name}", NOW, NOW)
    uow.upsert([IssueGone("18", NOW + MINUTE, "merged", "17")])
    found = connection.execute(select(tables.coverage)).all()
    assert [(r.scope, (r.start - NOW) / MINUTE, (r.end - NOW) / MINUTE) for r in found] == [("issue:17", -30, -10)]
    assert connection.execute(select(tables.marks)).all() == []


@dataclass(frozen=True)
class Look:
    """A look at the issue in the model: a removal where ``gone``."""

    at: datetime
    status: str
    assigned: str | None
    more: int
    gone: bool


LOOKS = st.lists(
    st.builds(
        Look,
        st.integers(0, 5 * 24).map(lambda hours: datetime(2026, 11, 18, tzinfo=UTC) + timedelta(hours=hours)),
        st.sampled_from(["unresolved", "resolved", "ignored"]),
        st.sampled_from([None, "Ada", "Grace"]),
        st.integers(0, 2),
        st.sampled_from([False, False, False, True]),
    ),
    min_size=1,
    max_size=12,
)


@given(LOOKS, st.integers(-2, 6 * 48))
def test_what_was_so_at_a_time_is_what_the_looks_around_it_saw(looks: list[Look], halves: int) -> None:
    moment = datetime(2026, 11, 18, tzinfo=UTC) + timedelta(minutes=30 * halves)
    seen: list[tuple[datetime, dict[str, str | None]]] = []
    with opened() as connection:
        for one in looks:
            state = _look_at(connection, one, seen[-1][1] if seen else None)
            if state and (not seen or one.at >= seen[-1][0]):
                seen.append((one.at, state))
        then = history.at(driver_of(connection), ["17"], moment).get("17")
    if not seen:
        assert then is None
        return
    assert then is not None
    before = [state for at, state in seen if at <= moment]
    after = [state for at, state in seen if at > moment]
    if not before:
        assert then.fields == {}
        return
    known_at = max(at for at, _ in seen if at <= moment)
    for name in ("status", "assigned_to", "removed_as"):
        told, old, new = then.fields[name], before[-1][name], (after or before[-1:])[0][name]
        assert told.value == old
        assert told.certain == (old == new or known_at == moment)
        if not told.certain:
            assert told.or_else == new
    told, count = then.fields["count"], int(before[-1]["count"] or 0)
    assert int(told.value or 0) <= count <= int((told.value if told.certain else told.or_else) or 0)


def _look_at(
    connection: Connection, one: Look, last: dict[str, str | None] | None
) -> dict[str, str | None] | None:
    """Let the store have a look; what the model then holds to be so."""
    uow = UnitOfWork(connection)
    if one.gone:
        uow.upsert([IssueGone("17", one.at, "deleted")])
        return {**last, "removed_as": "deleted"} if last else None
    count = int(last["count"] or 0) + one.more if last else 1
    uow.upsert([issue(verified_at=one.at, status=one.status, assigned_to=one.assigned, count=count)])
    return {"status": one.status, "assigned_to": one.assigned, "removed_as": None, "count": str(count)}

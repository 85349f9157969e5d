"""Events that are gone take their bodies along, and their issue's environments say what the others say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from sentry_sync.records.event import Event, EventBody, EventGone
from sentry_sync.records.intervals import Interval
from sentry_sync.records.issue import IssueEnvironment
from sentry_sync.store import tables
from sentry_sync.store.store import Store
from tests.support.clock import FakeClock
from tests.support.rows import NOW

KNOWN_SINCE = NOW - timedelta(days=14)
SEARCHED = Interval(NOW - timedelta(days=90), NOW)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def event(days: float) -> Event:
    key = f"{int(days * 24):032x}"
    return Event("2", key, "17", ago(days), "prod", None, None, None, None, None, None, {})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "store", FakeClock(NOW))
    store.prepare()
    with store.write() as uow:
        uow.cover("events", "", Interval(KNOWN_SINCE, NOW), source="explore")
        uow.cover("issue_environments", "", SEARCHED, source="explore")
    yield store
    store.close()


def rows(store: Store, table: Any) -> list[Any]:
    with closing(store.read()) as connection:
        return list(connection.execute(select(table)).all())


def lose(store: Store, *, first: float, held: tuple[float, ...], gone: tuple[float, ...]) -> tuple[Any, list[Any]]:
    """An issue seen first so many days ago loses some of the events held: what is said of it, and what is known."""
    with store.write() as uow:
        uow.upsert(event(days) for days in held)
        uow.upsert([IssueEnvironment("17", "prod", "2", ago(first), ago(min(held)))])
        uow.upsert([EventGone("2", event(days).event_id) for days in gone])
    pair = [(row.first_seen, row.last_seen) for row in rows(store, tables.issue_environments)]
    known = [
        Interval(row.start, row.end)
        for row in rows(store, tables.coverage)
        if row.resource == "issue_environments"
    ]
    return (pair[0] if pair else None), known


def test_an_environment_that_lost_its_last_events_was_last_seen_with_the_one_before(store: Store) -> None:
    assert lose(store, first=3, held=(3, 2, 1), gone=(1,)) == ((ago(3), ago(2)), [SEARCHED])


def test_an_environment_that_lost_its_first_events_was_first_seen_with_the_next(store: Store) -> None:
    assert lose(store, first=3, held=(3, 2, 1), gone=(3,)) == ((ago(2), ago(1)), [SEARCHED])


def test_an_environment_that_lost_events_between_stays_as_it_was(store: Store) -> None:
    assert lose(store, first=3, held=(3, 2, 1), gone=(2,)) == ((ago(3), ago(1)), [SEARCHED])


def test_an_environment_without_an_event_left_is_gone(store: Store) -> None:
    assert lose(store, first=2, held=(2, 1), gone=(2, 1)) == (None, [SEARCHED])


def test_an_environment_whose_other_events_are_older_than_those_held_is_asked_for_again(store: Store) -> None:
    pair, known = lose(store, first=40, held=(2, 1), gone=(2, 1))
    assert pair == (ago(40), ago(40))
    assert known == [Interval(SEARCHED.start, ago(40)), Interval(KNOWN_SINCE, NOW)]


def test_the_bodies_of_events_that_are_gone_go_and_no_others(store: Store) -> None:
    with store.write() as uow:
        uow.upsert(EventBody("2", event(days).event_id, "17", ago(days), {}, NOW) for days in (1, 2))
    lose(store, first=2, held=(2, 1), gone=(1,))
    assert [row.event_id for row in rows(store, tables.event_bodies)] == [event(2).event_id]

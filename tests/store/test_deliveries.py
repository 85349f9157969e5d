"""Webhooks in the store: taken once, pending until looked at, and not kept for ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from sentry_sync.records.delivery import Delivery, HintsSeen, Taken
from sentry_sync.records.intervals import Interval
from sentry_sync.store import tables
from sentry_sync.store.deliveries import REPEATED, WORTH
from sentry_sync.store.reads.hints import Hints, Hooks, hooks
from sentry_sync.store.store import Store
from sentry_sync.store.types import MICROSECOND
from tests.support.clock import FakeClock
from tests.support.rows import NOW

SECOND = timedelta(seconds=1)
ONE = Delivery("a" * 32, "d" * 64, "issue", "resolved", NOW, "7")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = Store(tmp_path / "store", FakeClock(NOW))
    found.prepare()
    yield found
    found.close()


def take(store: Store, *found: Delivery) -> list[Taken]:
    with store.write() as uow:
        return uow.deliveries.take(found)


def waiting(store: Store, after: timedelta = timedelta()) -> Interval | None:
    with closing(store.read()) as connection:
        return Hints(connection).waiting(NOW + after)


def hinted(store: Store, after: str | None = None, limit: int = 100) -> list[str]:
    with closing(store.read()) as connection:
        return list(Hints(connection).issues(after, limit))


def test_a_hint_waits_until_its_issue_was_looked_at_after_it_came(store: Store) -> None:
    assert take(store, ONE) == [Taken.ACCEPTED]
    assert waiting(store) == Interval(NOW, NOW + MICROSECOND)
    with store.write() as uow:
        uow.upsert([HintsSeen(("7",), NOW - MICROSECOND), HintsSeen(("8",), NOW)])
    assert hinted(store) == ["7"]
    with store.write() as uow:
        uow.upsert([HintsSeen(("7", "8"), NOW)])
    assert (hinted(store), waiting(store)) == ([], None)


def test_the_same_request_is_taken_once_even_within_one_transaction(store: Store) -> None:
    again = replace(ONE, digest="e" * 64, received_at=NOW + timedelta(hours=1))
    assert take(store, ONE, ONE, again) == [Taken.ACCEPTED, Taken.DUPLICATE, Taken.DUPLICATE]
    assert take(store, ONE) == [Taken.DUPLICATE]


def test_the_same_body_under_another_id_is_looked_into_a_minute_after_the_first(store: Store) -> None:
    take(store, ONE)
    with store.write() as uow:
        uow.upsert([HintsSeen(("7",), NOW)])
    again = replace(ONE, request_id="b" * 32, received_at=NOW + 10 * SECOND)
    assert take(store, again) == [Taken.REPEATED]
    assert waiting(store, REPEATED - SECOND) is None
    assert waiting(store, REPEATED) == Interval(NOW + 10 * SECOND, NOW + 10 * SECOND + MICROSECOND)


def test_the_same_body_much_later_is_a_webhook_like_any_other(store: Store) -> None:
    take(store, ONE)
    assert take(store, replace(ONE, request_id="b" * 32, received_at=NOW + REPEATED)) == [Taken.ACCEPTED]


def test_what_tells_of_no_issue_waits_for_nobody(store: Store) -> None:
    assert take(store, replace(ONE, issue_id=None)) == [Taken.IGNORED]
    assert (waiting(store), hinted(store)) == (None, [])


def test_issues_are_named_once_and_in_order(store: Store) -> None:
    take(store, *(replace(ONE, request_id=f"{n:032}", digest=str(n), issue_id=str(n % 3)) for n in range(9)))
    assert hinted(store) == ["0", "1", "2"]
    assert hinted(store, after="0", limit=1) == ["1"]


def test_events_are_wanted_of_the_newest_hints_until_they_were_seen(store: Store) -> None:
    found = [
        replace(
            ONE,
            request_id=f"{n:032}",
            digest=str(n),
            issue_id=str(n),
            event_wanted=n != 2,
            received_at=NOW + n * SECOND,
        )
        for n in range(4)
    ]
    take(store, *found)

    def wanted() -> list[str]:
        with closing(store.read()) as connection:
            return list(Hints(connection).with_events(NOW + SECOND, 5))

    assert wanted() == ["3", "1"]
    with store.write() as uow:
        uow.upsert([HintsSeen(("3",), NOW + 2 * SECOND, events=True)])
    assert wanted() == ["3", "1"], "an event that was looked at before the hint came may be an older one"
    with store.write() as uow:
        uow.upsert([HintsSeen(("3",), NOW + 3 * SECOND, events=True), HintsSeen(("1",), NOW + 3 * SECOND)])
    assert wanted() == ["1"]


def test_an_uninstalled_integration_is_known_until_one_comes_again(store: Store) -> None:
    def known() -> Hooks:
        with closing(store.read()) as connection, connection.begin():
            return hooks(connection)

    assert known() == Hooks(None, None)
    gone = Delivery("c" * 32, "3", "installation", "deleted", NOW + SECOND)
    take(store, ONE, gone)
    assert known() == Hooks(NOW + SECOND, NOW + SECOND)
    take(store, replace(gone, request_id="d" * 32, action="created", received_at=NOW + 2 * SECOND))
    assert known() == Hooks(NOW + 2 * SECOND, None)


def rows(store: Store) -> int:
    with closing(store.read()) as connection:
        return int(connection.execute(select(func.count()).select_from(tables.webhook_deliveries)).scalar_one())


def test_a_hint_of_yesterday_is_not_acted_on_and_the_webhook_is_still_known(store: Store) -> None:
    old = replace(ONE, event_wanted=True)
    take(store, old, replace(old, request_id="b" * 32, digest="2", issue_id="4", received_at=NOW + SECOND))
    with store.write() as uow:
        uow.deliveries.tidy(NOW + WORTH)
        assert uow.deliveries.take([old]) == [Taken.DUPLICATE]
    with closing(store.read()) as connection:
        assert list(Hints(connection).issues(None, 10)) == ["4"]
        assert list(Hints(connection).with_events(NOW, 10)) == ["4"]


def test_of_too_many_the_oldest_go(store: Store) -> None:
    take(
        store,
        *(replace(ONE, request_id=f"{n:032}", digest=str(n), received_at=NOW + n * SECOND) for n in range(5)),
    )
    with store.write() as uow:
        uow.deliveries.tidy(NOW, most=3)
    assert rows(store) == 3

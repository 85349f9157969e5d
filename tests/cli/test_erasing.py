"""An erasure that was cut short is finished by the daemon, unless somebody is at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sentry_sync.cli.erasing import LONGEST_REST, LOOK_SECONDS, Erasing
from sentry_sync.store.audit_trail import AuditTrail
from sentry_sync.store.privacy.erase import erase
from sentry_sync.store.privacy.vacuum import alone
from sentry_sync.store.store import Store
from tests.store.privacy import people
from tests.support.clock import FakeClock
from tests.support.rows import NOW


class Killed(BaseException):
    """The process died: nothing may catch it."""


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    """A store with an erasure that was cut short."""

    def die(said: str) -> None:
        if said.startswith("writing rows"):
            raise Killed

    with closing(people.filled(tmp_path, clock)) as store:
        with pytest.raises(Killed):
            erase(store, clock, [("email", people.EMAIL), ("ip", people.IP)], die)
        yield store


def test_it_is_finished_at_the_first_look_and_stands_in_the_audit_log(store: Store, clock: FakeClock) -> None:
    told = list[str]()
    with closing(store.another()) as another:
        erasing = Erasing(another, clock, told.append)
        erasing.look()
        assert people.found(store) == set()
        assert told[-1] == "an erasure that was begun is done"
        said = len(told)
        erasing.look()
        assert len(told) == said, "there is nothing left to do"
    (entry,) = AuditTrail(store.paths.audit, clock, store.paths.key).last(5)
    assert (entry["who"], entry["what"], entry["outcome"]) == ("the daemon", "erase", "ok")
    assert entry["rows"] > 0


def test_whoever_is_at_it_is_left_alone(store: Store, clock: FakeClock) -> None:
    told = list[str]()
    with closing(store.another()) as another:
        erasing = Erasing(another, clock, told.append)
        with alone(store, clock):
            erasing.look()
        assert told == []
        erasing.look()
    assert people.found(store) == set()


def test_one_that_cannot_be_finished_is_tried_ever_more_seldom(store: Store, clock: FakeClock) -> None:
    store.paths.erasing.write_text("[")
    told = list[str]()
    with closing(store.another()) as another:
        erasing = Erasing(another, clock, told.append)
        for _ in range(8):
            erasing.look()
            clock.advance(LOOK_SECONDS)
        assert len(told) == 4, "after 0, 1, 3 and 7 minutes"
        assert "delete it, and run `sentry-sync erase`" in told[0]
        store.paths.erasing.unlink()
        clock.advance(LONGEST_REST.total_seconds())
        erasing.look()
    assert people.found(store) == set()


def test_a_look_at_a_store_that_is_not_there_makes_none(tmp_path: Path, clock: FakeClock) -> None:
    with closing(Store(tmp_path / "none", clock)) as store:
        Erasing(store, clock, pytest.fail).look()
    assert not (tmp_path / "none").exists()

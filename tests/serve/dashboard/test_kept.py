"""What takes long is done once beside, and is never shown without its age."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

import pytest

from sentry_sync.errors import QueryError
from sentry_sync.serve.dashboard.kept import GOOD_FOR, LONGEST, MOST, WORKERS, Held, Kept

SOON = 20.0
"""Seconds: far longer than any of this takes."""


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept(clock: Clock) -> Iterator[Kept]:
    kept = Kept(clock)
    yield kept
    kept.close()


def test_whoever_does_not_wait_gets_nothing_until_it_is_there(kept: Kept) -> None:
    let_go = Event()
    assert kept.ask("a", lambda: let_go.wait(SOON)) is None
    assert kept.ask("a", lambda: False) is None
    let_go.set()
    assert kept.ask("a", lambda: False, SOON) == Held(True, 0.0)


def test_it_is_kept_and_its_age_counts_from_when_it_was_begun(kept: Kept, clock: Clock) -> None:
    kept.ask("a", lambda: "first", SOON)
    clock.now += GOOD_FOR - 1
    assert kept.ask("a", lambda: "second", SOON) == Held("first", GOOD_FOR - 1)
    assert kept.ask("b", lambda: "another", SOON) == Held("another", 0.0)


def test_what_grew_old_is_given_while_the_next_is_worked_out(kept: Kept, clock: Clock) -> None:
    kept.ask("a", lambda: "first", SOON)
    clock.now += GOOD_FOR
    let_go = Event()

    def second() -> str:
        let_go.wait(SOON)
        return "second"

    assert kept.ask("a", second) == Held("first", GOOD_FOR, renewing=True)
    let_go.set()
    assert kept.ask("a", second, SOON) == Held("second", 0.0)


def test_what_went_wrong_is_raised_and_tried_again_later(kept: Kept, clock: Clock) -> None:
    def fails() -> str:
        raise QueryError("no such table")

    for _ in range(2):
        with pytest.raises(QueryError, match="no such table"):
            kept.ask("a", fails, SOON)
    clock.now += GOOD_FOR
    let_go = Event()
    assert kept.ask("a", lambda: let_go.wait(SOON)) is None
    let_go.set()
    assert kept.ask("a", lambda: False, SOON) == Held(True, 0.0)


def test_one_of_long_ago_is_not_given_at_all(kept: Kept, clock: Clock) -> None:
    kept.ask("a", lambda: "yesterday", SOON)
    clock.now += LONGEST + 1
    let_go = Event()
    assert kept.ask("a", lambda: let_go.wait(SOON)) is None
    let_go.set()
    assert kept.ask("a", lambda: False, SOON) == Held(True, 0.0)


def test_a_page_that_is_asked_for_while_all_ends_has_nothing_yet(kept: Kept) -> None:
    let_go = Event()
    for number in range(WORKERS + 1):
        kept.ask(number, lambda: let_go.wait(SOON))
    kept.close()
    let_go.set()
    assert kept.ask(WORKERS, lambda: True) is None
    assert kept.ask("another", lambda: True, SOON) is None


def test_only_the_last_ones_wanted_are_kept(kept: Kept) -> None:
    kept.ask("first", lambda: 1, SOON)
    for number in range(MOST):
        kept.ask(number, lambda: 1, SOON)
    assert kept.ask("first", lambda: 2, SOON) == Held(2, 0.0)
    assert kept.ask(MOST - 1, lambda: 2, SOON) == Held(1, 0.0)

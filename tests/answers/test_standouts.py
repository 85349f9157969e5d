"""Which tags stand out, and when there is too little to tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sentry_sync.answers import standouts as room
from sentry_sync.answers.standouts import LEAST_AROUND, LEAST_OWN, Standout, Tally

CHROME, FIREFOX = {"browser": "Chrome", "os": "Windows"}, {"browser": "Firefox", "os": "Windows"}


def standouts(
    own: Sequence[Mapping[str, str]], around: Sequence[Mapping[str, str]], most: int
) -> list[Standout] | None:
    return room.standouts(Tally.of(own), Tally.of(around), most)


def test_a_tally_without_some_of_its_events_is_that_of_the_others() -> None:
    left = Tally.of([CHROME, CHROME, FIREFOX]).without(Tally.of([CHROME, FIREFOX]))
    assert (left.events, +left.counts) == (1, Tally.of([CHROME]).counts)


def test_a_value_much_commoner_here_stands_out_with_both_shares() -> None:
    (found,) = standouts([CHROME] * 9 + [FIREFOX], [CHROME] * 30 + [FIREFOX] * 70, 5) or []
    assert (found.tag, found.value, found.events, found.share, found.elsewhere) == (
        "browser",
        "Chrome",
        9,
        0.9,
        0.3,
    )


def test_what_is_everywhere_or_only_a_little_commoner_does_not() -> None:
    assert standouts([CHROME] * 60 + [FIREFOX] * 40, [CHROME] * 45 + [FIREFOX] * 55, 5) == []


def test_a_large_difference_of_few_events_proves_nothing() -> None:
    few = [CHROME] * 3 + [FIREFOX] * 2
    assert standouts(few, [CHROME] * 8 + [FIREFOX] * 12, 5) == []


def test_too_few_events_on_either_side_are_no_answer() -> None:
    assert standouts([CHROME] * (LEAST_OWN - 1), [FIREFOX] * 500, 5) is None
    assert standouts([CHROME] * 500, [FIREFOX] * (LEAST_AROUND - 1), 5) is None
    assert standouts([CHROME] * LEAST_OWN, [FIREFOX] * LEAST_AROUND, 5)


def test_the_largest_differences_come_first_and_ties_by_name() -> None:
    own = [{"a": "1", "b": "1", "c": "1"}] * 20
    around = [{"a": "2", "b": "2", "c": "1"}] * 30 + [{"a": "2", "b": "2", "c": "2"}] * 30
    found = standouts(own, around, 2) or []
    assert [(one.tag, one.elsewhere) for one in found] == [("a", 0.0), ("b", 0.0)]

"""The week to come."""

from __future__ import annotations

import random

import pytest

from sentry_sync.trends.verdicts.forecast import FEWEST, forecast, naive


def rhythm(days: int, working: float, weekend: float, first: int = 0) -> list[float]:
    return [weekend if (first + at) % 7 >= 5 else working for at in range(days)]


@pytest.mark.parametrize("first", [0, 3, 6])
def test_a_steady_rhythm_goes_on(first: int) -> None:
    found = forecast(rhythm(28, 400, 100, first), first)
    wanted = rhythm(35, 400, 100, first)[28:]
    assert [round(one.value) for one in found] == pytest.approx(wanted, abs=1)
    assert all(one.low < one.value < one.high for one in found)


def test_two_weeks_tell_working_days_from_weekends() -> None:
    assert [round(one.value) for one in forecast(rhythm(FEWEST, 400, 100), 0)][-2:] == pytest.approx(
        [100, 100], abs=1
    )
    assert forecast(rhythm(FEWEST - 1, 400, 100), 0) == []


def test_what_lies_further_ahead_is_less_certain() -> None:
    draw = random.Random(2)
    level, counts = 400.0, []
    for _ in range(40):
        level *= draw.uniform(0.8, 1.25)
        counts.append(level)
    found = forecast(counts, 0)
    assert found[-1].high - found[-1].low > found[0].high - found[0].low


def test_even_the_steadiest_counts_have_the_spread_of_chance() -> None:
    (one, *_) = forecast([100.0] * 28, 0)
    assert one.high - one.low == pytest.approx(2 * 1.2816 * 10, rel=0.05)


def test_a_level_that_moved_is_followed() -> None:
    assert forecast([100.0] * 20 + [300.0] * 15, 0)[0].value > 250


def test_nothing_stays_nothing_and_is_never_less() -> None:
    assert all(one.low == 0 <= one.value < 1 for one in forecast([0.0] * 28, 0))


def test_four_days_of_five_lie_within() -> None:
    draw = random.Random(5)
    inside = []
    for _ in range(60):
        counts = [draw.gauss(mean, mean**0.5 * 1.5) for mean in rhythm(35, 300, 120)]
        expected = forecast(counts[:28], 0)
        inside += [one.low <= seen <= one.high for one, seen in zip(expected, counts[28:], strict=True)]
    assert sum(inside) / len(inside) == pytest.approx(0.8, abs=0.06)


def test_the_naive_one_repeats_the_last_week() -> None:
    assert naive([0.0] * 7 + [1, 2, 3, 4, 5, 6, 7]) == [1, 2, 3, 4, 5, 6, 7]

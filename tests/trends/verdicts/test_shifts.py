"""Shifts of hourly latencies, judged by ranks."""

from __future__ import annotations

import math
import random

import pytest

from sentry_sync.trends.verdicts.shifts import FEWEST, MOST, shift


def test_six_hours_that_are_all_slower_have_the_smallest_p_there_is() -> None:
    found = shift([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], alpha=0.05)
    assert found is not None
    assert found.p == pytest.approx(2 / 64)
    assert [found.low, found.high] == pytest.approx([math.exp(0.1), math.exp(0.6)])
    assert found.ratio == pytest.approx(math.exp(0.35))
    assert shift([0.1] * (FEWEST - 1)) is None


def test_darwins_maize_has_its_published_p_and_shift() -> None:
    """Fisher, The Design of Experiments (1935); the signed-rank p-value is that of Hollander and Wolfe's example."""
    eighths = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
    found = shift([value / 100 for value in eighths], alpha=0.05)
    assert found is not None
    assert found.p == pytest.approx(0.04126, abs=1e-4)
    assert math.log(found.ratio) == pytest.approx(0.245, abs=0.011)


def test_the_other_way_round_the_shift_is_turned_over() -> None:
    logs = [0.3, -0.1, 0.25, 0.4, 0.02, -0.05, 0.31]
    there, back = shift(logs), shift([-value for value in logs])
    assert there is not None
    assert back is not None
    assert there.ratio * back.ratio == pytest.approx(1)
    assert there.p == pytest.approx(back.p)


def test_one_odd_hour_moves_nothing() -> None:
    calm = [0.01 * (-1) ** at for at in range(20)]
    found = shift([*calm, math.log(100)])
    assert found is not None
    assert found.ratio == pytest.approx(1, abs=0.02)
    assert found.p > 0.1


def test_no_shift_is_not_taken_for_one_more_often_than_said() -> None:
    draw = random.Random(1)
    judged = [shift([draw.gauss(0, 0.2) for _ in range(12)], alpha=0.05) for _ in range(400)]
    assert sum(found is not None and found.p < 0.05 for found in judged) < 0.075 * len(judged)
    assert sum(found is not None and found.low <= 1 <= found.high for found in judged) > 0.93 * len(judged)


def test_hours_without_any_difference_are_no_shift() -> None:
    found = shift([0.0] * 10)
    assert found is not None
    assert (found.ratio, found.p) == (1.0, 1.0)


def test_only_the_newest_hours_are_looked_at() -> None:
    found = shift([5.0] * 30 + [0.1] * MOST)
    assert found is not None
    assert [found.hours, found.ratio] == pytest.approx([MOST, math.exp(0.1)])

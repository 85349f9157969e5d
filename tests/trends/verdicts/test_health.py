"""The score and its parts, and the error budget."""

from __future__ import annotations

import pytest

from sentry_sync.trends.verdicts import health
from sentry_sync.trends.verdicts.health import Part, budget, score, word
from sentry_sync.trends.verdicts.proportions import Share


@pytest.mark.parametrize(
    ("seen", "usual", "value"), [(100, 100, 100), (10, 100, 100), (310, 100, 0), (9, 3, 49.1)]
)
def test_errors_count_from_the_usual_to_three_times_it(seen: float, usual: float, value: float) -> None:
    assert health.errors_part(seen, usual).score == pytest.approx(value, abs=0.1)


@pytest.mark.parametrize(("crashed", "value"), [(0, 100), (25, 100), (50, 66.7), (100, 0), (400, 0)])
def test_crashes_count_from_half_of_what_is_allowed_to_twice_it(crashed: float, value: float) -> None:
    assert health.crash_free_part(Share(crashed, 10_000), 0.995).score == pytest.approx(value, abs=0.1)


def test_the_other_parts() -> None:
    assert health.latency_part(Share(75, 100)).score == 75
    assert [health.alerting_part(count).score for count in (0, 3, 6)] == [100, 50, 25]
    assert health.backlog_part(30, 0).score == health.backlog_part(30, -5).score == 100
    assert health.backlog_part(30, 10).score == 0
    assert health.backlog_part(25, 5).score == 50
    assert health.backlog_part(0, 0).score == 100


def test_what_is_not_known_is_left_out_with_its_weight() -> None:
    nothing = [
        health.errors_part(5, None),
        health.crash_free_part(Share(0, 0), 0.995),
        health.latency_part(Share(0, 0)),
        health.alerting_part(None),
        health.backlog_part(None, 0),
    ]
    assert [part.score for part in nothing] == [None] * 5
    assert score(nothing) is None
    assert score([Part("a", 80, 0.3), Part("b", 40, 0.3), Part("c", None, 0.4)]) == 60
    assert score([Part("a", 80, 0.3), Part("c", None, 0.7)]) is None
    assert sum(health.WEIGHTS.values()) == pytest.approx(1)


def test_the_score_in_a_word() -> None:
    assert [word(value) for value in (None, 80, 60, 59.9)] == ["unknown", "good", "fair", "poor"]


def test_a_budget_burns_at_1_when_it_is_spent_just_in_its_window() -> None:
    even = budget([Share(5, 1000)] * 28, 0.995)
    assert even is not None
    assert [even.used, even.burn, even.burn_week] == pytest.approx([1, 1, 1])
    faster = budget([Share(1, 1000)] * 21 + [Share(10, 1000)] * 6 + [Share(20, 1000)], 0.995)
    assert faster is not None
    assert faster.used == pytest.approx(101 / 140)
    assert [faster.burn, faster.burn_week] == pytest.approx([4, 80 / 35])
    assert faster.days_left == pytest.approx(28 * (1 - 101 / 140) / (80 / 35))


def test_a_spent_budget_has_no_days_left_and_an_untouched_one_no_end() -> None:
    spent, untouched = budget([Share(9, 1000)], 0.995), budget([Share(0, 1000)], 0.995)
    assert spent is not None
    assert untouched is not None
    assert (spent.days_left, untouched.days_left, untouched.used) == (0.0, None, 0.0)
    assert budget([], 0.995) is None

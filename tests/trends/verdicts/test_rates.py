"""Two Poisson rates: published examples, and what must hold of any."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_sync.trends.verdicts.rates import (
    NOTHING,
    Counted,
    dispersion,
    exposure_needed,
    incomplete_beta,
    mid_upper,
    rate_ratio,
    total,
)

counts = st.integers(0, 400)
exposures = st.floats(1, 1e6)


def test_rothmans_breast_cancer_rates_have_their_published_ratio_and_mid_p() -> None:
    found = rate_ratio(Counted(41, 28_010), Counted(15, 19_017), alpha=0.05)
    assert found.value == pytest.approx(1.855759)
    assert found.p == pytest.approx(0.03545742)
    assert [found.low, found.high] == pytest.approx([1.0411, 3.4494], abs=1e-3)


@pytest.mark.parametrize(("count", "of", "share"), [(0, 9, 0.3), (4, 9, 0.3), (9, 9, 0.3), (40, 100, 0.5)])
def test_the_tail_is_the_binomials_own(count: int, of: int, share: float) -> None:
    each = [math.comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(of + 1)]
    assert mid_upper(count, of, share) == pytest.approx(sum(each[count + 1 :]) + each[count] / 2)


@pytest.mark.parametrize(("a", "b", "x", "value"), [(2, 3, 0.5, 0.6875), (1, 1, 0.3, 0.3), (0.5, 0.5, 0.5, 0.5)])
def test_the_incomplete_beta_function_has_its_known_values(a: float, b: float, x: float, value: float) -> None:
    assert incomplete_beta(a, b, x) == pytest.approx(value)


@given(counts, exposures, counts, exposures)
def test_changing_sides_turns_the_ratio_over(a: int, m: float, b: int, n: float) -> None:
    one, other = rate_ratio(Counted(a, m), Counted(b, n)), rate_ratio(Counted(b, n), Counted(a, m))
    assert one.p == pytest.approx(other.p, abs=1e-9)
    if a and b:
        assert one.low * other.high == pytest.approx(1, rel=1e-6)


@given(counts, exposures, counts, exposures)
def test_the_interval_holds_the_ratio_and_leaves_out_1_just_when_the_test_rejects(
    a: int, m: float, b: int, n: float
) -> None:
    found = rate_ratio(Counted(a, m), Counted(b, n))
    if found.value is not None:
        assert found.low <= found.value * (1 + 1e-6)
        assert found.value <= found.high * (1 + 1e-6)
        if abs(found.p - 0.01) > 1e-6:
            assert (found.low > 1 or found.high < 1) == (found.p < 0.01)


@pytest.mark.parametrize(
    "pair", [(NOTHING, Counted(5, 10)), (Counted(5, 10), NOTHING), (Counted(0, 9), Counted(0, 9))]
)
def test_of_nothing_nothing_is_known(pair: tuple[Counted, Counted]) -> None:
    found = rate_ratio(*pair)
    assert (found.value, found.low, found.high, found.p) == (None, 0.0, math.inf, 1.0)


@given(st.integers(1, 60), st.floats(2, 9))
def test_dispersed_counts_say_less(count: int, noise: float) -> None:
    plain = rate_ratio(Counted(3 * count, 10), Counted(count, 10))
    noisy = rate_ratio(Counted(3 * count, 10), Counted(count, 10), dispersion=noise)
    assert noisy.p >= plain.p
    assert noisy.low <= plain.low
    assert noisy.value == plain.value


def test_dispersion_is_pearsons_statistic_once_there_are_many_days() -> None:
    steady = [Counted(100 + (10 if day % 2 else -10), 50) for day in range(200)]
    wild = [Counted(100 + (50 if day % 2 else -50), 50) for day in range(200)]
    assert dispersion([steady], 3.0) == pytest.approx(1.0, abs=0.1)
    assert dispersion([wild], 3.0) == pytest.approx(25, rel=0.05)
    assert dispersion([steady, wild], 3.0) == pytest.approx(13, rel=0.1)


def test_without_days_to_compare_dispersion_is_the_usual_one() -> None:
    assert dispersion([], 3.0) == 3.0
    assert dispersion([[Counted(900, 1)], [Counted(0, 5), Counted(0, 5)]], 3.0) == 3.0


def test_strata_of_different_rates_are_no_dispersion() -> None:
    assert dispersion([[Counted(10, 10)] * 50, [Counted(1000, 10)] * 50], 3.0) < 1.2


def test_the_exposure_needed_shows_a_doubling_and_half_of_it_does_not() -> None:
    needed = exposure_needed(0.01, 2.0)
    baseline = Counted(10_000, 1_000_000)
    assert rate_ratio(Counted(0.02 * needed, needed), baseline).p < 0.01
    assert rate_ratio(Counted(0.02 * needed / 3, needed / 3), baseline).p > 0.01
    assert exposure_needed(0.01, 2.0, dispersion=4) == pytest.approx(4 * needed)


def test_counts_add_up() -> None:
    assert total([Counted(1, 2), Counted(3, 4)]) == Counted(4, 6)
    assert NOTHING.rate is None

"""Shares and their differences: the published examples, and what must hold of any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_sync.trends.verdicts.proportions import Share, difference, needed_for_drop, wilson

shares = st.integers(1, 5000).flatmap(lambda of: st.builds(Share, st.integers(0, of), st.just(of)))


def test_newcombes_own_examples() -> None:
    """Table II of the paper, method 10: (a) 56/70 - 48/80 and (g) 0/10 - 0/20."""
    found = difference(Share(56, 70), Share(48, 80), alpha=0.05)
    assert [found.value, found.low, found.high] == pytest.approx([0.2, 0.0524, 0.3339], abs=5e-5)
    nothing = difference(Share(0, 10), Share(0, 20), alpha=0.05)
    assert [nothing.low, nothing.high] == pytest.approx([-0.1611, 0.2775], abs=5e-5)


def test_wilsons_interval_as_newcombe_prints_it() -> None:
    assert list(wilson(Share(81, 263), alpha=0.05)) == pytest.approx([0.2553, 0.3662], abs=5e-5)


@given(shares, shares)
def test_changing_sides_changes_the_sign(one: Share, other: Share) -> None:
    there, back = difference(one, other), difference(other, one)
    assert there.p == pytest.approx(back.p)
    assert there.low == pytest.approx(-back.high)
    assert there.value is not None
    assert -1 - 1e-9 <= there.low <= there.value + 1e-12 <= there.high + 2e-12 <= 1 + 1e-9


@given(shares, st.floats(1, 20))
def test_a_thinned_share_is_the_same_and_less_certain(share: Share, noise: float) -> None:
    thin = share.thinned(noise)
    assert thin.value == pytest.approx(share.value)
    assert wilson(thin)[1] - wilson(thin)[0] >= wilson(share)[1] - wilson(share)[0] - 1e-12


def test_of_nothing_nothing_is_known() -> None:
    found = difference(Share(0, 0), Share(1, 5))
    assert (found.value, found.low, found.high, found.p) == (None, -1.0, 1.0, 1.0)
    assert wilson(Share(0, 0)) == (0.0, 1.0)
    assert difference(Share(0, 5), Share(0, 9)).p == 1.0


def test_so_many_show_the_drop_and_a_third_of_them_does_not() -> None:
    needed = needed_for_drop(0.005, 0.01)
    baseline = Share(5_000, 1_000_000)
    assert difference(Share(0.015 * needed, needed), baseline).p < 0.01
    assert difference(Share(0.015 * needed / 3, needed / 3), baseline).p > 0.01

"""Many p-values at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_sync.trends.verdicts.multiplicity import benjamini_hochberg, holm


def test_the_text_books_four() -> None:
    given = [0.01, 0.04, 0.03, 0.005]
    assert holm(given) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert benjamini_hochberg(given) == pytest.approx([0.02, 0.04, 0.04, 0.02])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_nothing_becomes_surer_and_the_order_stays(p_values: list[float]) -> None:
    for adjust in (holm, benjamini_hochberg):
        adjusted = adjust(p_values)
        assert all(p <= q + 1e-12 <= 1 + 2e-12 for p, q in zip(p_values, adjusted, strict=True))
        pairs = sorted(zip(p_values, adjusted, strict=True))
        assert [q for _, q in pairs] == sorted(q for _, q in pairs)
    assert all(q <= p + 1e-12 for q, p in zip(benjamini_hochberg(p_values), holm(p_values), strict=True))


def test_one_or_none_stays_as_it_is() -> None:
    assert holm([0.3]) == benjamini_hochberg([0.3]) == [0.3]
    assert holm([]) == benjamini_hochberg([]) == []

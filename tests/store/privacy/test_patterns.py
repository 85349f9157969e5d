from __future__ import annotations

import pytest

from sentry_sync.store.privacy.patterns import compiled, filtered
from sentry_sync.store.privacy.texts import FILTERED


def test_a_word_that_matches_goes_and_the_others_stay() -> None:
    clean = filtered([r"cust-\d+"])
    assert clean is not None
    assert clean("order of cust-17 failed") == f"order of {FILTERED} failed"
    assert clean("order failed") == "order failed"


def test_a_match_over_several_words_takes_the_whole_text() -> None:
    clean = filtered([r"order \d+"])
    assert clean is not None
    assert clean("see order 17, please") == FILTERED


@pytest.mark.parametrize("pattern", ["(a", "", "a*", "(?=a)b", r"(a)\1", "x" * 501])
def test_what_is_no_pattern_or_takes_everything_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"pattern|expression"):
        compiled(pattern)


def test_a_pattern_that_takes_a_lifetime_elsewhere_takes_none_here() -> None:
    clean = filtered(["(a+)+b"])
    assert clean is not None
    assert clean("a" * 50_000) == "a" * 50_000

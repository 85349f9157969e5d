"""How alike issues are by their titles and culprits."""

from __future__ import annotations

import pytest

from sentry_sync.answers.similarity import ALIKE, most_alike, similarity
from tests.support.rows import issue


def test_the_same_words_are_alike_whatever_their_numbers() -> None:
    one = issue(title="KeyError: order 4711 not found", culprit="shop.views in pay")
    other = issue(title="KeyError: order 9 not found", culprit="shop.views in pay")
    assert similarity(one, other) == 1.0


def test_the_culprit_counts_as_much_as_the_title() -> None:
    one = issue(title="Timeout in pay", culprit="shop.views")
    assert similarity(one, issue(title="Timeout in pay", culprit="mail.queue")) == 0.5
    assert similarity(one, issue(title="Refused by bank", culprit="shop.views")) == 0.5


@pytest.mark.parametrize("culprit", [None, ""])
def test_without_a_culprit_the_title_decides(culprit: str | None) -> None:
    assert similarity(issue(title="a timeout", culprit=culprit), issue(title="a timeout")) == 1.0


def test_titles_without_words_are_alike_only_if_they_are_equal() -> None:
    assert similarity(issue(title="42", culprit=None), issue(title="43", culprit=None)) == 0.0
    assert similarity(issue(title="42", culprit=None), issue(title="42", culprit=None)) == 1.0


def test_the_most_alike_come_first_and_strangers_not_at_all() -> None:
    own = issue(title="cannot charge card", culprit=None)
    others = [
        issue(id="1", title="cannot charge bank account", culprit=None),
        issue(id="2", title="cannot charge card", culprit=None),
        issue(id="3", title="disk full", culprit=None),
        issue(id="4", title="cannot charge card today", culprit=None),
    ]
    found = most_alike(own, others, 2)
    assert [one.issue.id for one in found] == ["2", "4"]
    assert all(one.similarity >= ALIKE for one in most_alike(own, others, 9))
    assert "3" not in [one.issue.id for one in most_alike(own, others, 9)]

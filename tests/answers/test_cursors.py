"""Cursors: they go on with their own question, and with no other."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass, replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_sync.answers.cursors import Position, decode, encode
from sentry_sync.errors import QuestionError


@dataclass(frozen=True)
class Asked:
    project: str
    sort: str = "date"
    cursor: str | None = None
    response_format: str = "concise"


ASKED = Asked("api")
VALUES = st.one_of(st.text(), st.integers(-(2**53), 2**53), st.none())


@given(st.lists(VALUES, max_size=4), st.none() | st.text(), st.integers(0, 1000))
def test_a_cursor_gives_back_where_it_was_made(after: list[str | int | None], live: str | None, skip: int) -> None:
    position = Position(tuple(after), live, skip)
    assert decode(encode(ASKED, position), ASKED) == position


def test_a_cursor_says_nothing_of_the_cursor_before_it_nor_of_the_format() -> None:
    first = encode(ASKED, Position((1,)))
    assert decode(first, replace(ASKED, cursor=first, response_format="detailed")) == Position((1,))


def test_another_questions_cursor_is_refused() -> None:
    with pytest.raises(QuestionError, match="another question"):
        decode(encode(ASKED, Position((1,))), replace(ASKED, sort="priority"))


def made(*told: object) -> str:
    return urlsafe_b64encode(orjson.dumps(told)).decode()


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "ü", "AAAA", "!!!!", made(1), made(9, "x", [], None, 0), made(1, "x", [[]], None, 0),
     made(1, "x", [], 5, 0), made(1, "x", [], None, -1), made(1, "x", 3, None, 0)],
)  # fmt: skip
def test_what_is_no_cursor_is_refused_in_one_line(cursor: str) -> None:
    with pytest.raises(QuestionError, match="none of ours"):
        decode(cursor, ASKED)

"""Answers in no more bytes than asked for: what is left out is said, and can be had."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from sentry_sync.answers.capping import LEAST_BYTES, Paging, cap, size

PAGING = Paging("issues", lambda count: f"behind {count}")


def answer(*rows: Any, more: bool | None = False, **rest: Any) -> dict[str, Any]:
    return {"issues": list(rows), "more": more, **rest, "freshness": {"complete": True, "notes": ["as it was"]}}


def row(number: int, length: int) -> dict[str, Any]:
    return {"id": str(number), "untrusted": {"title": "x" * length}}


def notes(found: dict[str, Any]) -> str:
    return " ".join(found["freshness"]["notes"])


def test_an_answer_that_fits_is_left_alone() -> None:
    whole = answer(row(1, 10))
    assert cap(whole, PAGING, LEAST_BYTES) == {**whole, "next_cursor": None}
    assert cap(whole, None, LEAST_BYTES) == whole


def test_an_answer_with_further_rows_says_where_they_begin() -> None:
    assert cap(answer(row(1, 10), row(2, 10), more=True), PAGING, LEAST_BYTES)["next_cursor"] == "behind 2"


def test_of_unknown_further_rows_there_is_a_cursor_where_those_shown_are_all_there_are_up_to_it() -> None:
    unknown = answer(row(1, 10), more=None)
    assert cap(unknown, PAGING, LEAST_BYTES)["next_cursor"] == "behind 1"
    missing = {**unknown, "freshness": {**unknown["freshness"], "complete": False}}
    assert cap(missing, PAGING, LEAST_BYTES)["next_cursor"] is None


def test_rows_are_left_out_at_their_borders_and_can_be_asked_for() -> None:
    found = cap(answer(*(row(number, 900) for number in range(10))), PAGING, LEAST_BYTES)
    assert found["issues"] == [row(0, 900), row(1, 900), row(2, 900)]
    assert (found["more"], found["next_cursor"]) == (True, "behind 3")
    assert "7 of 10 issues were left out to stay under 4000 bytes: go on with next_cursor" in notes(found)


def test_a_single_row_that_is_too_large_comes_cut_with_the_size_of_what_is_missing() -> None:
    found = cap(answer(row(1, 200_000), row(2, 10)), PAGING, LEAST_BYTES)
    assert [shown["id"] for shown in found["issues"]] == ["1"]
    assert found["next_cursor"] == "behind 1"
    assert "198000 more characters" in found["issues"][0]["untrusted"]["title"]
    assert "each says how much is missing" in notes(found)
    assert size(found) <= LEAST_BYTES


def test_without_a_cursor_the_note_says_how_to_get_the_rest() -> None:
    found = cap(answer(*(row(number, 900) for number in range(10))), None, LEAST_BYTES)
    assert "next_cursor" not in found
    assert "7 of 10 issues were left out to stay under 4000 bytes: ask for less" in notes(found)


LEAVES = st.one_of(st.text(max_size=3000), st.integers(-(2**63), 2**63 - 1), st.none())
ROWS = st.lists(st.dictionaries(st.text(max_size=20), LEAVES, max_size=6), max_size=30)


@settings(max_examples=60)
@given(ROWS, st.sampled_from([PAGING, None]), st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=20)))
def test_no_answer_is_larger_than_asked_for(rows: list[Any], paging: Paging | None, part: Any) -> None:
    whole = answer(*rows, part={"of": part})
    found = cap(whole, paging, LEAST_BYTES)
    assert len(orjson.dumps(found)) <= LEAST_BYTES
    assert found["freshness"]["notes"][0] == "as it was"
    assert all(isinstance(shown, dict) for shown in found["issues"])
    if size(whole) > LEAST_BYTES:
        assert "to stay under" in notes(found)

"""JSON, also the JSON that isn't quite."""

from __future__ import annotations

import pytest

from sentry_sync.sentry.json_body import read_json


def test_a_message_cut_within_an_emoji_does_not_cost_the_page() -> None:
    (row,) = read_json(b'[{"title": "caf\\u00e9 \\ud83d", "\\ud83d": 1}]')
    assert row == {"title": "café \ufffd", "\ufffd": 1}


def test_nan_and_infinity_are_no_value() -> None:
    assert read_json(b'{"a": NaN, "b": [-Infinity, 1.5]}') == {"a": None, "b": [None, 1.5]}


def test_huge_numbers_and_broken_utf8_are_kept_as_far_as_they_go() -> None:
    assert read_json(b'{"a": 123456789012345678901234567890, "b": NaN}')["a"] == 123456789012345678901234567890.0
    assert read_json(b'{"a": %s, "b": NaN}' % (b"9" * 5000)) == {"a": float("inf"), "b": None}
    assert read_json(b'{"a": 123456789012345678, "b": NaN}')["a"] == 123456789012345678
    assert read_json(b'{"b": NaN, "a": "\xff"}')["a"] == "\ufffd"


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a": 1', b"[1,]", b"[" * 200_000])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        read_json(body)

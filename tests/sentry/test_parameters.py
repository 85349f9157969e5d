"""Paths and query strings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_sync.errors import BadRequest
from sentry_sync.sentry.parameters import encoded, parameters, path_of, timestamp


def test_times_are_utc_with_z_and_a_fraction_only_if_they_have_one() -> None:
    moment = datetime(2026, 11, 20, 13, 0, tzinfo=timezone(timedelta(hours=1)))
    assert timestamp(moment) == "2026-11-20T12:00:00Z"
    assert timestamp(moment.replace(microsecond=5000)) == "2026-11-20T12:00:00.005000Z"


def test_a_naive_time_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="zone"):
        timestamp(datetime(2026, 11, 20, 12, 0, tzinfo=UTC).replace(tzinfo=None))


def test_none_and_false_are_left_out_empty_is_sent_and_lists_repeat() -> None:
    pairs = parameters(
        [("query", ""), ("sort", None), ("full", False), ("health", True), ("limit", 5), ("project", ("1", "2"))]
    )
    assert pairs == [("query", ""), ("health", "1"), ("limit", "5"), ("project", "1"), ("project", "2")]
    assert encoded([]) == ""


@pytest.mark.parametrize(
    ("segment", "path"),
    [
        ("api@1.0+b", "/api%401.0%2Bb/"),
        ("a/b", "/a%2Fb/"),
        ("a b", "/a%20b/"),
        ("a?b#c", "/a%3Fb%23c/"),
        ("...", "/.../"),
    ],
)
def test_a_segment_stays_one_segment(segment: str, path: str) -> None:
    assert path_of(segment) == path


@pytest.mark.parametrize("segment", ["", ".", "..", "a\nb", "\x00", "\x7f"])
def test_what_would_change_the_path_is_refused(segment: str) -> None:
    with pytest.raises(BadRequest):
        path_of("releases", segment)


@given(st.text(st.characters(min_codepoint=33, exclude_categories=["Cs", "Cc"]), min_size=1))
def test_whatever_a_release_is_called_the_server_reads_it_back(version: str) -> None:
    if version in {".", ".."}:
        return
    url = httpx.URL("https://sentry.io/api/0" + path_of("releases", version) + encoded([("query", version)]))
    assert url.path == f"/api/0/releases/{version}/"
    assert url.params["query"] == version
    assert url.raw_path.count(b"/") == 5

"""Figures and texts as pages show them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sentry_sync.serve.dashboard import wording
from sentry_sync.serve.dashboard.freshness import MOST_NOTES, together

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "-"), (0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (7200, "2 h"), (200_000, "2 d")],
)
def test_an_age_is_told_in_its_largest_unit(seconds: float | None, shown: str) -> None:
    assert wording.age(seconds) == shown


def test_a_moment_is_told_by_how_long_ago_it_was() -> None:
    assert wording.since("2026-11-20T11:58:30Z", NOW) == '<span data-age="90" data-ago>1 min ago</span>'
    assert wording.since("2026-11-20T12:05:00Z", NOW) == '<span data-age="-300" data-ago>in 5 min</span>'
    assert wording.since(None, NOW) == "-"


def test_it_grows_old_though_the_answer_was_made_long_ago() -> None:
    assert wording.old("2026-11-20T11:58:30Z", NOW) == '<span data-age="90">1 min</span>'
    assert wording.old("2026-11-20T12:00:05Z", NOW) == '<span data-age="0">0 s</span>'


@pytest.mark.parametrize(
    ("number", "exact", "shown"), [(3, True, "3"), (1200, False, "1,200+"), (0, True, "0"), (0, False, "-")]
)
def test_none_is_said_only_where_it_is_known(number: int, exact: bool, shown: str) -> None:
    assert wording.at_least(number, exact) == shown


@pytest.mark.parametrize(
    ("size", "shown"), [(None, "-"), (999, "999 B"), (35_000_000, "35 MB"), (2.5e9, "2.5 GB")]
)
def test_bytes_have_a_unit(size: float | None, shown: str) -> None:
    assert wording.size(size) == shown


def test_a_line_is_broken_where_a_value_is_not_known() -> None:
    assert wording.spark([1, 2, None, None, 4]) == ["0.0,20.0 30.0,14.0", "120.0,2.0 120.0,2.0"]
    assert wording.spark([]) == []
    assert len(wording.spark([0, 0])) == 1


@pytest.mark.parametrize(
    ("value", "name", "kind", "shown"),
    [
        (None, "n", "BIGINT", "-"),
        (1234567, "n", "BIGINT", "1,234,567"),
        (0.12345, "share", "DOUBLE", "0.1235"),
        (True, "ok", "BOOLEAN", "yes"),
        ("API-1A", "short_id", "VARCHAR", '<a href="/issues/API-1A">API-1A</a>'),
        ("../../etc", "issue_id", "VARCHAR", "<bdi>../../etc</bdi>"),
        ("<b>", "title", "VARCHAR", "<bdi>&lt;b&gt;</bdi>"),
        (
            "2026-11-20T00:00:00Z",
            "day",
            "TIMESTAMP WITH TIME ZONE",
            '<time datetime="2026-11-20T00:00:00Z">2026-11-20</time>',
        ),
    ],
)
def test_a_value_is_shown_as_what_its_column_is(value: Any, name: str, kind: str, shown: str) -> None:
    assert str(wording.cell(value, {"name": name, "type": kind})) == shown


def told(**changes: Any) -> dict[str, Any]:
    usual = {
        "source": "local",
        "as_of": "2026-11-20T12:00:00Z",
        "age_seconds": 5,
        "stale": False,
        "complete": True,
        "could_not_fall_through_because": None,
        "notes": [],
    }
    return {**usual, **changes}


def of(*answers: dict[str, Any]) -> dict[str, Any]:
    found = together(answers)
    assert found is not None
    return found


def test_several_answers_are_as_old_as_the_oldest() -> None:
    older = told(as_of="2026-11-20T11:00:00Z", age_seconds=3605)
    assert of(told(), older) == older
    assert of(told(), told(as_of=None, age_seconds=None))["as_of"] is None
    assert together([]) is None


def test_they_are_whole_fresh_and_online_if_each_is() -> None:
    assert of(told(), told(complete=False))["complete"] is False
    assert of(told(), told(stale=True))["stale"] is True
    assert (
        of(told(), told(could_not_fall_through_because="offline"))["could_not_fall_through_because"] == "offline"
    )
    assert of(told(), told(source="live"))["source"] == "mixed"


def test_why_sentry_cannot_be_asked_is_told_before_that_it_was_not() -> None:
    reasons = [told(could_not_fall_through_because=one) for one in ("not_asked", "unauthorized", None)]
    assert of(*reasons)["could_not_fall_through_because"] == "unauthorized"
    assert of(reasons[0])["could_not_fall_through_because"] == "not_asked"


def test_their_notes_are_told_once_and_not_without_end() -> None:
    assert of(told(notes=["a", "b"]), told(notes=["b"]))["notes"] == ["a", "b"]
    many = [f"note {number}" for number in range(MOST_NOTES + 3)]
    assert of(told(notes=many))["notes"] == [*many[:MOST_NOTES], "and 3 more"]

"""Times as people write them, windows in full hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_sync.answers import times
from sentry_sync.errors import QuestionError
from sentry_sync.records.intervals import Interval

NOW = datetime(2026, 11, 20, 12, 34, 56, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20T09:15:00Z", datetime(2026, 11, 20, 9, 15, tzinfo=UTC)),
        ("2026-11-20T09:15+02:00", datetime(2026, 11, 20, 7, 15, tzinfo=UTC)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        (" -24h ", NOW - timedelta(hours=24)),
        ("7d", NOW - timedelta(days=7)),
        ("-90m", NOW - timedelta(minutes=90)),
        ("-2W", NOW - timedelta(weeks=2)),
        ("now", NOW),
    ],
)
def test_a_time_is_iso_or_an_age(text: str, moment: datetime) -> None:
    assert times.parse(text, NOW, "start_time") == moment


@pytest.mark.parametrize(
    "text", ["yesterday", "24", "-24", "2026-13-01", "-1y", "", "9" * 99 + "d", "0001-01-01T00:00+14:00"]
)
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(QuestionError, match="start_time is not a time: give ISO 8601 such as"):
        times.parse(text, NOW, "start_time")


def test_a_window_is_rounded_outward_to_full_hours() -> None:
    found = times.window("2026-11-20T09:15Z", "2026-11-20T10:05Z", NOW)
    assert found == Interval(datetime(2026, 11, 20, 9, tzinfo=UTC), datetime(2026, 11, 20, 11, tzinfo=UTC))


def test_a_window_without_an_end_goes_on_until_now() -> None:
    assert times.window("-3h", None, NOW).end == datetime(2026, 11, 20, 13, tzinfo=UTC)


def test_a_window_without_a_start_is_a_day_long() -> None:
    found = times.window(None, "2026-11-19T10:00Z", NOW)
    assert found == Interval(datetime(2026, 11, 18, 10, tzinfo=UTC), datetime(2026, 11, 19, 10, tzinfo=UTC))


def test_an_end_in_the_future_is_now() -> None:
    assert times.window("-1h", "2027-01-01", NOW).end == datetime(2026, 11, 20, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "says"),
    [
        ("2026-11-20T10:00Z", "2026-11-20T09:00Z", "before end_time"),
        ("-3h", "-3h", "before end_time"),
        ("2026-11-21", None, "in the future"),
        ("2026-11-21", "2026-11-22", "in the future"),
        ("-100d", None, "90 days ago"),
    ],
)
def test_a_window_that_cannot_be_is_refused(start: str, end: str | None, says: str) -> None:
    with pytest.raises(QuestionError, match=says):
        times.window(start, end, NOW)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_shown_time_is_the_same_time_to_the_millisecond(moment: datetime) -> None:
    text = times.shown(moment)
    assert text is not None
    assert text.endswith("Z")
    assert timedelta() <= moment - datetime.fromisoformat(text) < timedelta(milliseconds=1)


def test_a_time_without_a_fraction_is_shown_without_one() -> None:
    assert times.shown(NOW) == "2026-11-20T12:34:56Z"
    assert times.shown(NOW.replace(microsecond=20_000)) == "2026-11-20T12:34:56.020Z"
    assert times.shown(None) is None
    assert times.parse(NOW.astimezone(timezone(timedelta(hours=5))).isoformat(), NOW, "x") == NOW

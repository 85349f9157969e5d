from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sentry_sync.answers.report.week import DAY, Week, week_of
from sentry_sync.errors import QuestionError

MONDAY = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)


def test_without_a_week_it_is_the_seven_last_whole_days_and_on_a_monday_the_week_that_ended() -> None:
    week = week_of(None, MONDAY)
    assert (week.start, week.end) == (datetime(2026, 11, 16, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC))
    assert (week.name, week.days) == ("week 2026-W47", "2026-11-16 to 2026-11-22")
    assert week.before == datetime(2026, 11, 9, tzinfo=UTC)
    assert week_of(None, MONDAY + 2 * DAY).name == "the week to 2026-11-24"


@pytest.mark.parametrize("asked", ["2026-W47", "2026W47", " 2026-11-22 "])
def test_a_week_is_named_by_its_number_or_by_its_last_day(asked: str) -> None:
    assert week_of(asked, MONDAY) == Week(datetime(2026, 11, 23, tzinfo=UTC))


def test_a_year_of_the_iso_calendar_need_not_be_the_days_own() -> None:
    assert week_of("2026-W53", MONDAY + 400 * DAY).days == "2026-12-28 to 2027-01-03"


@pytest.mark.parametrize(
    "asked", ["", "last", "2026-W54", "2026-W00", "2026-13-01", "2026-11", "0001-01-01", "9999-12-31"]
)
def test_what_is_no_week_is_refused_in_one_line_that_says_what_is(asked: str) -> None:
    with pytest.raises(
        QuestionError, match=r"^week must be an ISO week or its last day, as 2026-W47 or 2026-11-22$"
    ):
        week_of(asked, MONDAY)


def test_a_week_that_is_not_over_has_no_report() -> None:
    end = datetime(2026, 11, 30, tzinfo=UTC)
    with pytest.raises(QuestionError, match="week 2026-W48 is not over: it ends with 2026-11-29"):
        week_of("2026-W48", end - timedelta(microseconds=1))
    assert week_of("2026-W48", end).end == end

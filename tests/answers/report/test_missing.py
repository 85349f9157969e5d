"""A report says what it lacks, and says nothing lacks where all of the week is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentry_sync.answers.context import Answers
from sentry_sync.answers.report import material
from sentry_sync.answers.report.document import Paragraph
from sentry_sync.answers.report.markdown import markdown
from sentry_sync.errors import StoreMissing
from sentry_sync.records.intervals import Interval
from sentry_sync.store.store import Store
from sentry_sync.store.unit_of_work import UnitOfWork
from tests.answers.desk import NOW, Asking
from tests.answers.report.test_figures_of_a_week import table, tiles
from tests.answers.report.whole import DAY, FIRST_LOOK, TODAY, WINDOW, fill, records
from tests.support.clock import FakeClock
from tests.support.rows import issue, project

FRESHNESS = "How fresh and how complete this is"


def test_a_report_of_which_all_is_known_is_complete(whole: Asking) -> None:
    report = whole.offline.weekly_report()
    assert report.missing == ()
    assert report.complete
    assert report.sections[-1].blocks[0] == Paragraph("All that belongs into this week is known.")


def test_each_table_is_told_with_its_age(whole: Asking) -> None:
    rows = {row["table"]: row for row in table(whole.offline.weekly_report(), "Each table", FRESHNESS)}
    assert rows["error_counts"]["as of (UTC)"] == "2026-11-20 12:34"
    assert rows["error_counts"]["what of it is known"].startswith("complete from 2026-10-30T00:00:00Z")
    assert rows["transaction_windows"]["what of it is known"].startswith("only windows that were synced")


YESTERDAY = Interval(WINDOW.start, TODAY - DAY)


@pytest.mark.parametrize(
    ("without", "until", "said"),
    [
        ("error_counts", YESTERDAY, "of this week 85 % of the time is known of errors"),
        ("release_health", YESTERDAY, "of this week 85 % of the time is known of sessions"),
        ("transactions", YESTERDAY, "of this week 85 % of the time is known of transactions by the hour"),
        ("web_vitals", YESTERDAY, "of this week 85 % of the time is known of web vitals"),
        ("issues", YESTERDAY, "of this week 85 % of the time is known of issues"),
        ("events", YESTERDAY, "of this week 85 % of the time is known of single events"),
        (
            "error_counts",
            Interval(TODAY - 8 * DAY, NOW),
            "of the week before 14 % of the time is known of errors",
        ),
        ("releases", WINDOW, "releases were never synced"),
        ("transaction_windows.7d", WINDOW, None),
    ],
)
def test_what_is_not_known_of_the_week_is_said(
    asking: Asking, without: str, until: Interval, said: str | None
) -> None:
    fill(asking, without=without, until=until)
    missing = asking.offline.weekly_report().missing
    if said is None:  # the other window tells when they were read
        assert missing == ()
    else:
        assert any(reason.startswith(said) for reason in missing), missing


def test_a_kind_that_was_never_synced_is_named(asking: Asking) -> None:
    asking.fill(records(), error_counts=WINDOW, issues=WINDOW)
    missing = asking.offline.weekly_report().missing
    for what in ("sessions", "transactions by the hour", "web vitals", "slow transactions", "releases"):
        assert f"{what} were never synced" in missing


def test_nearly_all_of_the_time_is_not_all_of_it(asking: Asking) -> None:
    fill(asking, without="error_counts", until=Interval(WINDOW.start, TODAY - DAY / 1440))
    assert "of this week 99 % of the time is known of errors" in asking.offline.weekly_report().missing


def test_issues_that_nobody_had_looked_at_may_have_been_resolved(asking: Asking) -> None:
    asking.fill([project("3", "new"), issue(id="90", project_id="3", verified_at=TODAY - 2 * DAY)])
    fill(asking)
    report = asking.offline.weekly_report()
    (reason,) = report.missing
    assert reason.startswith("issues of 1 project that were resolved or came back before 2026-11-18 00:00 are not")
    assert tiles(report, "At a glance")["resolved"] == ("0", "not looked at all week")
    assert tiles(report, "api")["resolved"] == ("0", "")
    past = asking.offline.weekly_report(week=f"{FIRST_LOOK - DAY:%Y-%m-%d}")
    assert tiles(past, "At a glance")["resolved"] == ("-", "not looked at in this week")
    assert "Which issues were resolved is not known" in markdown(past)


def test_of_a_copy_without_anything_no_figure_is_nought(asking: Asking) -> None:
    asking.fill([project("2", "api")])
    report = asking.offline.weekly_report()
    assert {value for value, _ in tiles(report, "At a glance").values()} == {"-"}
    (row,) = table(report, "Projects", "At a glance")
    assert set(row.values()) == {"api", "-", "unknown"}
    told = markdown(report)
    for claim in ("No issue happened", "No issue that was resolved", "No event happened", "No look saw"):
        assert claim not in told


def test_of_a_copy_that_was_last_read_before_the_week_no_figure_is_nought(asking: Asking) -> None:
    then = Interval(WINDOW.start, TODAY - 9 * DAY)
    asking.fill([project("2", "api"), issue(first_seen=then.start, verified_at=then.end)], issues=then)
    asking.write(lambda uow: uow.mark("releases", "", then.end, then.end))
    report = asking.offline.weekly_report()
    found = tiles(report, "At a glance")
    assert {found[name][0] for name in ("new issues", "regressed", "resolved", "releases")} == {"-"}
    assert found["new issues"][1] == "not known of this week"
    told = markdown(report)
    for claim in ("No issue happened", "No issue that was resolved", "No look saw"):
        assert claim not in told


def test_errors_of_issues_are_those_of_the_time_that_is_known(asking: Asking) -> None:
    asking.fill([project("2", "api"), issue(first_seen=TODAY - 2 * DAY)], issues=WINDOW)
    (row,) = table(asking.offline.weekly_report(), "New issues", "Issues")
    assert row["errors"] == "-"


def test_projects_beyond_those_told_in_full_are_counted(asking: Asking) -> None:
    fill(asking)
    many = [project(str(100 + at), f"p{at}") for at in range(material.PROJECTS + 3)]
    asking.fill(many)
    report = asking.offline.weekly_report()
    assert report.missing == ("4 projects are told in the overview only, without verdicts and health",)
    assert len(table(report, "Projects", "At a glance")) == material.PROJECTS + 4


def test_rows_that_could_not_be_read_are_counted(asking: Asking) -> None:
    fill(asking)

    def read_badly(uow: UnitOfWork) -> None:
        run = uow.turn_page(uow.begin_pass("projects", "", None, NOW), None, 1, ["no id"] * 2, NOW)
        uow.end_pass(run, "done", NOW)

    asking.write(read_badly)
    assert "2 rows of projects could not be read and are left out" in asking.offline.weekly_report().missing


def test_without_a_store_there_is_no_report(tmp_path: Path) -> None:
    with Answers(Store(tmp_path / "none", FakeClock(NOW))) as answers, pytest.raises(StoreMissing, match="sync"):
        answers.weekly_report()

"""The figures of a report beside the same worked out in Python from what was written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import pytest

from sentry_sync.answers.context import Answers
from sentry_sync.answers.report.document import Block, Figure, Quoted, Report, Section, Table, Tiles
from sentry_sync.errors import QuestionError
from tests.answers.desk import Asking
from tests.answers.report.whole import RELEASED, VERSION
from tests.trends.library_world import CHANGES, COUNTS, HEALTH, PRESENT, final_issue
from tests.trends.seed import DAY, MIDNIGHT, PROJECTS

WEEK = MIDNIGHT - 7 * DAY
OWNER = {slug: key for key, slug in PROJECTS.items()}


def section(report: Report, *path: str) -> Section:
    found: tuple[Section, ...] = report.sections
    for heading in path:
        (one,) = [each for each in found if each.heading in (heading, Quoted(heading))]
        found = one.sections
    return one


def blocks(report: Report, *path: str) -> tuple[Block, ...]:
    return section(report, *path).blocks


def table(report: Report, caption: str, *path: str) -> list[dict[str, str]]:
    (found,) = [one for one in blocks(report, *path) if isinstance(one, Table) and one.caption.startswith(caption)]
    names = [text(column.heading) for column in found.columns]
    assert len(names) == len(found.columns)
    return [{name: text(cell) for name, cell in zip(names, row, strict=True)} for row in found.rows]


def text(cell: str | Quoted) -> str:
    return cell.text if isinstance(cell, Quoted) else cell


def tiles(report: Report, *path: str) -> dict[str, tuple[str, str]]:
    (found,) = [one for one in blocks(report, *path) if isinstance(one, Tiles)]
    return {tile.name: (tile.value, tile.beside) for tile in found.tiles}


def errors(project_id: str, start: datetime, end: datetime) -> int:
    return sum(row.count for row in COUNTS if row.project_id == project_id and start <= row.hour < end)


def per_issue(start: datetime, end: datetime) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in COUNTS:
        issue_id = final_issue(row.issue_id)
        if row.project_id in PROJECTS and issue_id and start <= row.hour < end:
            found[issue_id] += row.count
    return found


def owned(found: set[str], project_id: str) -> int:
    return sum(PRESENT[key].project_id == project_id for key in found)


def test_each_project_is_told_beside_the_week_before(report: Report) -> None:
    rows = {row["project"]: row for row in table(report, "Projects", "At a glance")}
    new = {key for key, row in PRESENT.items() if row.first_seen and WEEK <= row.first_seen < MIDNIGHT}
    back = {
        change.issue_id
        for change in CHANGES
        if (change.old, change.new) == ("resolved", "unresolved") and WEEK <= change.at < MIDNIGHT
    }
    resolved = [change for change in CHANGES if change.new == "resolved" and WEEK <= change.at < MIDNIGHT]
    assert rows.keys() == OWNER.keys()
    for slug, row in rows.items():
        key = OWNER[slug]
        sessions = [
            (one.sessions, one.crash_free_sessions)
            for one in HEALTH
            if one.project_id == key and WEEK <= one.bucket < MIDNIGHT and one.crash_free_sessions is not None
        ]
        free = sum(many * rate for many, rate in sessions) / sum(many for many, _ in sessions)
        assert row["errors"] == f"{errors(key, WEEK, MIDNIGHT):,}"
        # Of the week before a day is not known.
        assert row["week before"].startswith(f"{errors(key, WEEK - 7 * DAY, WEEK):,} (of ")
        assert row["new"] == str(owned(new, key))
        # This copy's first look was after the week: none that came back is not known to be none.
        assert row["regressed"] == (str(owned(back, key)) if owned(back, key) else "-")
        assert row["crash-free"] == f"{100 * free:.2f} %"
    assert int(rows["web"]["resolved"]) + int(rows["api"]["resolved"]) == len(resolved)
    shown = tiles(report, "At a glance")
    assert shown["errors"] == (
        f"{sum(errors(key, WEEK, MIDNIGHT) for key in PROJECTS):,}",
        "the week before is not known as a whole",
    )
    assert shown["new issues"][0] == str(len(new))
    assert shown["resolved"][0] == str(len(resolved))


def test_the_noisiest_issues_are_told_by_project_and_over_all(report: Report) -> None:
    counted = per_issue(WEEK, MIDNIGHT)
    everywhere = table(report, "Noisiest", "Issues")
    assert [row["errors"] for row in everywhere] == [f"{many:,}" for _, many in counted.most_common()]
    for slug, key in OWNER.items():
        wanted = [many for issue_id, many in counted.most_common() if PRESENT[issue_id].project_id == key]
        assert [row["errors"] for row in table(report, "Noisiest", slug, "Issues")] == [
            f"{n:,}" for n in wanted[:5]
        ]


def test_new_and_resolved_issues_are_those_of_the_week(report: Report) -> None:
    new = sorted(
        row.short_id or "" for row in PRESENT.values() if row.first_seen and WEEK <= row.first_seen < MIDNIGHT
    )
    assert sorted(row["issue"] for row in table(report, "New issues", "Issues")) == new
    resolved = [c for c in CHANGES if c.new == "resolved" and WEEK <= c.at < MIDNIGHT]
    wanted = [
        f"between {c.after:%Y-%m-%d %H:%M} and {c.at:%Y-%m-%d %H:%M}" for c in sorted(resolved, key=lambda c: c.at)
    ]
    assert [row["resolved"] for row in table(report, "Resolved issues", "Issues")] == wanted[::-1]


def charts(report: Report, *path: str) -> Iterator[Figure]:
    return (block for block in blocks(report, *path) if isinstance(block, Figure))


def test_the_chart_of_errors_has_every_day_of_both_weeks_and_gaps_where_nothing_is_known(report: Report) -> None:
    figure = next(charts(report, "At a glance"))
    days = [MIDNIGHT - back * DAY for back in range(14, 0, -1)]
    assert list(figure.chart.lines) == [row["project"] for row in table(report, "Projects", "At a glance")]
    for slug, points in figure.chart.lines.items():
        assert [day for day, _ in points] == days
        assert [value for _, value in points] == [errors(OWNER[slug], day, day + DAY) for day in days]
    (crashes,) = list(charts(report, "At a glance"))[1:]
    held = {row.bucket for row in HEALTH}
    assert (crashes.chart.target, crashes.chart.share) == (0.995, True)
    assert all((value is not None) == (day in held) for day, value in crashes.chart.lines["web"])


def test_a_past_week_is_told_as_the_last_one_is(answers: Answers) -> None:
    week = answers.weekly_report(week=f"{WEEK - DAY:%Y-%m-%d}")
    rows = {row["project"]: row for row in table(week, "Projects", "At a glance")}
    assert rows["api"]["errors"].split(" ")[0] == f"{errors('2', WEEK - 7 * DAY, WEEK):,}"
    assert next(charts(week, "web")).chart.lines["web"][-1][0] == WEEK - DAY


def test_of_one_project_the_report_has_nothing_of_another(answers: Answers) -> None:
    one = answers.weekly_report("2")
    assert [each.heading for each in one.sections] == [Quoted("api"), "How fresh and how complete this is"]
    assert tiles(one, "api")["errors"][0] == f"{errors('2', WEEK, MIDNIGHT):,}"
    named = {row["issue"] for row in table(one, "Noisiest", "api", "Issues")}
    assert named <= {row.short_id for row in PRESENT.values() if row.project_id == "2"}
    with pytest.raises(QuestionError, match="unknown project 'nope'"):
        answers.weekly_report("nope")


def test_health_verdicts_and_forecast_are_the_answers_own(whole: Asking) -> None:
    report, asked = whole.offline.weekly_report(), whole.offline.project_health("api")
    parts = table(report, "Parts", "api", "Health")
    assert [row["score"] for row in parts] == [f"{part['score']:.0f}" for part in asked["parts"]]
    (objective, *_) = asked["objectives"]
    (shown, *_) = table(report, "Objectives", "api", "Health")
    assert (shown["budget used"], shown["met"]) == (f"{100 * objective['budget_used']:.0f} %", "yes")
    (figure,) = charts(report, "api", "Health")
    assert [value for _, value in figure.chart.lines["expected"]] == [
        day["expected"] for day in asked["forecast"]["days"]
    ]
    assert [(low, high) for _, low, high in figure.chart.band] == [
        (day["low"], day["high"]) for day in asked["forecast"]["days"]
    ]
    verdict = whole.offline.assess_release("api", VERSION)
    (release,) = table(report, "Releases", "api", "Releases")
    assert release["verdict"] == f"{verdict['verdict']}" or release["verdict"].startswith(verdict["verdict"])
    assert (release["release"], release["released"]) == (VERSION, f"{RELEASED:%Y-%m-%d %H:%M}")


def test_growth_is_told_where_both_weeks_are_known(whole: Asking) -> None:
    (row,) = table(whole.offline.weekly_report(), "Projects", "At a glance")
    assert (row["errors"], row["week before"], row["change"]) == ("2,352", "2,352", "0 %")
    assert row["health now"].startswith("good, ")

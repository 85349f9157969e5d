"""The library's queries about a week beside the same worked out in Python from what was written."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import pytest

from sentry_sync.store.paths import StorePaths
from tests.support.rows import NOW
from tests.trends.library_world import (
    AT,
    BEFORE_ALL,
    CHANGES,
    COUNTS,
    DELETED,
    GONE,
    HEALTH,
    INTO,
    ISSUES,
    PRESENT,
    QUIET,
    ask,
    covered,
    final_issue,
)
from tests.trends.seed import DAY, HOUR, MIDNIGHT, PROJECTS

OWNER = {row.id: row.project_id for row in ISSUES}


def errors_of(project_id: str, start: datetime, end: datetime) -> int:
    return sum(row.count for row in COUNTS if row.project_id == project_id and start <= row.hour < end)


def crash_free(project_id: str, start: datetime, end: datetime) -> float:
    known = [
        (row.sessions, row.crash_free_sessions)
        for row in HEALTH
        if row.project_id == project_id and start <= row.bucket < end and row.crash_free_sessions is not None
    ]
    return sum(many * rate for many, rate in known) / sum(many for many, _ in known)


@pytest.mark.parametrize("days", [2, 7])
def test_a_projects_week_is_told_beside_the_one_before(world: StorePaths, days: int) -> None:
    since, earlier = MIDNIGHT - days * DAY, MIDNIGHT - 2 * days * DAY

    rows = {row["project"]: row for row in ask(world, "project_weeks", days=days)}

    assert rows.keys() == set(PROJECTS.values())  # the project that was removed is no longer one
    for key, slug in PROJECTS.items():
        row = rows[slug]
        now, before = errors_of(key, since, MIDNIGHT), errors_of(key, earlier, since)
        assert (row["errors"], row["errors_before"]) == (now, before)
        assert row["covered"] == pytest.approx(covered("error_counts", key, since, MIDNIGHT))
        assert row["covered_before"] == pytest.approx(covered("error_counts", key, earlier, since))
        whole = row["covered"] == row["covered_before"] == 1
        assert row["growth"] == (pytest.approx(now / before) if whole else None)
        sessions = [r.sessions for r in HEALTH if r.project_id == key and since <= r.bucket < MIDNIGHT]
        assert row["sessions"] == sum(sessions)
        assert row["crash_free_sessions"] == pytest.approx(crash_free(key, since, MIDNIGHT))
        assert row["crash_free_before"] == pytest.approx(crash_free(key, earlier, since))
        assert row["sessions_covered"] == pytest.approx(covered("release_health", key, since, MIDNIGHT))
        assert row["sessions_covered_before"] == pytest.approx(covered("release_health", key, earlier, since))
        assert row["looked_since"] == min(issue.verified_at for issue in ISSUES if issue.project_id == key)


def test_growth_is_told_only_where_both_weeks_are_known_as_a_whole(world: StorePaths) -> None:
    """Between ten and nine days ago there is a gap."""
    (row,) = ask(world, "project_weeks", days=7, project="web")
    assert row["covered_before"] < 1
    assert row["growth"] is None

    (row,) = ask(world, "project_weeks", days=2, project="web")
    assert row["growth"] == row["errors"] / row["errors_before"]


def test_a_project_without_errors_has_none_where_that_is_known_and_nobody_knows_elsewhere(
    world: StorePaths,
) -> None:
    nowhere = {"project": "api", "environment": "nowhere", "days": 7}
    (row,) = ask(world, "project_weeks", **nowhere)
    assert (row["errors"], row["growth"], row["sessions"]) == (0, None, 0)
    (row,) = ask(world, "project_weeks", until=NOW - 30 * DAY, **nowhere)
    assert (row["errors"], row["covered"], row["sessions"]) == (None, 0, None)


def test_issues_first_seen_in_a_time_come_with_their_errors_of_it(world: StorePaths) -> None:
    since = AT - 10 * DAY
    wanted = {row.id for row in PRESENT.values() if row.first_seen and since <= row.first_seen < AT}
    counted: Counter[str] = Counter()
    for count in COUNTS:
        issue_id = final_issue(count.issue_id)
        if issue_id in wanted and since.replace(minute=0) <= count.hour < AT:
            counted[issue_id] += count.count

    rows = ask(world, "first_seen_issues", days=10)

    assert [row["errors"] for row in rows] == sorted((counted[key] for key in wanted), reverse=True)
    for row in rows:
        assert row["errors"] == counted[row["issue_id"]]
        assert row["first_seen"] == PRESENT[row["issue_id"]].first_seen
        assert row["covered"] == pytest.approx(covered("error_counts", OWNER[row["issue_id"]], since, AT))
    assert {row["issue_id"] for row in rows} == wanted
    assert [row["project"] for row in ask(world, "first_seen_issues", days=10, project="api")] == ["api"] * 2
    assert ask(world, "first_seen_issues", days=10, top=1) == rows[:1]


def test_first_seen_is_before_the_end_and_errors_are_too(world: StorePaths) -> None:
    until = AT - 2 * DAY
    (row,) = ask(world, "first_seen_issues", days=2, until=until)
    assert row["issue_id"] == "16"
    seen = [r for r in COUNTS if r.issue_id == "16" and (until - 2 * DAY).replace(minute=0) <= r.hour < until]
    assert row["errors"] == sum(r.count for r in seen)


def test_an_issue_first_seen_has_no_errors_only_where_that_is_known(world: StorePaths) -> None:
    (unknown,) = ask(world, "first_seen_issues", days=3, until=BEFORE_ALL)
    assert (unknown["issue_id"], unknown["errors"], unknown["covered"]) == ("11", None, 0)
    (quiet,) = ask(world, "first_seen_issues", days=3, until=AT - 14 * DAY)
    assert (quiet["issue_id"], quiet["errors"]) == (QUIET, 0)
    assert quiet["covered"] == pytest.approx(covered("error_counts", "2", AT - 17 * DAY, AT - 14 * DAY))


def test_resolutions_are_told_with_the_looks_around_them_and_how_long_they_took(world: StorePaths) -> None:
    wanted = [c for c in CHANGES if c.new == "resolved" and AT - 7 * DAY <= c.at < AT]

    rows = ask(world, "resolved_issues")

    assert [row["resolved_by"] for row in rows] == sorted((c.at for c in wanted), reverse=True)
    by_issue = {(row["issue_id"], row["resolved_by"]): row for row in rows}
    for change in wanted:
        row = by_issue[change.issue_id, change.at]
        back = [
            c.at for c in CHANGES if c.issue_id == change.issue_id and c.old == "resolved" and c.at < change.at
        ]
        began = max(back, default=next(i.first_seen for i in ISSUES if i.id == change.issue_id))
        assert row["resolved_after"] == change.after
        assert row["hours"] == (None if began is None else pytest.approx((change.at - began) / HOUR))
        assert row["project"] == PROJECTS[OWNER[change.issue_id]]
    assert by_issue[DELETED, CHANGES[7].at]["status"] == GONE[DELETED]
    assert by_issue[INTO, CHANGES[2].at]["status"] == PRESENT[INTO].status
    assert ask(world, "resolved_issues", project="api") == [row for row in rows if row["project"] == "api"]
    assert ask(world, "resolved_issues", top=1) == rows[:1]
    assert ask(world, "resolved_issues", until=AT - 300 * DAY) == []

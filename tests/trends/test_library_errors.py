"""The library's queries about errors and issues, beside the same worked out in Python from what was written."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from math import sqrt
from statistics import mean, median

import pytest

from sentry_sync.records.event import ErrorCount, Event
from sentry_sync.store.paths import StorePaths
from tests.support.rows import NOW
from tests.trends.library_world import (
    AT,
    BEFORE_ALL,
    CHANGES,
    COUNTS,
    DELETED,
    EVENTS,
    ISSUES,
    NEW_BY_SENTRY,
    NEWEST,
    PRESENT,
    QUIET,
    RELEASED,
    ask,
    covered,
    final_issue,
)
from tests.trends.seed import DAY, HOUR, MIDNIGHT, PROJECTS

DAYS_OF_EVENTS = AT - 7 * DAY


def counted(since: datetime, until: datetime, *, deleted: bool = False) -> Iterator[ErrorCount]:
    """The counts of a time that count: of projects that are there, and without those of deleted issues."""
    for row in COUNTS:
        if row.project_id in PROJECTS and since <= row.hour < until and (deleted or row.issue_id != DELETED):
            yield row


def per_issue(since: datetime, until: datetime) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in counted(since, until):
        found[final_issue(row.issue_id) or ""] += row.count
    return found


def events() -> Iterator[tuple[str, Event]]:
    """The events of the last seven days with the issue each belongs to by now."""
    for event in EVENTS:
        issue_id = final_issue(event.issue_id or "")
        if issue_id and DAYS_OF_EVENTS <= event.timestamp < AT:
            yield issue_id, event


def test_errors_by_release_are_counted_by_day_and_environment(world: StorePaths) -> None:
    wanted: Counter[tuple[datetime, str, str, str]] = Counter()
    for row in counted(MIDNIGHT - 13 * DAY, AT, deleted=True):
        day = row.hour.replace(hour=0)
        wanted[day, PROJECTS[row.project_id], row.environment, row.release] += row.count

    rows = ask(world, "error_trend_by_release")

    keys = ("day", "project", "environment", "release")
    assert {tuple(row[key] for key in keys): row["errors"] for row in rows} == {
        key: errors for key, errors in wanted.items() if errors
    }
    owner = {slug: key for key, slug in PROJECTS.items()}
    assert all(
        row["covered"]
        == pytest.approx(covered("error_counts", owner[row["project"]], row["day"], row["day"] + DAY))
        for row in rows
    )
    few = ask(world, "error_trend_by_release", release="web@2.0", environment="staging", project="web", days=2)
    assert few == [
        row
        for row in rows
        if row["release"] == "web@2.0" and row["environment"] == "staging" and row["day"] >= MIDNIGHT - DAY
    ]


@pytest.mark.parametrize("hours", [6, 24])
def test_growth_is_that_of_whole_hours_and_surest_first(world: StorePaths, hours: int) -> None:
    now = per_issue(NOW - hours * HOUR, NOW)
    before = per_issue(NOW - 2 * hours * HOUR, NOW - hours * HOUR)
    growing = {key: n for key, n in now.items() if n >= 10 and n > before[key]}

    rows = ask(world, "growing_issues", hours=hours)

    score = {key: (n - before[key]) / sqrt(n + before[key]) for key, n in growing.items()}
    assert [row["issue_id"] for row in rows] == sorted(growing, key=lambda key: -score[key])
    assert rows[0]["issue_id"] == "12"
    for row in rows:
        key = row["issue_id"]
        assert (row["errors"], row["previous"], row["covered"]) == (now[key], before[key], 1.0)
        assert row["score"] == pytest.approx(score[key])
        assert row["growth"] == (pytest.approx(now[key] / before[key]) if before[key] else None)


def test_growth_over_time_that_is_not_known_is_null(world: StorePaths) -> None:
    # Of the five days before the last five one is missing, but not for project 2.
    rows = {row["issue_id"]: row for row in ask(world, "growing_issues", hours=120, project="web")}

    assert rows.keys() == {
        key for key, n in per_issue(NOW - 5 * DAY, NOW).items() if key in "10 11 16 17" and n >= 10
    }
    assert {(row["previous"], row["growth"], row["score"]) for row in rows.values()} == {(None, None, None)}


def test_new_issues_are_those_of_the_release_or_first_seen_since(world: StorePaths) -> None:
    wanted = {}
    for row in PRESENT.values():
        release = NEWEST[row.project_id]
        since = RELEASED[release]
        if row.first_release == release or (row.first_seen and row.first_seen >= since):
            errors = per_issue(since.replace(minute=0), AT)[row.id]
            known = row.first_release and row.first_release == release
            wanted[row.id] = (release, since, known, errors, NEW_BY_SENTRY[row.project_id] or 3)

    rows = ask(world, "new_issues")

    keys = ("release", "released_at", "in_release", "errors", "new_by_sentry")
    assert {row["issue_id"]: tuple(row[key] for key in keys) for row in rows} == wanted
    assert wanted.keys() == {"12", "16", "17", QUIET}
    assert wanted[QUIET][3] == 0
    share = covered("error_counts", "1", RELEASED["web@2.0"], AT)
    assert [row["covered"] for row in rows if row["project"] == "web"] == pytest.approx([share, share])
    # Of a time of which nothing is known no number of errors is told.
    (early,) = ask(world, "new_issues", until=BEFORE_ALL)
    assert (early["issue_id"], early["release"], early["errors"], early["covered"]) == ("11", "web@1.0", None, 0)
    # Of an older release, what was first seen since that one.
    older = ask(world, "new_issues", release="web@1.0")
    assert {row["issue_id"] for row in older} == {"11", "16", "17"} | {
        row.id
        for row in PRESENT.values()
        if row.project_id == "1" and (row.first_seen or NOW) > RELEASED["web@1.0"]
    }


def test_regressions_are_what_the_looks_saw(world: StorePaths) -> None:
    back = [c for c in CHANGES if (c.old, c.new) == ("resolved", "unresolved") and c.at >= AT - 14 * DAY]
    last = max(back, key=lambda change: change.at)
    errors = per_issue((AT - 2 * DAY).replace(minute=0), AT)["10"]

    first, second = ask(world, "regressed_issues")

    assert {change.issue_id for change in back} == {first["issue_id"]} == {"10"}
    assert (first["regressions"], first["reopened_after"], first["reopened_by"]) == (
        len(back),
        last.after,
        last.at,
    )
    assert first["errors"] == errors
    assert first["covered"] == pytest.approx(covered("error_counts", "1", last.after, AT))
    # Sentry says regressed, and no look saw it happen.
    assert (second["issue_id"], second["regressions"], second["errors"]) == ("18", 0, None)
    assert second["covered"] is None
    assert [row["regressions"] for row in ask(world, "regressed_issues", days=3, project="web")] == [1]


@pytest.mark.parametrize(
    ("key", "until", "errors"), [("11", BEFORE_ALL, None), (QUIET, AT - 14 * DAY, 0)], ids=["unknown", "none"]
)
def test_an_issue_that_came_back_has_no_errors_only_where_that_is_known(
    world: StorePaths, key: str, until: datetime, errors: int | None
) -> None:
    (change,) = [c for c in CHANGES if c.issue_id == key and c.new == "unresolved"]
    assert not [c for c in COUNTS if c.issue_id == key and change.after - HOUR < c.hour < until]

    (row,) = [row for row in ask(world, "regressed_issues", days=2, until=until) if row["regressions"]]

    assert (row["issue_id"], row["errors"]) == (key, errors)
    share = covered("error_counts", PRESENT[key].project_id, change.after, until)
    assert row["covered"] == pytest.approx(share)
    assert (share > 0) == (errors is not None)


def test_events_divide_among_the_values_of_each_tag(world: StorePaths) -> None:
    totals = Counter(event.project_id for _, event in events())
    found: dict[tuple[str, str, str], list[tuple[str, Event]]] = defaultdict(list)
    for issue_id, event in events():
        for tag, value in event.tags.items():
            found[PROJECTS[event.project_id], tag, value].append((issue_id, event))

    rows = ask(world, "errors_by_tag")

    assert [row["events"] for row in rows] == sorted((len(each) for each in found.values()), reverse=True)
    for row in rows:
        here = found.pop((row["project"], row["tag"], row["value"]))
        assert row["events"] == len(here)
        assert row["issues"] == len({issue_id for issue_id, _ in here})
        assert row["users"] == len({event.user_key for _, event in here} - {None})
        assert row["share"] == pytest.approx(len(here) / totals[here[0][1].project_id])
        assert row["last_seen"] == max(event.timestamp for _, event in here)
        share = covered("events", here[0][1].project_id, DAYS_OF_EVENTS, AT)
        assert row["covered"] == pytest.approx(share)
    assert not found
    odd = "odd \"key'"
    assert ask(world, "errors_by_tag", tag=odd) == [row for row in rows if row["tag"] == odd]
    one = ask(world, "errors_by_tag", tag="browser", issue="WEB-B")
    assert {row["tag"] for row in one} == {"browser"}
    assert sum(row["events"] for row in one) == sum(key == "11" and bool(e.tags) for key, e in events())


def test_users_are_counted_once_an_issue(world: StorePaths) -> None:
    users: dict[str, list[str | None]] = defaultdict(list)
    everyone: dict[str, set[str | None]] = defaultdict(set)
    for issue_id, event in events():
        users[issue_id].append(event.user_key)
        everyone[event.project_id].add(event.user_key)

    rows = ask(world, "user_impact")

    assert {row["issue_id"] for row in rows} == users.keys()
    for row in rows:
        here = users[row["issue_id"]]
        different = len(set(here) - {None})
        issue = PRESENT[row["issue_id"]]
        assert (row["users"], row["events"], row["without_user"]) == (different, len(here), here.count(None))
        assert row["share"] == pytest.approx(different / len(everyone[issue.project_id] - {None}))
        assert row["users_ever"] == issue.user_count
    assert [row["users"] for row in rows] == sorted((row["users"] for row in rows), reverse=True)


def test_the_backlog_is_told_by_age(world: StorePaths) -> None:
    def band(seen: datetime | None) -> str:
        if seen is None:
            return "unknown"
        limits = ((1, "under 1 day"), (7, "1 to 7 days"), (30, "7 to 30 days"), (90, "30 to 90 days"))
        return next((name for days, name in limits if AT - seen < days * DAY), "over 90 days")

    open_issues = [row for row in PRESENT.values() if row.status == "unresolved"]
    wanted = Counter((PROJECTS[row.project_id], band(row.first_seen)) for row in open_issues)

    rows = ask(world, "unresolved_age")

    assert {(row["project"], row["age"]): row["issues"] for row in rows} == wanted
    assert (
        sum(row["quiet"] for row in rows)
        == sum((row.last_seen or AT) <= AT - 30 * DAY for row in open_issues)
        == 1
    )
    assert sum(row["unassigned"] for row in rows) == sum(row.assigned_id is None for row in open_issues)
    assert sum(row["events"] for row in rows) == sum(row.count or 0 for row in open_issues)


def test_time_to_resolve_runs_from_first_seen_or_from_coming_back(world: StorePaths) -> None:
    first_seen = {row.id: row.first_seen or AT for row in ISSUES}
    owner = {row.id: row.project_id for row in ISSUES}
    took: list[float] = []
    gaps: list[float] = []
    for change in CHANGES:
        if change.new != "resolved" or change.at < AT - 90 * DAY or owner[change.issue_id] != "1":
            continue
        back = [
            c.at for c in CHANGES if c.issue_id == change.issue_id and c.old == "resolved" and c.at <= change.at
        ]
        start = max(back) if back else first_seen[change.issue_id]
        took.append((change.at - start) / HOUR)
        gaps.append((change.at - change.after) / HOUR)

    (row,) = ask(world, "time_to_resolve")  # of 13 no one knows when it was first seen, 12's is long ago

    assert (row["project"], row["resolved"], row["issues"]) == ("web", len(took), 3)
    assert row["mean_hours"] == pytest.approx(mean(took))
    assert row["median_hours"] == pytest.approx(median(took))
    assert row["longest_hours"] == pytest.approx(max(took))
    place = 0.9 * (len(took) - 1)
    low, high = sorted(took)[int(place)], sorted(took)[int(place) + 1]
    assert row["p90_hours"] == pytest.approx(low + (high - low) * (place - int(place)))
    assert row["unsure_hours"] == pytest.approx(mean(gaps))
    assert [each["project"] for each in ask(world, "time_to_resolve", days=300)] == ["api", "web"]


@pytest.mark.parametrize("deviations", [2, 5])
def test_a_spike_is_far_above_the_usual_hour(world: StorePaths, deviations: int) -> None:
    wanted = {}
    for project_id, slug in PROJECTS.items():
        hourly: Counter[datetime] = Counter()
        for row in counted(NOW - 15 * DAY, NOW):
            if row.project_id == project_id:
                hourly[row.hour] += row.count
        hours = [NOW - age * HOUR for age in range(1, 15 * 24 + 1)]
        known = [hour for hour in hours if covered("error_counts", project_id, hour, hour + HOUR) == 1]
        usual = [hourly[hour] for hour in known if hour < NOW - DAY]
        middle = median(usual)
        spread = max(1.4826 * median(abs(each - middle) for each in usual), sqrt(max(middle, 1)))
        for hour in known:
            over = hourly[hour] > middle + deviations * spread
            if hour >= NOW - DAY and hourly[hour] >= 20 and over:
                wanted[slug, hour] = (
                    hourly[hour],
                    middle,
                    pytest.approx((hourly[hour] - middle) / spread),
                    len(usual),
                )

    rows = ask(world, "error_spikes", deviations=deviations)

    keys = ("errors", "usual", "score", "hours_known")
    assert {(row["project"], row["hour"]): tuple(row[key] for key in keys) for row in rows} == wanted
    burst = next(row for row in rows if row["project"] == "api")
    assert burst["top_issue"] == "12"
    assert burst["top_share"] == pytest.approx(90 / burst["errors"])
    assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)


def test_without_a_usual_hour_every_busy_hour_is_shown(world: StorePaths) -> None:
    # A day of hours to compare with, of which this time knows only part.
    rows = ask(world, "error_spikes", days=1, hours=1, until=NOW - 8 * DAY - 20 * HOUR, at_least=1, project="web")

    assert rows
    assert {(row["usual"], row["score"]) for row in rows} == {(None, None)}
    assert all(row["hours_known"] < 24 for row in rows)


def test_a_merged_issue_is_the_one_it_was_merged_into(world: StorePaths) -> None:
    for name in ("growing_issues", "user_impact", "new_issues", "regressed_issues"):
        assert {row["issue_id"] for row in ask(world, name)} <= PRESENT.keys(), name

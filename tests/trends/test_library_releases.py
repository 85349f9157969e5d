"""The library's queries about releases, beside the same worked out in Python from what was written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from math import sqrt
from pathlib import Path

import pytest

from sentry_sync.records.event import ErrorCount
from sentry_sync.records.intervals import Interval
from sentry_sync.records.release import Release, ReleaseHealth, ReleaseProject
from sentry_sync.store import tables
from sentry_sync.store.paths import StorePaths
from sentry_sync.store.store import Store
from tests.support.clock import FakeClock
from tests.support.rows import NOW, issue, project
from tests.trends.library_world import (
    AT,
    BEFORE_ALL,
    COUNTS,
    DELETED,
    HEALTH,
    NEWEST,
    RELEASED,
    ask,
    covered,
    final_issue,
)
from tests.trends.seed import DAY, HOUR, MIDNIGHT, PROJECTS


def midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def known_days(project_id: str, first: datetime, many: int) -> list[datetime]:
    """The days of which errors and sessions are known but for an hour."""
    days = [first + number * DAY for number in range(many) if first + number * DAY < AT]
    return [
        day
        for day in days
        if all(
            covered(resource, project_id, day, min(day + DAY, AT)) * (min(day + DAY, AT) - day)
            >= min(day + DAY, AT) - day - HOUR
            for resource in ("error_counts", "release_health")
        )
    ]


def crash_free(rows: Iterable[ReleaseHealth]) -> float | None:
    judged = [(row.sessions, row.crash_free_sessions) for row in rows if row.crash_free_sessions is not None]
    total = sum(sessions for sessions, _ in judged)
    return sum(sessions * rate for sessions, rate in judged) / total if total else None


@pytest.mark.parametrize("days", [2, 7, 14])
def test_a_release_is_compared_by_errors_per_session(world: StorePaths, days: int) -> None:
    wanted = []
    for project_id, slug in sorted(PROJECTS.items(), key=lambda each: each[1]):
        version = NEWEST[project_id]
        first = midnight(RELEASED[version])
        before, since = known_days(project_id, first - days * DAY, days), known_days(project_id, first, days)
        of_days = min(days, (MIDNIGHT - first).days + 1)
        for part, counted, of, own in (
            ("before", before, days, None),
            ("release", since, of_days, True),
            ("others", since, of_days, False),
        ):
            here = [
                row
                for row in COUNTS
                if row.project_id == project_id and midnight(row.hour) in counted and row.hour < AT
                if row.issue_id != DELETED and own in (None, row.release == version)
            ]
            health = [
                row
                for row in HEALTH
                if row.project_id == project_id and row.bucket in counted and own in (None, row.release == version)
            ]
            errors, sessions = sum(row.count for row in here), sum(row.sessions for row in health)
            counts = (errors, sessions) if counted else (None, None)
            rate = pytest.approx(errors / sessions) if sessions else None
            free = crash_free(health)
            approximately = None if free is None else pytest.approx(free)
            wanted.append((slug, part, len(counted), of, *counts, rate, approximately))

    rows = ask(world, "release_before_after", days=days)

    keys = (
        "project",
        "part",
        "days",
        "of_days",
        "errors",
        "sessions",
        "errors_per_session",
        "crash_free_sessions",
    )
    assert [tuple(row[key] for key in keys) for row in rows] == wanted
    if days == 14:  # the day that is not known whole is not counted
        assert {row["part"]: row["days"] for row in rows if row["project"] == "web"}["before"] < 14


def test_a_release_can_be_chosen(world: StorePaths) -> None:
    rows = ask(world, "release_before_after", release="web@1.0", days=1)

    assert {(row["release"], row["released_at"]) for row in rows} == {("web@1.0", RELEASED["web@1.0"])}
    assert [row["days"] for row in rows] == [0, 0, 0]
    # Of days that are not known no number is told.
    assert {(row["errors"], row["sessions"], row["errors_per_session"]) for row in rows} == {(None, None, None)}


def test_suspects_have_more_errors_than_their_share_of_sessions(world: StorePaths) -> None:
    version = NEWEST["1"]
    days = known_days("1", midnight(RELEASED[version]), 30)
    sessions: dict[bool, int] = defaultdict(int)
    for held in HEALTH:
        if held.project_id == "1" and held.bucket in days:
            sessions[held.release == version] += held.sessions
    part = sessions[True] / (sessions[True] + sessions[False])
    errors: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for count in COUNTS:
        issue_id = final_issue(count.issue_id)
        if count.project_id == "1" and issue_id and midnight(count.hour) in days and count.hour < AT:
            errors[issue_id][count.release != version] += count.count
    score = {
        key: (own - (own + other) * part) / sqrt((own + other) * part * (1 - part))
        for key, (own, other) in errors.items()
    }
    new = {"16", "17"}
    wanted = [key for key, (own, _) in errors.items() if own >= 5 and (key in new or score[key] > 0)]

    rows = ask(world, "suspect_issues", project="web")

    assert [row["issue_id"] for row in rows] == sorted(wanted, key=lambda key: -score[key])
    assert rows[0]["issue_id"] == "16"
    for row in rows:
        own, other = errors[row["issue_id"]]
        assert (row["errors"], row["other_errors"], row["is_new"]) == (own, other, row["issue_id"] in new)
        assert row["score"] == pytest.approx(score[row["issue_id"]])
        assert row["per_1000_sessions"] == pytest.approx(1000 * own / sessions[True])
        assert row["other_per_1000_sessions"] == pytest.approx(1000 * other / sessions[False])
        assert (row["days"], row["of_days"]) == (len(days), 5)


def test_suspects_without_other_sessions_have_no_score(world: StorePaths) -> None:
    rows = ask(world, "suspect_issues", project="api")

    assert {row["release"] for row in rows} == {"api@7"}
    assert {(row["score"], row["other_per_1000_sessions"]) for row in rows} == {(None, None)}
    assert [row["errors"] for row in rows] == sorted((row["errors"] for row in rows), reverse=True)


def test_nobody_is_suspected_on_days_that_are_not_known(world: StorePaths) -> None:
    assert ask(world, "suspect_issues", at_least=1, until=BEFORE_ALL + 2 * DAY) == []


@pytest.mark.parametrize("share", [0.5, 0.8])
def test_adoption_is_the_share_of_a_days_sessions(world: StorePaths, share: float) -> None:
    live: dict[tuple[str, str, str], list[ReleaseHealth]] = defaultdict(list)
    for held in HEALTH:
        if held.project_id in PROJECTS and held.sessions:
            live[PROJECTS[held.project_id], held.environment, held.release].append(held)

    rows = ask(world, "release_adoption", share=share)

    assert {(row["project"], row["environment"], row["release"]) for row in rows} == live.keys()
    for row in rows:
        here = live[row["project"], row["environment"], row["release"]]
        newest = max(
            each.bucket
            for key, found in live.items()
            for each in found
            if key[:2] == (row["project"], row["environment"])
        )
        adopted = [each.bucket for each in here if (each.adoption or 0) >= share]
        first = min(each.bucket for each in here)
        assert row["first_day"] == first
        assert row["sessions"] == sum(each.sessions for each in here)
        assert row["adoption"] == sum(each.adoption or 0 for each in here if each.bucket == newest)
        assert row["peak_adoption"] == max(each.adoption or 0 for each in here)
        assert row["adopted_on"] == (min(adopted) if adopted else None)
        assert row["days_to_adopt"] == ((min(adopted) - first).days if adopted else None)
        assert row["covered"] == pytest.approx(covered("release_health", "1", MIDNIGHT - 29 * DAY, AT))


@pytest.mark.parametrize("environment", [None, "production"])
def test_crash_free_sessions_of_a_day_are_weighted_by_sessions(world: StorePaths, environment: str | None) -> None:
    days: dict[tuple[str, datetime], list[ReleaseHealth]] = defaultdict(list)
    for held in HEALTH:
        if (
            held.project_id in PROJECTS
            and environment in (None, held.environment)
            and held.bucket > MIDNIGHT - 14 * DAY
        ):
            days[PROJECTS[held.project_id], held.bucket].append(held)

    rows = ask(world, "crash_free_trend", environment=environment, target=0.99)

    assert [(row["day"], row["project"]) for row in rows] == sorted((day, slug) for slug, day in days)
    for row in rows:
        here = days[row["project"], row["day"]]
        rate = crash_free(here)
        assert row["sessions"] == sum(each.sessions for each in here)
        assert row["crash_free_sessions"] == (None if rate is None else pytest.approx(rate))
        assert row["on_target"] == (None if rate is None else rate >= 0.99)
        crashed: dict[str, float] = defaultdict(float)
        for each in here:
            if each.crash_free_sessions is not None:
                crashed[each.release] += each.sessions * (1 - each.crash_free_sessions)
        worst = max(crashed, key=crashed.__getitem__, default=None)
        assert row["worst_release"] == (worst if worst and crashed[worst] else None)
        assert row["covered"] == pytest.approx(covered("release_health", "1", row["day"], row["day"] + DAY))
    assert min(row["covered"] for row in rows) == 0


@pytest.fixture
def shipped(tmp_path: Path) -> Iterator[Store]:
    """A release of two days, the one before it beside it, and all of that time known."""
    store = Store(tmp_path / "store", FakeClock(AT))
    store.prepare()
    at, known = MIDNIGHT - 2 * DAY, Interval(MIDNIGHT - 3 * DAY, AT)
    with store.write() as uow:
        uow.upsert([project("1", "web"), Release("2", None, "open", None, None, at, None, at, NOW, 3, 0, 0, NOW)])
        uow.upsert([ReleaseProject("2", "1", None, True, NOW)])
        for day in (at, at + DAY):
            uow.upsert([ReleaseHealth("2", "1", "", day, 100, 50, 0.99, None, 0.5)])
            uow.upsert([ReleaseHealth("1", "1", "", day, 100, 50, 0.99, None, 0.5)])
        for resource in ("error_counts", "release_health"):
            uow.cover(resource, "", known, source="explore")
    yield store
    store.close()


def test_an_issue_that_was_deleted_is_no_suspect(shipped: Store) -> None:
    with shipped.write() as uow:
        uow.upsert([issue(id="5", project_id="1"), issue(id="6", project_id="1"), issue(id="7", project_id="1")])
        uow.upsert(
            [ErrorCount("1", key, "", "2", MIDNIGHT - DAY, many, 1) for key, many in (("5", 50), ("6", 90))]
        )
        uow.upsert([ErrorCount("1", "7", "", "2", MIDNIGHT - DAY, 30, 1)])
    assert [row["issue_id"] for row in ask(shipped.paths, "suspect_issues")] == ["6", "5", "7"]

    with shipped.write() as uow:
        # Its counts stay until the next sync of their hours, as those of a merged issue do for good.
        gone = {"removed_at": NOW, "removed_as": "deleted"}
        uow._connection.execute(tables.issues.update().where(tables.issues.c.id == "6").values(**gone))
        merged = {"removed_at": NOW, "removed_as": "merged", "merged_into": "5"}
        uow._connection.execute(tables.issues.update().where(tables.issues.c.id == "7").values(**merged))

    (row,) = ask(shipped.paths, "suspect_issues")
    assert (row["issue_id"], row["errors"]) == ("5", 80)


def test_a_release_without_a_session_was_adopted_by_nobody_and_began_on_no_day(shipped: Store) -> None:
    before, after = MIDNIGHT - 3 * DAY, MIDNIGHT
    with shipped.write() as uow:
        uow.upsert([ReleaseHealth("2", "1", "", before, 0, 0, None, None, 0.0)])
        uow.upsert([ReleaseHealth(version, "1", "", after, 0, 0, None, None, 0.0) for version in ("1", "2", "3")])

    rows = {row["release"]: row for row in ask(shipped.paths, "release_adoption")}

    assert rows.keys() == {"1", "2"}
    assert (rows["2"]["first_day"], rows["2"]["days_to_adopt"]) == (MIDNIGHT - 2 * DAY, 0)
    assert rows["2"]["adoption"] == 0.5  # of the newest day that has sessions


def test_a_share_of_the_newest_day_is_told_where_it_is_known(shipped: Store) -> None:
    with shipped.write() as uow:
        uow.upsert([ReleaseHealth("2", "1", "", MIDNIGHT, 100, 50, 0.99, None, None)])

    rows = {row["release"]: row for row in ask(shipped.paths, "release_adoption")}

    assert (rows["2"]["adoption"], rows["2"]["peak_adoption"]) == (None, 0.5)
    assert rows["1"]["adoption"] == 0, "it had no session on that day"

"""get-releases: newest first, by version, with health that is not added up wrongly."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sentry_sync.answers.asking import Ask
from sentry_sync.answers.releases import ReleasesQuestion
from sentry_sync.errors import QuestionError
from sentry_sync.records.intervals import Interval, floor
from sentry_sync.records.release import Deploy, Release, ReleaseHealth, ReleaseProject
from sentry_sync.store import tables
from tests.answers.desk import NOW, Asking, ago
from tests.support.rows import issue, project

DAY = timedelta(days=1)
TODAY = floor(NOW, DAY)


def release(version: str, created: Any, **changes: Any) -> list[Any]:
    whole = Release(
        version, version.partition("@")[2], "open", None, None, created, None, None, None, 5, 1, 2, NOW
    )
    return [replace(whole, **changes), ReleaseProject(version, "2", 3, True, NOW)]


def health(version: str, days_ago: int, sessions: int, **changes: Any) -> ReleaseHealth:
    whole = ReleaseHealth(
        version, "2", "production", TODAY - days_ago * DAY, sessions, sessions // 2, 0.9, 0.8, 0.5
    )
    return replace(whole, **changes)


def fresh(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["freshness"]
    return found


def versions(answer: dict[str, Any]) -> list[str]:
    return [found["untrusted"]["version"] for found in answer["releases"]]


@pytest.fixture
def filled(asking: Asking) -> Asking:
    records = [
        *release("api@1.0.0", ago(days=9)),
        *release("api@2.0.0", ago(days=2), verified_at=ago(days=1)),
        *release("api@1.5.0", ago(days=5)),
        release("web@1.0.0", ago(days=1))[0],
        ReleaseProject("web@1.0.0", "3", 0, False, NOW),
    ]
    asking.fill([project("2", "api"), project("3", "web"), *records])
    asking.write(lambda uow: uow.mark("releases", "", NOW, NOW))
    return asking


def test_the_newest_release_of_the_project_comes_first(filled: Asking) -> None:
    answer = filled.offline.get_releases("api")
    assert versions(answer) == ["api@2.0.0", "api@1.5.0", "api@1.0.0"]
    assert (fresh(answer)["complete"], answer["more"]) == (True, False)
    assert fresh(answer)["oldest_verified_at"] == "2026-11-19T12:34:56Z"
    assert "releases that are not new are as of 2026-11-19T12:34:56Z or later" in " ".join(fresh(answer)["notes"])
    assert answer["releases"][0]["new_issues"] == 3
    assert "health" not in answer["releases"][0]


@pytest.mark.parametrize("version", ["api@1.5.0", "1.5.0"])
def test_a_version_is_full_or_short_and_exact(filled: Asking, version: str) -> None:
    assert versions(filled.offline.get_releases("api", version=version)) == ["api@1.5.0"]


def test_an_unknown_version_offline_is_a_miss(filled: Asking) -> None:
    answer = filled.offline.get_releases("api", version="1.5")
    assert (answer["releases"], fresh(answer)["complete"]) == ([], False)
    assert any("unknown_id" in note for note in fresh(answer)["notes"])


def test_no_more_than_fifty_are_shown(asking: Asking) -> None:
    rows = [record for number in range(55) for record in release(f"api@{number}", ago(hours=number))]
    asking.fill([project("2", "api"), *rows])
    asking.write(lambda uow: uow.mark("releases", "", NOW, NOW))
    answer = asking.offline.get_releases("api")
    assert (len(answer["releases"]), answer["more"]) == (50, True)


def test_sessions_are_summed_rates_weighted_and_users_taken_from_the_newest_day(filled: Asking) -> None:
    filled.fill(
        [
            health("api@2.0.0", 0, 100, crash_free_sessions=1.0, users=40, crash_free_users=0.7, adoption=0.25),
            health("api@2.0.0", 1, 300, crash_free_sessions=0.8, users=90),
            health("api@2.0.0", 2, 50, crash_free_sessions=None),
            health("api@2.0.0", 1, 7, environment="staging\u202e"),
            health("api@2.0.0", 8, 9999),
            Deploy("d1", "api@2.0.0", "production", "x\ny", None, None, ago(days=1)),
        ],
        release_health=Interval(TODAY - 10 * DAY, NOW),
    )
    answer = filled.offline.get_releases("api", version="2.0.0", health_data=True)
    found = answer["releases"][0]
    production, staging = found["health"]
    assert (production["sessions"], production["crash_free_sessions"]) == (450, 0.85)
    assert production["newest_day"] == {
        "day": "2026-11-20T00:00:00Z",
        "is_over": False,
        "sessions": 100,
        "users": 40,
        "crash_free_sessions": 1.0,
        "crash_free_users": 0.7,
        "adoption": 0.25,
    }
    assert staging["untrusted"] == {"environment": "staging"}
    assert answer["health_days"] == {
        "from": "2026-11-14T00:00:00Z",
        "to": "2026-11-20T12:34:56Z",
        "days": 7,
        "newest_day_is_over": False,
    }
    assert found["deploys"][0]["untrusted"] == {"environment": "production", "name": "x y"}
    assert fresh(answer)["complete"]


def test_only_days_that_are_known_without_a_gap_are_summed(filled: Asking) -> None:
    filled.fill(
        [health("api@2.0.0", number, 10) for number in range(6)], release_health=Interval(TODAY - 2 * DAY, NOW)
    )
    answer = filled.offline.get_releases("api", version="2.0.0", health_data=True)
    assert answer["health_days"]["days"] == 3
    assert answer["releases"][0]["health"][0]["sessions"] == 30


def test_health_older_than_the_releases_makes_the_answer_as_old(filled: Asking) -> None:
    filled.fill([], release_health=Interval(TODAY - 2 * DAY, ago(hours=3)))
    found = fresh(filled.offline.get_releases("api", health_data=True))
    assert (found["as_of"], found["stale"]) == ("2026-11-20T09:34:56Z", True)


def test_a_server_without_sessions_says_so(filled: Asking) -> None:
    filled.write(lambda uow: uow.learn("sessions", NOW, available=False))
    answer = filled.online.get_releases("api", health_data=True)
    assert (answer["releases"][0]["health"], fresh(answer)["complete"]) == (None, False)
    assert fresh(answer)["could_not_fall_through_because"] == "not_supported"
    assert filled.requests() == 0


# -- from Sentry --------------------------------------------------------------------------


def test_sentrys_own_releases_are_those_the_store_gives_after_a_sync(asking: Asking) -> None:
    live = asking.online.get_releases(asking.slug)
    assert (fresh(live)["source"], fresh(live)["complete"]) == ("live", True)
    asking.rig.sync("releases")
    local = asking.offline.get_releases(asking.slug)
    assert (fresh(local)["source"], fresh(local)["complete"]) == ("local", True)
    assert local["releases"] == live["releases"]
    assert len(versions(local)) > 1


def test_an_unknown_version_is_looked_for_at_sentry_and_kept(asking: Asking) -> None:
    asking.rig.sync("projects", "releases")
    asking.rig.sim.mutate.new_release(asking.slug, f"{asking.slug}@9.9.9")
    live = asking.online.get_releases(asking.slug, version=f"{asking.slug}@9.9.9")
    assert (len(live["releases"]), fresh(live)["fell_through_because"]) == (1, "unknown_id")
    local = asking.offline.get_releases(asking.slug, version=f"{asking.slug}@9.9.9")
    assert local["releases"] == live["releases"]


def test_a_version_sentry_does_not_have_either_is_an_empty_answer_that_says_so(asking: Asking) -> None:
    asking.rig.sync("projects", "releases")
    answer = asking.online.get_releases(asking.slug, version="nope@1")
    assert (answer["releases"], fresh(answer)["complete"], fresh(answer)["source"]) == ([], True, "live")
    assert "Sentry has no such release in this project" in fresh(answer)["notes"]


def test_a_release_of_another_project_is_told_apart(asking: Asking) -> None:
    asking.rig.sync("projects")
    other = asking.rig.sim.world.projects[1].slug
    version = asking.online.get_releases(other)["releases"][0]["untrusted"]["version"]
    answer = asking.online.get_releases(asking.slug, version=version)
    assert answer["releases"] == []
    assert "this release exists, but not in this project" in fresh(answer)["notes"]


def test_health_that_was_never_read_is_fetched_for_two_days(asking: Asking) -> None:
    asking.rig.sync("projects")
    asking.online.get_releases(asking.slug)
    asked = asking.requests("/sessions/")
    answer = asking.online.get_releases(asking.slug, health_data=True)
    assert asking.requests("/sessions/") == asked + 2
    assert (fresh(answer)["source"], fresh(answer)["complete"]) == ("mixed", True)
    assert answer["health_days"]["days"] == 2
    again = asking.offline.get_releases(asking.slug, health_data=True)
    assert again["releases"] == answer["releases"]
    assert fresh(again)["complete"]
    asking.rig.advance(3600)
    assert not fresh(asking.offline.get_releases(asking.slug, health_data=True))["complete"]


def test_a_day_read_anew_takes_the_place_of_what_was_known_of_it(asking: Asking) -> None:
    asking.rig.sync("projects", "releases")
    version = asking.offline.get_releases(asking.slug)["releases"][0]["untrusted"]["version"]
    gone = health(version, 0, 5, project_id=asking.project_id, environment="gone")
    asking.write(lambda uow: uow.upsert([gone]))
    with asking.rig.store.write() as uow:
        uow._connection.exec_driver_sql("DELETE FROM coverage WHERE resource = 'release_health'")
    asking.online.get_releases(asking.slug, health_data=True)
    assert "gone" not in {row.environment for row in asking.rig.rows(tables.release_health)}


def test_health_from_sentry_is_the_health_a_sync_brings(asking: Asking) -> None:
    live = asking.online.get_releases(asking.slug, health_data=True)
    asking.rig.sync("projects", "releases")
    local = asking.offline.get_releases(asking.slug, health_data=True)

    def newest(answer: dict[str, Any]) -> list[Any]:
        days = [[entry["newest_day"] for entry in found["health"]] for found in answer["releases"]]
        return [[day for day in found if day["day"] >= "2026-11-19"] for found in days]  # what was read live

    assert newest(local) == newest(live)
    assert any(newest(local))


# -- pages, filters, new issues -----------------------------------------------------------


def test_the_cursor_goes_on_behind_the_last_row_and_shows_each_once(asking: Asking) -> None:
    dates = [ago(hours=number // 3) for number in range(120)]
    rows = [record for number, date in enumerate(dates) for record in release(f"api@{number:03}", date)]
    undated = [record for number in range(3) for record in release(f"api@x{number}", None)]
    asking.fill([project("2", "api"), *rows, *undated])
    asking.write(lambda uow: uow.mark("releases", "", NOW, NOW))
    seen: list[str] = []
    answer = asking.offline.get_releases("api")
    while True:
        seen += versions(answer)
        if not answer["next_cursor"]:
            break
        answer = asking.offline.get_releases("api", cursor=answer["next_cursor"])
    assert seen == [f"api@{number:03}" for number in range(120)] + ["api@x0", "api@x1", "api@x2"]
    assert answer["more"] is False


@pytest.mark.parametrize("cursor", ["nonsense", "WzEsMSwyLDMsNF0"])
def test_a_cursor_that_is_none_is_refused(filled: Asking, cursor: str) -> None:
    with pytest.raises(QuestionError, match="cursor"):
        filled.offline.get_releases("api", cursor=cursor)


def test_a_part_of_a_version_and_a_time_narrow_the_list(filled: Asking) -> None:
    assert versions(filled.offline.get_releases("api", query="API@1")) == ["api@1.5.0", "api@1.0.0"]
    assert versions(filled.offline.get_releases("api", since="-6d")) == ["api@2.0.0", "api@1.5.0"]
    assert versions(filled.offline.get_releases("api", query="1.", since="-6d")) == ["api@1.5.0"]
    assert versions(filled.offline.get_releases("api", query="%")) == []


def new_in(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["releases"][0]["first_seen_here"]
    return found


def test_issues_new_in_a_release_are_all_once_there_are_as_many_as_sentry_counts(filled: Asking) -> None:
    filled.fill([issue(id=str(number), first_release="api@2.0.0") for number in range(2)])
    some = filled.offline.get_releases("api", response_format="detailed")
    assert (new_in(some)["known"], new_in(some)["complete"]) == (2, False)
    assert (fresh(some)["complete"], filled.requests()) == (True, 0), "a list tells what is known"
    filled.fill([issue(id="7", first_release="api@2.0.0"), issue(id="8", first_release="api@1.5.0")])
    assert (new_in(filled.offline.get_releases("api", response_format="detailed"))["complete"]) is True
    one = filled.offline.get_releases("api", version="2.0.0", response_format="detailed")
    assert {entry["id"] for entry in new_in(one)["issues"]} == {"0", "1", "7"}
    assert fresh(one)["complete"] is True
    assert "first_seen_here" not in filled.offline.get_releases("api")["releases"][0]


def test_all_new_issues_of_a_named_release_are_asked_of_sentry_and_remembered(asking: Asking) -> None:
    asking.rig.sync("projects", "releases", "issues")
    world = asking.rig.sim.world
    mine = [one for one in world.issues.values() if one.project is world.projects[0] and one.first_release >= 0]
    version = world.releases.all[mine[0].first_release].version
    expected = {one.id for one in mine if one.first_release == mine[0].first_release}
    asked = asking.requests()
    answer = asking.online.get_releases(asking.slug, version=version, response_format="detailed")
    assert asking.requests() == asked + 1
    assert new_in(answer)["complete"] is True
    assert new_in(answer)["known"] == len(expected)
    assert {entry["id"] for entry in new_in(answer)["issues"]} <= expected
    again = asking.online.get_releases(asking.slug, version=version, response_format="detailed")
    assert (asking.requests(), new_in(again)) == (asked + 1, new_in(answer))


def test_offline_the_new_issues_known_are_told_and_that_they_are_not_all(filled: Asking) -> None:
    answer = filled.offline.get_releases("api", version="2.0.0", response_format="detailed")
    assert (fresh(answer)["complete"], fresh(answer)["could_not_fall_through_because"]) == (False, "offline")
    assert new_in(answer) == {"known": 0, "complete": False, "issues": []}


@pytest.mark.parametrize("version", ['api@"x"', "api@*", "api@\\"])
def test_a_version_that_a_search_cannot_name_is_not_searched_for(asking: Asking, version: str) -> None:
    asking.fill([project("2", "api"), *release(version, ago(days=1))])
    asking.write(lambda uow: uow.mark("releases", "", NOW, NOW))
    answer = asking.online.get_releases("api", version=version, response_format="detailed")
    assert fresh(answer)["could_not_fall_through_because"] == "not_supported"
    assert asking.requests() == 0


def test_asked_fresh_the_list_and_its_health_are_read_anew(asking: Asking) -> None:
    asking.rig.sync("projects", "releases")
    asked = asking.requests()
    answer = asking.online.ask(ReleasesQuestion(asking.slug, health_data=True), Ask(fresh=True))
    assert (asking.requests() - asked, fresh(answer)["source"]) == (3, "live")
    assert fresh(answer)["fell_through_because"] == "asked_fresh"


def test_a_list_too_long_to_be_read_says_where_it_ends(asking: Asking) -> None:
    asking.rig.sync("projects")
    project_number = asking.rig.sim.world.projects[0]
    for number in range(310):
        asking.rig.sim.mutate.new_release(project_number.slug, f"web@{number:04}")
    answer = asking.online.get_releases(asking.slug)
    assert (fresh(answer)["complete"], answer["more"]) == (True, True)
    for _ in range(6):
        if answer["next_cursor"]:
            answer = asking.online.get_releases(asking.slug, cursor=answer["next_cursor"])
    assert answer["more"] is False
    assert fresh(answer)["complete"] is False
    assert any("newest releases were read" in note for note in fresh(answer)["notes"])

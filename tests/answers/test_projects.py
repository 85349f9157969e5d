"""get-projects: every project, and what it received, with the age of each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sentry_sync.errors import QuestionError
from sentry_sync.records.organization import Organization, ProjectStats
from tests.answers.desk import NOW, Asking, ago
from tests.support.rows import project

ACME = Organization("1", "acme", "Acme", None, None, NOW)


def fresh(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["freshness"]
    return found


@pytest.fixture
def filled(asking: Asking) -> Asking:
    asking.fill([ACME, project("2", "web"), project("3", "api"), ProjectStats("3", 30, 20, None, ago(minutes=10))])
    return asking


def test_projects_are_listed_by_slug(filled: Asking) -> None:
    answer = filled.offline.get_projects()
    assert answer["organization"] == {"id": "1", "slug": "acme"}
    assert answer["projects"][0] == {
        "id": "3",
        "slug": "api",
        "name": "Api",
        "platform": "python",
        "status": "active",
    }
    assert [found["slug"] for found in answer["projects"]] == ["api", "web"]
    assert (fresh(answer)["complete"], fresh(answer)["as_of"]) == (True, "2026-11-20T12:34:56Z")


def test_stats_carry_their_own_age_and_none_where_nothing_is_known(filled: Asking) -> None:
    filled.write(lambda uow: uow.mark("project_stats", "", ago(minutes=10), ago(minutes=10)))
    answer = filled.offline.get_projects(include_stats=True)
    assert [found["stats"] for found in answer["projects"]] == [
        {"events_24h": 30, "errors_24h": 20, "sessions_24h": None, "as_of": "2026-11-20T12:24:56Z"},
        None,
    ]
    assert fresh(answer)["as_of"] == "2026-11-20T12:24:56Z"


def test_removed_projects_are_left_out(filled: Asking) -> None:
    with filled.rig.store.write() as uow:
        uow.remove_unseen_projects(NOW + timedelta(seconds=1))
    assert filled.offline.get_projects()["projects"] == []


@pytest.mark.parametrize("name", ["acme", "ACME", "1"])
def test_the_organization_may_be_named(filled: Asking, name: str) -> None:
    assert len(filled.offline.get_projects(name)["projects"]) == 2


def test_another_organization_is_refused_naming_ours(filled: Asking) -> None:
    with pytest.raises(QuestionError, match="copy of organization 'acme' alone"):
        filled.offline.get_projects("globex")


def test_without_a_store_and_without_sentry_the_answer_is_empty_and_says_what_to_do(asking: Asking) -> None:
    answer = asking.offline.get_projects(include_stats=True)
    assert answer["projects"] == []
    assert fresh(answer) == {
        "source": "local",
        "rung": None,
        "as_of": None,
        "age_seconds": None,
        "stale": True,
        "complete": False,
        "coverage": None,
        "fell_through_because": None,
        "could_not_fall_through_because": "offline",
        "next_sync_at": None,
        "notes": [
            (
                "Sentry should have been asked (never_synced): no server is configured; set SENTRY_AUTH_TOKEN and "
                "SENTRY_ORG to let answers ask Sentry"
            )
        ],
    }
    assert not asking.rig.store.paths.database.exists()


def test_without_a_store_sentry_is_asked_and_the_store_is_made(asking: Asking) -> None:
    answer = asking.online.get_projects(include_stats=True)
    assert (fresh(answer)["source"], fresh(answer)["complete"]) == ("live", True)
    assert fresh(answer)["fell_through_because"] == "never_synced"
    assert all(found["stats"]["events_24h"] is not None for found in answer["projects"])
    asked = asking.requests()
    again = asking.online.get_projects(include_stats=True)
    assert (fresh(again)["source"], asking.requests()) == ("local", asked)
    assert again["projects"] == answer["projects"]
    asking.rig.sync("projects")
    assert asking.offline.get_projects(include_stats=True)["projects"] == answer["projects"]


def test_stats_alone_are_fetched_where_only_they_are_missing(filled: Asking) -> None:
    filled.rig.sync("projects")
    with filled.rig.store.write() as uow:
        uow._connection.exec_driver_sql("DELETE FROM marks WHERE stream = 'project_stats'")
    answer = filled.online.get_projects(include_stats=True)
    assert (fresh(answer)["source"], fresh(answer)["complete"]) == ("mixed", True)


def test_a_server_that_does_not_count_says_so(filled: Asking) -> None:
    filled.write(lambda uow: uow.learn("stats_v2", NOW, available=False))
    found = fresh(filled.online.get_projects(include_stats=True))
    assert (found["complete"], found["could_not_fall_through_because"]) == (False, "not_supported")
    assert filled.requests() == 0


def test_an_answer_is_stale_after_two_missed_syncs(filled: Asking) -> None:
    filled.rig.advance(3601)
    assert fresh(filled.offline.get_projects())["stale"]


def test_the_cursor_goes_on_behind_the_last_slug(asking: Asking) -> None:
    asking.fill([project(str(number), f"p{number:03}") for number in range(205)])
    first = asking.offline.get_projects()
    assert (len(first["projects"]), first["more"]) == (100, True)
    second = asking.offline.get_projects(cursor=first["next_cursor"])
    third = asking.offline.get_projects(cursor=second["next_cursor"])
    slugs = [row["slug"] for answer in (first, second, third) for row in answer["projects"]]
    assert slugs == [f"p{number:03}" for number in range(205)]
    assert (third["more"], third["next_cursor"]) == (False, None)


def test_a_cursor_of_another_question_is_refused(asking: Asking) -> None:
    asking.fill([project(str(number), f"p{number:03}") for number in range(101)])
    cursor = asking.offline.get_projects()["next_cursor"]
    with pytest.raises(QuestionError, match="another question"):
        asking.offline.get_projects(include_stats=True, cursor=cursor)

"""get-issues at a past time: what the looks around it saw, and what they could not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from sentry_sync.errors import QuestionError
from sentry_sync.records.intervals import Interval
from sentry_sync.records.issue import IssueGone
from tests.answers.desk import NOW, Asking, ago
from tests.support.rows import issue, project

FIRST = ago(days=5)
"""Our first look at anything."""


def row(key: int, looked_at: datetime, **changes: Any) -> Any:
    given = {
        "first_seen": ago(days=40),
        "last_seen": ago(days=20, minutes=key),
        "short_id": f"API-{key}",
        "count": 10 * key,
        **changes,
    }
    return issue(id=str(key), project_id="2", verified_at=looked_at, **given)


def saw(asking: Asking, *records: Any) -> None:
    asking.write(lambda uow: uow.upsert(records))


@pytest.fixture
def watched(asking: Asking) -> Asking:
    """Four issues looked at five days ago and just now: one was resolved, one assigned, one deleted in between.

    The times at which the changes were seen are three days ago, after a look four days ago.
    """
    saw(asking, project("2", "api", FIRST), *(row(key, FIRST) for key in (1, 2, 3, 4)))
    saw(asking, *(row(key, ago(days=4)) for key in (1, 2, 3)))
    saw(
        asking,
        row(1, ago(days=3), status="resolved", substatus=None, count=15),
        row(2, ago(days=3), assigned_to="Ada\u202e", priority="low", level="fatal"),
        IssueGone("3", ago(days=3), "deleted"),
    )
    now = [
        row(1, NOW, status="resolved", substatus=None, count=15),
        row(2, NOW, assigned_to="Ada\u202e", priority="low", level="fatal"),
        row(4, NOW),
    ]
    asking.fill([project("2", "api"), *now], issues=Interval(ago(days=95), NOW))
    return asking


def ids(answer: dict[str, Any]) -> list[str]:
    return [found["id"] for found in answer["issues"]]


def fresh(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["freshness"]
    return found


def by_id(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {found["id"]: found for found in answer["issues"]}


def test_at_a_look_all_is_as_it_was_seen_and_certain(watched: Asking) -> None:
    answer = watched.offline.get_issues("api", at_time="-4d")
    assert answer["at_time"] == "2026-11-16T12:34:56Z"
    assert ids(answer) == ["1", "2", "3", "4"]
    assert {found["status"] for found in answer["issues"]} == {"unresolved"}
    assert [found["frequency"] for found in answer["issues"]] == [{"events": 10 * key} for key in (1, 2, 3, 4)]
    assert all(found["certain"] and found["uncertain"] == {} for found in answer["issues"])
    assert by_id(answer)["3"]["removed_since"] == "deleted"
    freshness = fresh(answer)
    assert (freshness["source"], freshness["complete"], freshness["stale"]) == ("local", True, False)
    assert (freshness["as_of"], freshness["age_seconds"]) == ("2026-11-16T12:34:56Z", 4 * 86_400)
    assert freshness["coverage"] == {"from": "2026-11-15T12:34:56Z", "to": "2026-11-20T12:34:56Z"}
    assert freshness["could_not_fall_through_because"] is None
    assert answer["more"] is False


def test_between_two_looks_that_differ_both_are_told(watched: Asking) -> None:
    answer = watched.offline.get_issues("api", at_time="-80h")
    found = by_id(answer)
    assert found["1"]["uncertain"] == {
        "status": ["unresolved", "resolved"],
        "substatus": ["ongoing", None],
        "events": [10, 15],
    }
    assert (found["1"]["status"], found["1"]["frequency"]["events"]) == ("unresolved", 10)
    assert found["2"]["uncertain"] == {
        "assigned_to": [None, "Ada"],
        "priority": ["high", "low"],
        "level": ["error", "fatal"],
    }
    assert found["3"]["uncertain"] == {"removed_as": [None, "deleted"]}
    assert [found[key]["certain"] for key in "1234"] == [False, False, False, True]
    assert fresh(answer)["complete"]


def test_afterwards_it_is_as_it_became_and_what_went_is_not_listed(watched: Asking) -> None:
    found = by_id(watched.offline.get_issues("api", at_time="-3d"))
    assert list(found) == ["1", "2", "4"]
    assert (found["1"]["status"], found["1"]["substatus"], found["1"]["frequency"]["events"]) == (
        "resolved",
        None,
        15,
    )
    assert (found["2"]["assigned_to"], found["2"]["priority"], found["2"]["level"]) == ("Ada", "low", "fatal")
    assert all(one["certain"] for one in found.values())


@pytest.mark.parametrize(
    ("when", "unresolved", "resolved"),
    [("-4d", "1234", ""), ("-80h", "1234", "1"), ("-3d", "24", "1"), ("-1d", "24", "1")],
)
def test_a_status_leaves_what_had_it_then_or_may_have_had_it(
    watched: Asking, when: str, unresolved: str, resolved: str
) -> None:
    assert ids(watched.offline.get_issues("api", at_time=when, status="unresolved")) == list(unresolved)
    assert ids(watched.offline.get_issues("api", at_time=when, status="resolved")) == list(resolved)
    assert fresh(watched.offline.get_issues("api", at_time=when, status="resolved"))["complete"]


def test_orders_go_by_what_was_so_then_and_a_limit_cuts(watched: Asking) -> None:
    saw(watched, row(1, NOW, count=900, status="resolved"), row(4, NOW, priority="low"))
    assert ids(watched.offline.get_issues("api", at_time="-4d", sort="frequency")) == ["4", "3", "2", "1"]
    assert ids(watched.offline.get_issues("api", at_time="-1d", sort="priority")) == ["1", "4", "2"]
    cut = watched.offline.get_issues("api", at_time="-4d", limit=2)
    assert (ids(cut), cut["more"]) == (["1", "2"], True)


def test_nothing_is_asked_of_sentry(watched: Asking) -> None:
    for when in ("-30d", "-80h", "now"):
        watched.online.get_issues("api", at_time=when)
    assert watched.requests() == 0


def test_before_the_first_look_nothing_is_known_and_that_is_said(watched: Asking) -> None:
    answer = watched.online.get_issues("api", at_time="2026-11-15")
    freshness = fresh(answer)
    assert (answer["issues"], answer["more"], freshness["complete"]) == ([], None, False)
    assert freshness["could_not_fall_through_because"] == "not_supported"
    assert any("before 2026-11-15T12:34:56Z, our first look" in note for note in freshness["notes"])


def test_an_issue_first_looked_at_later_is_missing_if_it_may_have_been_there(watched: Asking) -> None:
    saw(watched, row(8, ago(days=1), first_seen=ago(days=1)))
    assert fresh(watched.offline.get_issues("api", at_time="-2d"))["complete"]
    saw(watched, row(9, ago(days=1), first_seen=ago(days=3)))
    answer = watched.offline.get_issues("api", at_time="-2d")
    assert ids(answer) == ["1", "2", "4"]
    assert not fresh(answer)["complete"]
    assert any(note.startswith("1 issues that may have been there") for note in fresh(answer)["notes"])
    saw(watched, row(10, ago(days=1), first_seen=None))
    assert any(
        note.startswith("2 issues") for note in fresh(watched.offline.get_issues("api", at_time="-2d"))["notes"]
    )


def test_what_was_not_looked_at_since_is_told_as_it_was_last_seen_and_not_certain(watched: Asking) -> None:
    saw(watched, row(5, ago(days=2)))
    answer = watched.offline.get_issues("api", at_time="-1d")
    assert [(key, found["certain"]) for key, found in by_id(answer).items()] == [
        ("1", True),
        ("2", True),
        ("4", True),
        ("5", False),
    ]
    assert by_id(answer)["5"]["verified_at"] == "2026-11-18T12:34:56Z"
    assert any(note.startswith("1 of these rows") for note in fresh(answer)["notes"])
    assert fresh(answer)["complete"]


def test_what_was_not_looked_at_since_may_have_come_to_the_status_asked_for(watched: Asking) -> None:
    saw(watched, row(5, ago(days=2)))
    assert fresh(watched.offline.get_issues("api", at_time="-1d", status="unresolved"))["complete"]
    answer = watched.offline.get_issues("api", at_time="-1d", status="resolved")
    assert ids(answer) == ["1"]
    assert not fresh(answer)["complete"]
    assert any("1 issues that were not resolved when last looked at" in note for note in fresh(answer)["notes"])


def test_after_the_last_sync_the_answer_is_as_old_as_that(watched: Asking) -> None:
    watched.rig.advance(600)
    freshness = fresh(watched.offline.get_issues("api", at_time="-1m"))
    assert (freshness["as_of"], freshness["stale"], freshness["complete"]) == (
        "2026-11-20T12:34:56Z",
        True,
        False,
    )
    assert any("last read at 2026-11-20T12:34:56Z, before at_time" in note for note in freshness["notes"])


def test_a_gap_in_what_was_read_since_leaves_doubt(watched: Asking) -> None:
    watched.write(lambda uow: uow.uncover("issues", "", Interval(ago(days=30), ago(days=29))))
    freshness = fresh(watched.offline.get_issues("api", at_time="-1d"))
    assert not freshness["complete"]
    assert any("without an event since 2026-10-22T12:34:56Z were not all read" in n for n in freshness["notes"])


def test_without_a_finished_sync_nothing_is_vouched_for(asking: Asking) -> None:
    asking.fill([project("2", "api"), row(1, ago(days=2))])
    answer = asking.offline.get_issues("api", at_time="-1d")
    assert (ids(answer), fresh(answer)["complete"], fresh(answer)["as_of"]) == (["1"], False, None)


def test_a_project_that_had_no_issue_yet_had_none(watched: Asking) -> None:
    saw(watched, project("3", "web", FIRST), issue(id="70", project_id="3", first_seen=NOW, verified_at=NOW))
    answer = watched.offline.get_issues("web", at_time="-1d")
    assert (answer["issues"], fresh(answer)["complete"]) == ([], True)


def test_text_of_the_last_event_is_not_said_to_be_older(watched: Asking) -> None:
    saw(watched, row(1, NOW, status="resolved", last_seen=ago(hours=1)))
    found = by_id(watched.offline.get_issues("api", at_time="-1d"))
    assert (found["1"]["last_seen"], found["2"]["last_seen"]) == (None, "2026-10-31T12:32:56Z")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"at_time": "2026-11-20T12:34:57Z"}, "at_time lies in the future"),
        ({"at_time": "last monday"}, "at_time is not a time"),
        ({"at_time": "-1d", "environment": "production"}, "environment cannot be asked together with at_time"),
    ],
)
def test_what_cannot_be_answered_is_refused(watched: Asking, arguments: Any, says: str) -> None:
    with pytest.raises(QuestionError, match=says):
        watched.offline.get_issues("api", **arguments)


def test_a_renamed_project_is_found_at_sentry_and_its_past_here(asking: Asking) -> None:
    asking.rig.sync("projects", "issues")
    asking.rig.advance(3600)
    asking.rig.sync("projects", "issues")
    asking.rig.sim.mutate.rename_project(asking.slug, "renamed")
    assert len(asking.online.get_issues("renamed", at_time="-30m")["issues"]) == 25


# -- from the first sync to the last, on a simulated Sentry ---------------------------------


@pytest.fixture
def lived(asking: Asking) -> tuple[Asking, dict[str, datetime], list[str]]:
    """An organization synced hourly while people work; the times of what they did, and to which issues."""
    rig, times = asking.rig, {}
    slug = asking.slug

    def step(name: str, act: Callable[[], object] = lambda: None) -> None:
        rig.advance(1800)
        times[f"doing {name}"] = rig.clock.now()
        act()
        rig.advance(1800)
        rig.syncer().run(("projects", "issues"), full=True)
        times[f"saw {name}"] = rig.clock.now()

    rig.sync("projects", "issues")
    times["first"] = rig.clock.now()
    world = rig.sim.world.issues
    mine = [key for key, one in world.items() if one.project.slug == slug and one.status == "unresolved"][:4]
    do = rig.sim.mutate
    step("nothing")
    step("resolve", lambda: do.resolve(mine[:2]))
    step("reopen", lambda: do.unresolve(mine[0]))
    step("assign", lambda: do.assign(mine[2], "ada@acme.example"))
    step("delete", lambda: do.delete([mine[3]]))
    step("new", lambda: do.new_issues(1, project=slug))
    return asking, times, mine


def test_what_was_so_is_told_of_each_moment(lived: tuple[Asking, dict[str, datetime], list[str]]) -> None:
    asking, times, mine = lived

    def told(name: str, seconds: float = 0) -> tuple[dict[str, Any], dict[str, Any]]:
        moment = times[name] + timedelta(seconds=seconds)
        answer = asking.online.get_issues(asking.slug, at_time=moment.isoformat(), limit=100)
        return by_id(answer), fresh(answer)

    found, freshness = told("saw nothing")
    assert freshness["complete"]
    assert [found[key]["status"] for key in mine] == ["unresolved"] * 4
    assert all(found[key]["certain"] for key in mine)
    assert found[mine[3]]["removed_since"] == "deleted"
    found, freshness = told("doing resolve")
    assert [found[key]["uncertain"].get("status") for key in mine] == [["unresolved", "resolved"]] * 2 + [None] * 2
    assert [found[key]["certain"] for key in mine] == [False, False, True, True]
    found, _ = told("saw resolve")
    assert [found[key]["status"] for key in mine] == ["resolved", "resolved", "unresolved", "unresolved"]
    found, _ = told("doing reopen")
    assert found[mine[0]]["uncertain"]["status"] == ["resolved", "unresolved"]
    found, _ = told("saw reopen")
    assert [found[key]["status"] for key in mine[:2]] == ["unresolved", "resolved"]
    assert found[mine[2]]["assigned_to"] is None
    found, _ = told("saw assign")
    someone = asking.rig.sim.world.issues[mine[2]].assigned_to
    assert someone is not None
    assert found[mine[2]]["assigned_to"] == someone["name"]
    found, _ = told("doing delete")
    assert found[mine[3]]["uncertain"] == {"removed_as": [None, "deleted"]}
    found, freshness = told("saw delete")
    assert mine[3] not in found
    assert freshness["complete"]
    before = len(found)
    found, freshness = told("doing new")
    assert (len(found), freshness["complete"]) == (before, False)
    found, freshness = told("saw new")
    assert (len(found), freshness["complete"]) == (before + 1, True)
    found, freshness = told("first", -60)
    assert (found, freshness["complete"]) == ({}, False)


def test_the_list_of_a_moment_with_a_look_is_the_one_that_was_told_then(asking: Asking) -> None:
    """Every row of every status, beside what the ordinary question answered at that very moment."""
    asking.rig.sync("projects", "issues")
    ordinary = asking.offline.get_issues(asking.slug, limit=100, status="unresolved", sort="frequency")
    then = asking.rig.clock.now()
    do = asking.rig.sim.mutate
    for number, key in enumerate(ids(ordinary)):
        (do.resolve, do.ignore, do.delete, do.new_events)[number % 4](key)
    asking.rig.advance(3600)
    asking.rig.syncer().run(("projects", "issues"), full=True)
    assert ids(asking.offline.get_issues(asking.slug, limit=100, status="unresolved")) != ids(ordinary)
    answer = asking.offline.get_issues(
        asking.slug, limit=100, status="unresolved", sort="frequency", at_time=then.isoformat()
    )
    same = ("id", "status", "substatus", "priority", "level", "assigned_to")
    assert [[found[name] for name in same] for found in answer["issues"]] == [
        [found[name] for name in same] for found in ordinary["issues"]
    ]
    assert [found["frequency"]["events"] for found in answer["issues"]] == [
        found["frequency"]["events"] for found in ordinary["issues"]
    ]

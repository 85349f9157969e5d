"""get-events: the newest events of an issue, from wherever they are known, and their traces."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sentry_sync.errors import QuestionError
from sentry_sync.records.event import Event, EventBody
from sentry_sync.records.intervals import Interval
from tests.answers.desk import BASE_URL, NOW, Asking, ago
from tests.support.rows import event, issue, project

KNOWN = Interval(ago(days=14), NOW)
ALL = Interval(ago(days=91), NOW)


def body(of: Event, **content: Any) -> EventBody:
    return EventBody(of.project_id, of.event_id, of.issue_id, of.timestamp, {"message": "boom", **content}, NOW)


def fresh(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["freshness"]
    return found


def numbers(answer: dict[str, Any]) -> list[int]:
    return [int(found["id"], 16) for found in answer["events"]]


@pytest.fixture
def filled(asking: Asking) -> Asking:
    """An issue that began ten days ago, with twelve events in known time."""
    events = [event(number, ago(hours=number)) for number in range(1, 13)]
    one = issue(first_seen=ago(days=10), last_seen=ago(hours=1))
    asking.fill([project("2", "api"), one, *events], issues=ALL, events=KNOWN)
    return asking


@pytest.mark.parametrize("name", ["17", "API-H", "api-h", f"{BASE_URL}/organizations/acme/issues/17/"])
def test_an_issue_goes_by_many_names(filled: Asking, name: str) -> None:
    answer = filled.offline.get_events(name)
    assert answer["issue"]["id"] == "17"
    assert numbers(answer) == list(range(1, 11))
    assert (answer["more"], fresh(answer)["complete"], fresh(answer)["source"]) == (True, True, "local")


def test_the_limit_is_a_limit(filled: Asking) -> None:
    assert numbers(filled.offline.get_events("17", limit=2)) == [1, 2]
    assert filled.offline.get_events("17", limit=12)["more"] is False


def test_what_attackers_write_stands_apart(filled: Asking) -> None:
    hostile = event(
        99,
        ago(minutes=1),
        title="a\u202eb",
        platform="run this",
        environment="x\ny",
        tags={"k\u200b": "v\x00"},
        user_key="id:1",
    )
    filled.write(lambda uow: uow.upsert([hostile]))
    found = filled.offline.get_events("17", limit=1, response_format="detailed")["events"][0]
    assert found["untrusted"] == {
        "title": "ab",
        "environment": "x y",
        "release": "r1",
        "transaction": "/pay",
        "user": "id:1",
        "tags": {"k": "v"},
    }
    assert (found["level"], found["platform"]) == ("error", None)


def test_fewer_events_than_wanted_are_complete_only_back_to_the_issues_beginning(filled: Asking) -> None:
    assert fresh(filled.offline.get_events("17", limit=50))["complete"]
    filled.fill([issue(first_seen=ago(days=20), last_seen=ago(hours=1))])
    found = fresh(filled.offline.get_events("17", limit=50))
    assert (found["complete"], found["could_not_fall_through_because"]) == (False, "offline")
    assert any("outside_coverage" in note for note in found["notes"])


def test_an_event_the_issue_had_that_is_not_there_is_a_miss(filled: Asking) -> None:
    filled.fill([issue(first_seen=ago(days=10), last_seen=ago(minutes=20))])
    assert not fresh(filled.offline.get_events("17"))["complete"]


def test_newer_events_than_the_last_pass_saw_are_told(filled: Asking) -> None:
    filled.rig.advance(240)
    later = NOW + timedelta(seconds=200)
    filled.fill([issue(first_seen=ago(days=10), last_seen=later, verified_at=later), event(90, later)])
    found = filled.offline.get_events("17")
    notes = " ".join(fresh(found)["notes"])
    assert fresh(found)["complete"]
    assert "last seen 2026-11-20T12:38:16Z, after as_of: it has newer events" in notes
    assert "of the events after as_of there may be more" in notes


def test_time_the_server_only_sampled_is_not_known(asking: Asking) -> None:
    def action(uow: Any) -> None:
        uow.upsert([issue(first_seen=ago(days=1), last_seen=ago(hours=1)), event(1, ago(hours=1))])
        uow.mark("events", "", NOW, NOW)
        uow.cover("events", "", KNOWN, source="explore", approximate=True)

    asking.write(action)
    assert not fresh(asking.offline.get_events("17"))["complete"]


def test_events_of_a_project_read_alone_are_known(asking: Asking) -> None:
    def action(uow: Any) -> None:
        uow.upsert([issue(first_seen=ago(days=1), last_seen=ago(hours=1)), event(1, ago(hours=1))])
        uow.mark("events", "project:2", NOW, NOW)
        uow.cover("events", "project:2", KNOWN, source="project_events")

    asking.write(action)
    assert fresh(asking.offline.get_events("17"))["complete"]


def test_a_merged_issue_leads_to_the_one_it_went_into(filled: Asking) -> None:
    filled.fill([issue(id="16", short_id="API-G"), event(50, ago(minutes=90), issue_id="16")])
    with filled.rig.store.write() as uow:
        uow._connection.exec_driver_sql("UPDATE issues SET merged_into = '17', removed_at = 1 WHERE id = '16'")
    answer = filled.offline.get_events("16", limit=3)
    assert (answer["issue"]["id"], numbers(answer)) == ("17", [1, 50, 2])
    assert "issue 16 was merged into 17, whose events these are" in fresh(answer)["notes"]


def test_an_issue_sentry_no_longer_has_says_so(filled: Asking) -> None:
    with filled.rig.store.write() as uow:
        uow._connection.exec_driver_sql("UPDATE issues SET removed_at = 1")
    answer = filled.offline.get_events("17")
    assert numbers(answer)
    assert any("Sentry no longer has this issue" in note for note in fresh(answer)["notes"])


def test_an_unknown_issue_offline_is_an_empty_answer_with_the_reason(filled: Asking) -> None:
    answer = filled.offline.get_events("18")
    assert (answer["issue"], answer["events"], answer["more"]) == (None, [], None)
    assert (fresh(answer)["complete"], fresh(answer)["could_not_fall_through_because"]) == (False, "offline")
    assert any("unknown_id" in note for note in fresh(answer)["notes"])


def test_an_address_of_another_organization_is_refused(filled: Asking) -> None:
    with pytest.raises(QuestionError, match="organization globex, this is a copy of acme"):
        filled.offline.get_events(f"{BASE_URL}/organizations/globex/issues/17/")


# -- traces -------------------------------------------------------------------------------


def test_a_trace_is_one_events_unless_more_are_asked_for(filled: Asking) -> None:
    filled.fill([body(event(1, ago(hours=1)), tags=[["region", "eu"]])])
    answer = filled.offline.get_events("17", full_trace=True)
    assert numbers(answer) == [1]
    assert answer["events"][0]["untrusted"]["trace"] == {"message": "boom", "tags": {"region": "eu"}}
    assert fresh(answer)["complete"]


def test_bodies_that_are_not_held_are_missed(filled: Asking) -> None:
    filled.fill([body(event(1, ago(hours=1)))])
    answer = filled.offline.get_events("17", full_trace=True, limit=2)
    assert [found["untrusted"]["trace"] for found in answer["events"]] == [{"message": "boom"}, None]
    assert not fresh(answer)["complete"]
    assert any("needs_bodies" in note for note in fresh(answer)["notes"])


# -- from Sentry --------------------------------------------------------------------------


def busiest(asking: Asking) -> str:
    found = max(asking.rig.sim.world.issues.values(), key=lambda one: len(one.events))
    return str(found.id)


def test_sentrys_own_events_are_those_the_store_gives_after_a_sync(asking: Asking) -> None:
    wanted = busiest(asking)
    live = asking.online.get_events(wanted, limit=5)
    assert (fresh(live)["source"], fresh(live)["complete"]) == ("live", True)
    assert fresh(live)["fell_through_because"] == "never_synced"
    asking.rig.sync()
    local = asking.offline.get_events(wanted, limit=5)
    assert (fresh(local)["source"], fresh(local)["complete"]) == ("local", True)
    assert [found["id"] for found in local["events"]] == [found["id"] for found in live["events"]]


def test_what_was_read_of_an_issue_is_kept_and_stands_until_the_issue_is_seen_again(asking: Asking) -> None:
    asking.rig.sync("projects", "issues")
    asking.rig.advance(300)  # whatever was under way has arrived
    wanted = busiest(asking)
    first = asking.online.get_events(wanted, limit=100)
    assert fresh(first)["complete"]
    asking.rig.advance(3600)
    asking.rig.sync("issues")
    asked = asking.requests("/events/")
    quiet = asking.online.get_events(wanted, limit=100)
    assert (fresh(quiet)["source"], fresh(quiet)["stale"], asking.requests("/events/")) == ("local", False, asked)
    asking.rig.sim.mutate.new_events(wanted)
    asking.rig.advance(60)
    asking.rig.sync("issues")
    seen = asking.online.get_events(wanted, limit=100)
    assert fresh(seen)["source"] == "live"
    assert len(seen["events"]) == len(quiet["events"]) + 1


def test_missing_bodies_are_fetched_and_kept(asking: Asking) -> None:
    asking.rig.sync("projects", "issues", "releases")
    wanted = busiest(asking)
    asking.online.get_events(wanted, limit=4)
    answer = asking.online.get_events(wanted, limit=4, full_trace=True)
    assert (fresh(answer)["source"], fresh(answer)["fell_through_because"]) == ("mixed", "needs_bodies")
    assert all(found["untrusted"]["trace"] for found in answer["events"])
    asked = asking.requests()
    again = asking.offline.get_events(wanted, limit=4, full_trace=True)
    assert (fresh(again)["complete"], asking.requests()) == (True, asked)
    assert again["events"] == answer["events"]


def test_one_missing_body_is_fetched_alone(asking: Asking) -> None:
    asking.rig.sync("projects", "issues")
    wanted = busiest(asking)
    asking.online.get_events(wanted)
    asked = asking.requests("/events/")
    assert fresh(asking.online.get_events(wanted, full_trace=True))["complete"]
    assert asking.requests("/events/") == asked + 1


def test_many_bodies_come_ten_to_a_page(asking: Asking) -> None:
    asking.rig.sync("projects", "issues")
    wanted = busiest(asking)
    held = len(asking.online.get_events(wanted, limit=100)["events"])
    asked = asking.requests("/events/")
    answer = asking.online.get_events(wanted, limit=100, full_trace=True)
    assert fresh(answer)["complete"]
    assert asking.requests("/events/") == asked + -(-held // 10)


def test_an_address_that_points_at_an_event_shows_that_one(asking: Asking) -> None:
    asking.rig.sync("projects", "issues")
    wanted = busiest(asking)
    second = asking.online.get_events(wanted, limit=2)["events"][1]["id"]
    address = f"{BASE_URL}/organizations/acme/issues/{wanted}/events/{second}/"
    answer = asking.offline.get_events(address)
    assert [found["id"] for found in answer["events"]] == [second]
    with pytest.raises(QuestionError, match="no longer has this event"):
        asking.online.get_events(f"{BASE_URL}/organizations/acme/issues/{wanted}/events/{'0' * 32}/")


def test_an_event_pointed_at_is_fetched_when_it_is_not_held(asking: Asking) -> None:
    wanted = busiest(asking)
    listed = asking.online.get_events(wanted, limit=1)["events"][0]["id"]
    with asking.rig.store.write() as uow:
        uow._connection.exec_driver_sql("DELETE FROM events")
    answer = asking.online.get_events(
        f"{BASE_URL}/organizations/acme/issues/{wanted}/events/{listed}/", full_trace=True
    )
    assert [found["id"] for found in answer["events"]] == [listed]
    assert answer["events"][0]["untrusted"]["trace"]["exceptions"]
    assert (fresh(answer)["source"], fresh(answer)["fell_through_because"]) == ("live", "unknown_id")


def test_an_issue_neither_side_knows_is_refused(asking: Asking) -> None:
    for name in ("999999", "NOPE-1A"):
        with pytest.raises(QuestionError, match="Sentry has no such issue"):
            asking.online.get_events(name)


def test_a_short_id_is_looked_up_at_sentry(asking: Asking) -> None:
    one = asking.rig.sim.world.issues[busiest(asking)]
    answer = asking.online.get_events(one.short_id, limit=1)
    assert answer["issue"]["id"] == one.id


def test_an_issue_merged_at_sentry_answers_with_its_parent(asking: Asking) -> None:
    parent, child = [str(one.id) for one in asking.rig.sim.world.issues.values()][:2]
    asking.rig.sim.mutate.merge(parent, child)
    answer = asking.online.get_events(child, limit=1)
    assert answer["issue"]["id"] == parent
    assert any(f"issue {child} was merged into {parent}" in note for note in fresh(answer)["notes"])


def test_glitchtip_lists_events_with_their_bodies(tmp_path: Any) -> None:
    asking = Asking(tmp_path, profile="glitchtip")
    try:
        wanted = busiest(asking)
        answer = asking.online.get_events(wanted, limit=3, full_trace=True)
        assert fresh(answer)["complete"]
        assert all(found["untrusted"]["trace"] for found in answer["events"])
    finally:
        asking.close()

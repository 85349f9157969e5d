"""The status of the copy as an answer: always there, and never better than the copy is."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from sentry_sync.answers.asking import Ask
from sentry_sync.answers.projects import ProjectsQuestion
from sentry_sync.cli.settings import load
from sentry_sync.cli.status import document
from sentry_sync.errors import StoreMismatch
from sentry_sync.records.audit import Doubt
from sentry_sync.records.delivery import Delivery
from sentry_sync.records.intervals import Interval
from sentry_sync.records.schedule import TOKEN_REFUSED, Entry, Rest
from sentry_sync.store.presence import this_process
from sentry_sync.sync.plan import INTERVALS, stale_after
from sentry_sync.sync.run import RESOURCES
from tests.answers.desk import NOW, Asking, ago


def resource(answer: dict[str, Any], name: str) -> dict[str, Any]:
    entries: list[dict[str, Any]] = answer["resources"]
    return next(entry for entry in entries if entry["resource"] == name)


def test_a_copy_just_synced_is_fresh_and_whole(asking: Asking) -> None:
    asking.rig.sync()
    asked = asking.requests()
    answer = asking.online.sync_status()
    assert [entry["resource"] for entry in answer["resources"]] == list(RESOURCES)
    assert {(entry["as_of"], entry["stale"]) for entry in answer["resources"]} == {("2026-11-20T12:34:56Z", False)}
    told = answer["freshness"]
    assert (told["source"], told["as_of"], told["stale"], told["complete"]) == (
        "local",
        "2026-11-20T12:34:56Z",
        False,
        True,
    )
    assert answer["organization"] == "acme"
    assert asking.requests() == asked, "it asks nobody"


def test_it_says_the_same_as_the_command_line(asking: Asking) -> None:
    asking.rig.sync("issues", "events")
    answer = asking.offline.sync_status(response_format="detailed")
    printed = document(load({"store": str(asking.rig.directory)}), asking.rig.clock)
    for entry in printed["resources"]:
        told = resource(answer, entry["resource"])
        assert (told["stale"], told["rejected"], told["supported"]) == (
            entry["stale"],
            entry["rejected"],
            entry["supported"],
        )
        assert [stream["state"] for stream in told["streams"]] == [stream["state"] for stream in entry["streams"]]


def test_without_a_store_it_answers_that_nothing_was_synced(asking: Asking) -> None:
    answer = asking.offline.sync_status()
    assert {entry["as_of"] for entry in answer["resources"]} == {None}
    assert (answer["freshness"]["complete"], answer["freshness"]["stale"]) == (False, True)
    assert "nothing has been synced here yet" in answer["freshness"]["notes"][0]
    assert answer["server"] == {"url": "http://127.0.0.1", "configured": False, "trouble": None}
    assert not asking.rig.store.paths.database.exists()


def test_the_whole_is_as_old_as_its_oldest_part_and_stale_with_any_part(asking: Asking) -> None:
    asking.rig.sync()
    asking.rig.advance(stale_after("issues").total_seconds() + 1)
    answer = asking.offline.sync_status()
    assert [entry["resource"] for entry in answer["resources"] if entry["stale"]] == ["issues"]
    assert answer["freshness"]["stale"] is True
    asking.rig.sync("issues")
    answer = asking.offline.sync_status()
    assert (answer["freshness"]["stale"], answer["freshness"]["as_of"]) == (False, "2026-11-20T12:34:56Z")


def test_what_was_never_read_makes_it_incomplete_and_is_named(asking: Asking) -> None:
    asking.rig.sync("projects", "issues")
    told = asking.offline.sync_status()["freshness"]
    assert (told["complete"], told["as_of"]) == (False, None)
    assert "never read whole so far: releases, events, performance" in told["notes"]


def test_what_failed_is_told_with_its_error_and_what_is_well_is_not(asking: Asking) -> None:
    asking.rig.sim.faults.add("/releases/", "status", status=403, times=100)
    asking.rig.sync("projects", "releases")
    answer = asking.offline.sync_status()
    (trouble,) = [one for one in resource(answer, "releases")["troubles"] if one["stream"] == "releases"]
    assert trouble["state"] == "failed"
    assert "403" in trouble["error"]
    assert resource(answer, "projects")["troubles"] == []
    assert "streams" not in resource(answer, "projects")


def test_rows_that_could_not_be_read_are_counted_with_their_reason(asking: Asking) -> None:
    asking.rig.after = lambda body: body.replace(b'"level":"error"', b'"level":{"x":1}', 1)
    asking.rig.sync("issues")
    issues = resource(asking.offline.sync_status(), "issues")
    assert issues["rejected"] == 2
    assert issues["troubles"][0]["reject_reason"]


def test_a_window_read_again_makes_good_for_what_it_rejected(asking: Asking) -> None:
    asking.fill([])
    for rejects in (["odd"], []):

        def action(uow: Any, rejects: list[str] = rejects) -> None:
            run = uow.begin_pass("events", "", Interval(ago(hours=1), NOW), NOW)
            uow.end_pass(uow.turn_page(run, None, 1, rejects, NOW), "done", NOW)

        asking.write(action)
        rejected = resource(asking.offline.sync_status(), "events")["rejected"]
        assert rejected == len(rejects)


def test_coverage_is_told_with_its_newest_gaps_and_how_many_there_are(asking: Asking) -> None:
    def action(uow: Any) -> None:
        for day in range(10, 0, -1):
            uow.cover("events", "", Interval(ago(days=day), ago(days=day - 0.5)), source="explore")

    asking.write(action)
    (part,) = resource(asking.offline.sync_status(), "events")["coverage"]
    assert (part["from"], part["to"]) == ("2026-11-10T12:34:56Z", "2026-11-20T00:34:56Z")
    assert part["gaps_in_all"] == 9
    assert part["gaps"][-1] == {"from": "2026-11-19T00:34:56Z", "to": "2026-11-19T12:34:56Z"}
    assert len(part["gaps"]) == 5


def test_who_syncs_and_when_it_goes_on_is_told(asking: Asking) -> None:
    asking.rig.sync()
    assert asking.offline.sync_status()["syncing"] is None
    with asking.rig.store.syncing():
        due = NOW + timedelta(minutes=3)

        def action(uow: Any) -> None:
            uow.keep_schedule(Entry("issues.hot", INTERVALS["issues"], due), NOW)
            uow.keep_schedule(Entry("releases", INTERVALS["releases"], ago(minutes=1)), NOW)

        asking.write(action)
        answer = asking.offline.sync_status()
    assert answer["syncing"]["process"] == this_process()
    assert resource(answer, "issues")["next_sync_at"] == "2026-11-20T12:37:56Z"
    assert resource(answer, "releases")["next_sync_at"] == "2026-11-20T12:34:56Z", "what is overdue comes now"
    assert resource(answer, "projects")["next_sync_at"] is None


REST = Rest(NOW + timedelta(minutes=9), TOKEN_REFUSED)


def test_while_all_rests_every_answer_says_when_it_goes_on_and_the_status_why(asking: Asking) -> None:
    asking.rig.sync()
    with asking.rig.store.syncing():
        failing(asking, "issues.hot", 1, "Sentry refused the token")
        asking.write(lambda uow: uow.rest(REST))
        answer, issues = asking.offline.sync_status(), asking.offline.get_issues(asking.slug)
        asking.rig.advance(9 * 60)
        asking.write(lambda uow: None)
        later, issues_later = asking.offline.sync_status(), asking.offline.get_issues(asking.slug)
    over = "2026-11-20T12:43:56Z"
    assert (answer["syncing"]["resting_until"], answer["syncing"]["resting_because"]) == (over, TOKEN_REFUSED)
    assert resource(answer, "issues")["next_sync_at"] == over
    assert resource(answer, "issues")["troubles"][0]["next_try_at"] == over
    assert f"the sync rests until {over}, since the token was refused" in answer["freshness"]["notes"][0]
    assert issues["freshness"]["next_sync_at"] == over
    assert f"next try at {over}" in issues["freshness"]["notes"][0]
    assert (later["syncing"]["resting_until"], later["freshness"]["notes"]) == (None, [])
    assert issues_later["freshness"]["next_sync_at"] == over, "it is due since long, and comes now"


def test_the_rest_of_a_process_that_is_gone_is_nobodys(asking: Asking) -> None:
    asking.rig.sync()
    with asking.rig.store.syncing():
        asking.write(lambda uow: uow.rest(REST))
        asking.rig.clock.advance(61)
        answer = asking.offline.sync_status()
    assert (answer["syncing"], resource(answer, "issues")["next_sync_at"]) == (None, None)
    assert not [note for note in answer["freshness"]["notes"] if "rests" in note]


def test_the_budget_and_what_the_server_refused_of_late_are_told(asking: Asking) -> None:
    asking.rig.sim.faults.add("/projects/", "status", status=403)
    asking.rig.sync("projects", "issues")
    budget = asking.online.sync_status()["budget"]
    assert budget["spent"] == asking.requests() == sum(budget["spent_by_lane"].values())
    assert budget["refused"] == {"403": 1}
    assert budget["left_for_questions"] == 100 - budget["spent"]


def test_hours_in_doubt_are_told(asking: Asking) -> None:
    asking.write(lambda uow: uow.doubt([(Doubt("events", ago(hours=3), 5, 4, NOW), ())]))
    assert asking.offline.sync_status()["doubts"] == [
        {"resource": "events", "hours": 1, "newest_at": "2026-11-20T12:34:56Z"}
    ]


def test_an_uninstalled_integration_is_told_with_what_to_do(asking: Asking) -> None:
    assert asking.offline.sync_status()["webhooks"] == {"last_at": None, "uninstalled_at": None}
    gone = Delivery("c" * 32, "3", "installation", "deleted", ago(days=3))
    asking.write(lambda uow: uow.deliveries.take([gone]))
    answer = asking.offline.sync_status()
    assert answer["webhooks"] == dict.fromkeys(("last_at", "uninstalled_at"), "2026-11-17T12:34:56Z")
    (note,) = (one for one in answer["freshness"]["notes"] if "uninstalled" in one)
    assert "install it again" in note


@pytest.mark.parametrize("status", [401, 429, 503])
def test_it_answers_whatever_is_wrong_with_sentry(asking: Asking, status: int) -> None:
    asking.rig.sync("projects")
    asking.fail(status)
    asking.online.ask(ProjectsQuestion(), Ask(fresh=True))
    answer = asking.online.sync_status()
    assert answer["budget"]["refused"][str(status)] >= 1
    assert resource(answer, "projects")["as_of"] is not None


def test_a_server_that_could_not_be_reached_is_named(asking: Asking) -> None:
    asking.rig.sync("projects")
    asking.unplug()
    asking.online.get_releases(asking.slug)
    assert "cannot reach 127.0.0.1" in asking.online.sync_status()["server"]["trouble"]


def test_another_organizations_copy_is_refused(asking: Asking) -> None:
    asking.rig.sync("projects")
    other = asking.answers(None, organization="globex")
    with pytest.raises(StoreMismatch):
        other.sync_status()
    other.close()


def test_it_says_nothing_of_this_machine(asking: Asking) -> None:
    asking.rig.sync("projects")
    assert str(asking.rig.directory) not in json.dumps(asking.offline.sync_status(response_format="detailed"))


def failing(asking: Asking, stream: str, failures: int, error: str | None, at: Any = NOW) -> None:
    entry = Entry(stream, timedelta(minutes=1), ago(minutes=-2), failures=failures, error=error)
    asking.write(lambda uow: uow.keep_schedule(entry, at))


def test_what_failed_again_and_again_says_how_often_why_and_when_it_is_tried_again(asking: Asking) -> None:
    asking.rig.sync("projects", "issues")
    failing(asking, "issues.hot", 3, "a defect of sentry-sync: KeyError; please report it", ago(minutes=-1))
    (trouble,) = resource(asking.offline.sync_status(), "issues")["troubles"]
    assert (trouble["stream"], trouble["failures"], trouble["next_try_at"]) == (
        "issues.hot",
        3,
        "2026-11-20T12:36:56Z",
    )
    assert "KeyError" in trouble["error"]
    (told,) = asking.offline.get_issues(asking.slug)["freshness"]["notes"]
    assert told == (
        "the sync of issues.hot failed 3 times in a row, next try at 2026-11-20T12:36:56Z: "
        "a defect of sentry-sync: KeyError; please report it"
    )


def test_what_a_later_sync_has_brought_is_no_trouble_any_more(asking: Asking) -> None:
    failing(asking, "issues.hot", 3, "Sentry was away", ago(minutes=1))
    asking.rig.sync("projects", "issues")
    assert resource(asking.offline.sync_status(), "issues")["troubles"] == []
    assert asking.offline.get_issues(asking.slug)["freshness"]["notes"] == []

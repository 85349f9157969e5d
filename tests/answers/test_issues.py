"""get-issues: the right rows in the right order, from the store where it can vouch for them, else from Sentry."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import orjson
import pytest

from sentry_sync.answers.context import Answers
from sentry_sync.errors import QuestionError
from sentry_sync.records.event import ErrorCount, Event
from sentry_sync.records.intervals import Interval, floor
from sentry_sync.records.issue import IssueEnvironment
from sentry_sync.simulator import WorldSize
from sentry_sync.store import tables
from sentry_sync.sync.streams.issues import SWEEP_NAME
from tests.answers.desk import NOW, Asking, ago
from tests.support.rows import issue, project

WHOLE = Interval(ago(days=91), NOW)
DAY = timedelta(days=1)


def row(key: int, last_seen: Any, **changes: Any) -> Any:
    given = {"first_seen": ago(days=85), "verified_at": NOW, "short_id": f"API-{key}", **changes}
    return issue(id=str(key), project_id="2", last_seen=last_seen, **given)


def ids(answer: dict[str, Any]) -> list[str]:
    return [found["id"] for found in answer["issues"]]


def fresh(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["freshness"]
    return found


@pytest.fixture
def filled(asking: Asking) -> Asking:
    """Six issues of every kind, a year's worth of statuses, all covered."""
    asking.fill(
        [
            project("2", "api"),
            project("3", "web"),
            row(1, ago(hours=1), count=5, priority="low"),
            row(2, ago(hours=2), count=50, priority="high", status="resolved", substatus=None),
            row(3, ago(hours=3), count=500, priority="medium"),
            row(4, ago(hours=4), count=50, priority=None, status="ignored"),
            row(5, ago(days=60), count=1, priority="high"),
            row(6, ago(hours=5), status="reprocessing", priority="low", count=2),
            issue(id="7", project_id="3", last_seen=ago(minutes=1)),
        ],
        issues=WHOLE,
    )
    return asking


def test_the_newest_come_first_whatever_their_status(filled: Asking) -> None:
    assert ids(filled.offline.get_issues("api")) == ["1", "2", "3", "4", "6", "5"]


def test_a_project_is_named_by_slug_or_id(filled: Asking) -> None:
    assert ids(filled.offline.get_issues("2")) == ids(filled.offline.get_issues(" api "))


@pytest.mark.parametrize(
    ("status", "found"), [("unresolved", ["1", "3", "5"]), ("resolved", ["2"]), ("ignored", ["4"])]
)
def test_a_status_leaves_only_its_own(filled: Asking, status: str, found: list[str]) -> None:
    answer = filled.offline.get_issues("api", status=status)
    assert ids(answer) == found
    assert any("moved into this status since may be missing" in note for note in fresh(answer)["notes"])
    filled.write(lambda uow: uow.mark(SWEEP_NAME, "", ago(hours=1), ago(hours=1)))
    (note,) = fresh(filled.offline.get_issues("api", status=status))["notes"]
    assert "moved into this status since 2026-11-20T11:34:56Z may be missing" in note


def test_frequency_is_the_lifetime_count_and_of_ties_the_higher_id_comes_first(filled: Asking) -> None:
    assert ids(filled.offline.get_issues("api", sort="frequency")) == ["3", "4", "2", "1", "6", "5"]


def test_priority_is_high_medium_low_none_and_newest_within(filled: Asking) -> None:
    assert ids(filled.offline.get_issues("api", sort="priority")) == ["2", "5", "3", "1", "6", "4"]


def test_a_limit_cuts_and_says_that_there_is_more(filled: Asking) -> None:
    cut, whole = filled.offline.get_issues("api", limit=2), filled.offline.get_issues("api", limit=6)
    assert (ids(cut), cut["more"]) == (["1", "2"], True)
    assert whole["more"] is False


def test_a_row_has_what_a_triager_needs_and_what_attackers_write_stands_apart(filled: Asking) -> None:
    filled.write(
        lambda uow: (
            uow.upsert(
                [
                    row(
                        1,
                        ago(hours=1),
                        title="Ignore\u202e all",
                        culprit="x\ny",
                        first_release="r\u200b1",
                        count=5,
                    ),
                    IssueEnvironment("1", "prod\u202e", "2", ago(days=2), ago(hours=1)),
                    IssueEnvironment("1", "", "2", ago(days=2), ago(hours=1)),
                ]
            )
            and None
        )
    )
    found = filled.offline.get_issues("api", limit=1)["issues"][0]
    assert found["untrusted"] == {
        "title": "Ignore all",
        "culprit": "x y",
        "environment": ["prod"],
        "first_release": "r1",
    }
    assert found["frequency"] == {"events": 5, "last_24h": None}
    assert (found["last_seen"], found["verified_at"]) == ("2026-11-20T11:34:56Z", "2026-11-20T12:34:56Z")
    assert {"level", "priority", "substatus", "assigned_to", "users", "unhandled", "category", "permalink"} < set(
        found
    )


def test_removed_issues_are_left_out(filled: Asking) -> None:
    with filled.rig.store.write() as uow:
        uow._connection.exec_driver_sql("UPDATE issues SET removed_at = 1 WHERE id = '1'")
    assert ids(filled.offline.get_issues("api"))[0] == "2"


def test_the_last_24_hours_are_counted_where_every_hour_is_known(filled: Asking) -> None:
    hour = floor(NOW, timedelta(hours=1))
    counts = [
        ErrorCount("2", "1", "production", "r1", hour, 3, None),
        ErrorCount("2", "1", "staging", "r1", hour - timedelta(hours=23), 4, None),
        ErrorCount("2", "1", "production", "r1", hour - timedelta(hours=24), 50, None),
    ]
    filled.fill(counts, error_counts=Interval(hour - timedelta(hours=23), NOW))
    answer = filled.offline.get_issues("api", limit=2)
    assert [found["frequency"]["last_24h"] for found in answer["issues"]] == [7, 0]


def test_the_last_24_hours_are_unknown_when_an_hour_of_them_is(filled: Asking) -> None:
    filled.fill([], error_counts=Interval(floor(NOW, DAY), NOW))
    assert filled.offline.get_issues("api", limit=1)["issues"][0]["frequency"]["last_24h"] is None


def test_hourly_counts_know_nothing_of_issues_that_are_no_errors(filled: Asking) -> None:
    filled.fill([row(1, ago(hours=1), category="performance")], error_counts=Interval(ago(days=2), NOW))
    found = filled.offline.get_issues("api", limit=2)["issues"]
    assert [entry["frequency"]["last_24h"] for entry in found] == [None, 0]


def test_the_answer_is_as_old_as_the_last_complete_pass_and_stale_after_two_missed(filled: Asking) -> None:
    filled.rig.advance(119)
    young = fresh(filled.offline.get_issues("api"))
    assert (young["as_of"], young["age_seconds"], young["stale"]) == ("2026-11-20T12:34:56Z", 119, False)
    filled.rig.advance(2)
    old = fresh(filled.online.get_issues("api"))
    assert (old["source"], old["stale"], old["complete"]) == ("local", True, True)
    assert filled.requests() == 0


def test_a_status_older_than_the_answer_is_told(filled: Asking) -> None:
    filled.fill([row(5, ago(days=60), verified_at=ago(days=3))])
    filled.fill([row(8, ago(days=61), verified_at=ago(days=4))])
    assert fresh(filled.offline.get_issues("api"))["oldest_verified_at"] == "2026-11-16T12:34:56Z"
    assert fresh(filled.offline.get_issues("api", limit=2))["oldest_verified_at"] == "2026-11-20T12:34:56Z"


# -- a first sync under way ---------------------------------------------------------------


@pytest.fixture
def begun(asking: Asking) -> Asking:
    """A first sync that has come back to two days ago: no pass has ended."""

    def action(uow: Any) -> None:
        uow.upsert([project("2", "api"), *(row(key, ago(hours=key), priority="high") for key in range(1, 31))])
        uow.mark("projects", "", NOW, NOW)
        uow.cover("issues", "", Interval(ago(hours=30.5), NOW), source="issues")
        run = uow.begin_pass("issues.hot", "", WHOLE, NOW)
        uow.turn_page(run, "c", 30, [], NOW)

    asking.write(action)
    return asking


def test_a_first_sync_under_way_answers_for_the_newest_and_says_so(begun: Asking) -> None:
    found = fresh(begun.offline.get_issues("api", limit=30))
    assert (found["complete"], found["as_of"]) == (True, "2026-11-20T12:34:56Z")
    assert any("first sync of issues.hot is not finished" in note for note in found["notes"])


def test_a_first_sync_under_way_does_not_vouch_for_more_than_it_has_read(begun: Asking) -> None:
    found = fresh(begun.offline.get_issues("api", limit=31))
    assert (found["complete"], found["could_not_fall_through_because"]) == (False, "offline")
    assert any("outside_coverage" in note for note in found["notes"])


def test_an_order_that_older_issues_could_change_needs_the_whole_window(begun: Asking) -> None:
    assert not fresh(begun.offline.get_issues("api", limit=5, sort="frequency"))["complete"]


def test_as_many_issues_of_high_priority_as_wanted_cannot_be_beaten_by_older_ones(begun: Asking) -> None:
    assert fresh(begun.offline.get_issues("api", limit=5, sort="priority"))["complete"]
    begun.write(lambda uow: uow.upsert([row(2, ago(hours=2), priority="low")]))
    assert not fresh(begun.offline.get_issues("api", limit=30, sort="priority"))["complete"]


def test_a_gap_in_the_coverage_is_not_read_over(filled: Asking) -> None:
    with filled.rig.store.write() as uow:
        uow.uncover("issues", "", Interval(ago(hours=3.5), ago(hours=2.5)))
    assert fresh(filled.offline.get_issues("api", limit=2))["complete"]
    assert not fresh(filled.offline.get_issues("api", limit=3))["complete"]


# -- environments -------------------------------------------------------------------------


@pytest.fixture
def deployed(filled: Asking) -> Asking:
    pairs = [
        IssueEnvironment("1", "staging", "2", ago(days=9), ago(hours=7)),
        IssueEnvironment("3", "staging", "2", ago(days=9), ago(hours=3)),
        IssueEnvironment("5", "staging", "2", ago(days=70), ago(days=60)),
        IssueEnvironment("2", "production", "2", ago(days=9), ago(hours=2)),
        IssueEnvironment("7", "staging", "3", ago(days=9), ago(minutes=1)),
    ]
    filled.fill(pairs, issue_environments=Interval(ago(days=91), NOW))
    return filled


def test_an_environment_leaves_its_issues_the_newest_there_first(deployed: Asking) -> None:
    answer = deployed.offline.get_issues("api", environment="staging")
    assert ids(answer) == ["3", "1", "5"]
    assert fresh(answer)["complete"]
    assert ids(deployed.offline.get_issues("api", environment="staging", status="resolved")) == []


def test_an_environment_answers_locally_as_far_back_as_the_pairs_are_known(deployed: Asking) -> None:
    with deployed.rig.store.write() as uow:
        uow.uncover("issue_environments", "", Interval(ago(days=91), ago(days=1)))
    assert fresh(deployed.offline.get_issues("api", environment="staging", limit=2))["complete"]
    assert not fresh(deployed.offline.get_issues("api", environment="staging", limit=3))["complete"]


def test_pairs_need_not_reach_back_beyond_the_projects_oldest_issue(deployed: Asking) -> None:
    with deployed.rig.store.write() as uow:
        uow.uncover("issue_environments", "", Interval(ago(days=91), ago(days=86)))
    assert fresh(deployed.offline.get_issues("api", environment="staging"))["complete"]


def test_issues_of_other_kinds_whose_environments_nobody_knows_are_not_passed_over(deployed: Asking) -> None:
    deployed.fill([row(9, ago(hours=5), category="performance")])
    assert fresh(deployed.offline.get_issues("api", environment="staging", limit=1))["complete"]
    found = fresh(deployed.offline.get_issues("api", environment="staging", limit=2))
    assert (found["complete"], found["could_not_fall_through_because"]) == (False, "offline")


def test_without_pairs_an_environment_was_never_synced(filled: Asking) -> None:
    found = fresh(filled.offline.get_issues("api", environment="staging"))
    assert any("never_synced" in note for note in found["notes"])


def test_environments_come_from_events_where_the_pairs_are_not_known(filled: Asking) -> None:
    event = Event("2", "1" * 32, "1", ago(hours=1), "canary", None, None, None, None, None, None, {})
    filled.write(lambda uow: uow.upsert([event]))
    assert filled.offline.get_issues("api", limit=1)["issues"][0]["untrusted"]["environment"] == ["canary"]


# -- from Sentry --------------------------------------------------------------------------


def both(asking: Asking, **arguments: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answer from Sentry through an empty store, and from the store once everything was synced."""
    live = asking.online.get_issues(asking.slug, **arguments)
    asking.rig.sync("projects", "issues", "events")
    return live, asking.offline.get_issues(asking.slug, **arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"limit": 3},
        {"status": "unresolved"},
        {"status": "ignored"},
        {"status": "resolved", "limit": 2},
        {"sort": "frequency", "limit": 7},
        {"sort": "priority", "limit": 7},
        {"sort": "priority"},
        {"environment": "production"},
        {"environment": "production", "limit": 4},
        {"environment": "staging", "status": "unresolved", "sort": "frequency"},
        {"environment": "nowhere"},
    ],
    ids=str,
)
def test_sentrys_own_answer_is_the_one_the_store_gives_after_a_sync(asking: Asking, arguments: Any) -> None:
    live, local = both(asking, **arguments)
    assert (fresh(live)["source"], fresh(local)["source"]) == ("live", "local")
    assert (fresh(live)["complete"], fresh(local)["complete"]) == (True, True)
    assert fresh(live)["fell_through_because"] == "never_synced"
    assert ids(live) == ids(local)
    assert live["more"] == local["more"]
    keep = ("status", "priority", "users", "first_seen", "last_seen")
    assert [[found[name] for name in keep] for found in live["issues"]] == [
        [found[name] for name in keep] for found in local["issues"]
    ]


def test_a_miss_is_written_back_and_answers_the_same_question_for_a_while(asking: Asking) -> None:
    first = asking.online.get_issues(asking.slug, status="unresolved", limit=5)
    asked = asking.requests()
    again = asking.online.get_issues(asking.slug, status="unresolved", limit=5)
    assert asking.requests() == asked
    assert ids(again) == ids(first)
    assert (fresh(again)["source"], fresh(again)["complete"]) == ("local", True)
    asking.rig.advance(180)  # nobody refreshes it, so once it would be stale Sentry is asked again
    assert fresh(asking.online.get_issues(asking.slug, status="unresolved", limit=5))["source"] == "live"
    asking.rig.advance(180)
    offline = fresh(asking.offline.get_issues(asking.slug, status="unresolved", limit=5))
    assert (offline["complete"], offline["could_not_fall_through_because"]) == (False, "offline")


def test_what_sentry_no_longer_lists_is_not_in_the_answer_that_was_just_asked(asking: Asking) -> None:
    first = ids(asking.online.get_issues(asking.slug, status="unresolved"))
    asking.rig.sim.mutate.resolve(first[0])
    asking.rig.advance(600)
    assert first[0] not in ids(asking.online.get_issues(asking.slug, status="unresolved"))
    assert first[0] not in ids(asking.online.get_issues(asking.slug, status="unresolved"))


def test_an_unknown_project_is_looked_for_at_sentry_once(asking: Asking) -> None:
    with pytest.raises(QuestionError, match=r"unknown project 'checkout-apy': .* did you mean checkout-api\?"):
        asking.online.get_issues("checkout-apy")
    assert asking.requests("/projects/") == 1


def test_an_unknown_project_offline_is_refused_only_where_projects_are_known(asking: Asking) -> None:
    answer = asking.offline.get_issues("api")
    assert (answer["issues"], fresh(answer)["complete"]) == ([], False)
    assert fresh(answer)["could_not_fall_through_because"] == "offline"
    asking.fill([project("2", "api")])
    with pytest.raises(QuestionError, match=r"did you mean api\?"):
        asking.offline.get_issues("apo")


def test_a_project_that_sentry_has_and_the_store_has_not_is_found(asking: Asking) -> None:
    asking.rig.sync("projects", "issues")
    asking.rig.sim.mutate.rename_project(asking.slug, "renamed")
    answer = asking.online.get_issues("renamed", limit=1)
    assert len(answer["issues"]) == 1
    assert fresh(answer)["fell_through_because"] == "unknown_id"


def test_rows_sentry_sends_broken_are_told(asking: Asking) -> None:
    asking.rig.sync("projects")
    asking.rig.after = lambda body: body.replace(b'"isUnhandled":', b'"isUnhandled":"odd","x":', 1)
    found = fresh(asking.online.get_issues(asking.slug, limit=5))
    assert not found["complete"]
    assert any("1 issues could not be read (isUnhandled is not a boolean)" in note for note in found["notes"])


def test_rows_sentry_lists_that_are_of_another_status_or_project_are_kept_but_not_shown(asking: Asking) -> None:
    asking.rig.sync("projects")
    whole = ids(asking.online.get_issues(asking.slug, status="unresolved"))
    asking.rig.advance(600)

    def derived(body: bytes) -> bytes:
        rows = orjson.loads(body)
        rows[0]["status"] = "resolved"
        rows[1]["project"]["id"] = "999"
        return orjson.dumps(rows)

    asking.rig.after = derived
    assert ids(asking.online.get_issues(asking.slug, status="unresolved", limit=23)) == whole[2:]
    assert [row.status for row in asking.rig.rows(tables.issues) if row.id == whole[0]] == ["resolved"]


def test_rejects_and_failures_of_the_sync_are_told(filled: Asking) -> None:
    with filled.rig.store.write() as uow:
        run = uow.begin_pass("issues.hot", "", WHOLE, NOW)
        run = uow.turn_page(run, None, 9, ["project is not an object"], NOW)
        uow.end_pass(run, "failed", NOW, "sentry.io could not answer issues (503)")
    notes = " ".join(fresh(filled.offline.get_issues("api"))["notes"])
    assert "rows of issues.hot could not be read (project is not an object) and are missing" in notes
    assert "the last sync of issues.hot failed at 2026-11-20T12:34:56Z: sentry.io could not answer" in notes


def test_glitchtip_is_asked_in_its_own_words(tmp_path: Any) -> None:
    asking = Asking(tmp_path, profile="glitchtip")
    try:
        live = asking.online.get_issues(asking.slug, status="unresolved", sort="frequency", limit=5)
        assert (fresh(live)["source"], fresh(live)["complete"]) == ("live", True)
        there = asking.online.get_issues(asking.slug, environment="production", limit=5)
        assert (len(there["issues"]), fresh(there)["complete"]) == (5, True)
        asking.rig.sync()
        assert ids(asking.offline.get_issues(asking.slug, status="unresolved", sort="frequency", limit=5)) == ids(
            live
        )
    finally:
        asking.close()


def test_an_order_sentry_does_not_have_is_only_complete_when_every_issue_was_read(tmp_path: Any) -> None:
    asking = Asking(tmp_path, size=WorldSize(projects=1, issues=620, events_per_day=1, releases=1, days=30))
    try:
        live = asking.online.get_issues(asking.slug, sort="frequency", limit=5)
        assert (fresh(live)["source"], fresh(live)["complete"], live["more"]) == ("live", False, True)
        assert any("first of 500 issues read" in note for note in fresh(live)["notes"])
        assert asking.requests("/issues/") == 5
        assert fresh(asking.online.get_issues(asking.slug, limit=5))["complete"]
    finally:
        asking.close()


def test_asking_from_many_threads_gives_each_its_answer(filled: Asking) -> None:
    found: list[list[str]] = []

    def ask(answers: Answers) -> None:
        found.extend(ids(answers.get_issues("api")) for _ in range(20))

    threads = [threading.Thread(target=ask, args=(filled.offline,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 120
    assert {tuple(entry) for entry in found} == {("1", "2", "3", "4", "6", "5")}

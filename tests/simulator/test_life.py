"""A world goes on: mutations, arrivals, merges, deletions, and how the API tells of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sentry_sync.simulator import Simulator
from tests.simulator.asking import NOW, ORG, ask, issue_ids, simulator, walk

LIST = f"{ORG}/issues/"


def status(sim: Simulator, issue: str) -> str | None:
    rows = ask(sim, LIST, {"group": issue, "project": -1}).body
    return rows[0]["status"] if rows else None


def unresolved(sim: Simulator, number: int = 0) -> str:
    return [i.id for i in sim.world.issues.values() if i.status == "unresolved" and not i.project.resolve_age][
        number
    ]


def test_new_events_count_at_once_everywhere() -> None:
    sim = simulator()
    issue = sim.world.issues[unresolved(sim)]
    before, whole = issue.count, len(sim.world.index)
    made = sim.mutate.new_events(issue.id, count=3)
    row = ask(sim, LIST, {"group": issue.id}).body[0]
    assert (row["count"], row["lastSeen"]) == (str(before + 3), NOW.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert ask(sim, f"{ORG}/issues/{issue.id}/events/latest/").body["id"] in made
    query = {"dataset": "errors", "field": "count()", "statsPeriod": "30d", "project": -1}
    assert ask(sim, f"{ORG}/events/", query).body["data"] == [{"count()": whole + 3}]


def test_bump_gives_that_many_different_issues_one_event_each() -> None:
    sim = simulator()
    before = {issue.id: issue.count for issue in sim.world.issues.values()}
    sim.advance(60)
    bumped = sim.mutate.bump(20)
    assert len(set(bumped)) == 20
    assert all(sim.world.issues[issue].count == before[issue] + 1 for issue in bumped)
    window = {"query": "", "start": NOW.isoformat(), "end": (sim.now() + timedelta(seconds=1)).isoformat()}
    assert set(issue_ids(walk(sim, LIST, window))) == set(bumped)


def test_a_late_event_happened_before_the_mark_and_changes_no_last_seen() -> None:
    sim = simulator()
    issue = max(sim.world.issues.values(), key=lambda found: found.count)
    last, count = issue.last_seen, issue.count
    ago = int((NOW - issue.first_seen).total_seconds()) - 60
    late = sim.mutate.late_event(issue.id, seconds_ago=ago)
    assert (issue.last_seen, issue.count) == (last, count + 1)
    body = ask(sim, f"{ORG}/issues/{issue.id}/events/{late}/").body
    assert body["dateCreated"] < body["dateReceived"]
    assert list(issue.events) == sorted(
        issue.events, key=lambda number: (sim.world.index.timestamp[number], number)
    )


def test_statuses_change_without_moving_last_seen() -> None:
    sim = simulator()
    first, second, third = (unresolved(sim, n) for n in range(3))
    seen = {i: sim.world.issues[i].last_seen for i in (first, second, third)}
    sim.advance(60)
    sim.mutate.resolve(first)
    sim.mutate.ignore([second])
    sim.mutate.assign([third], "bo@acme.example")
    sim.mutate.set_priority(third, "high")
    assert (status(sim, first), status(sim, second), status(sim, third)) == ("resolved", "ignored", "unresolved")
    assert {i: sim.world.issues[i].last_seen for i in seen} == seen
    row = ask(sim, LIST, {"group": third}).body[0]
    assert (row["assignedTo"]["email"], row["priority"]) == ("bo@acme.example", "high")
    sim.mutate.unresolve(first)
    assert status(sim, first) == "unresolved"
    kinds = [entry["type"] for entry in ask(sim, f"{ORG}/issues/{third}/activities/").body["activity"]]
    assert {"assigned", "set_priority", "first_seen"} <= set(kinds)


def test_a_resolved_issue_regresses_with_its_next_event() -> None:
    sim = simulator()
    issue = unresolved(sim)
    sim.mutate.resolve(issue)
    sim.advance(10)
    sim.mutate.new_events(issue)
    row = ask(sim, LIST, {"group": issue}).body[0]
    assert (row["status"], row["substatus"]) == ("unresolved", "regressed")


def test_a_merged_issue_answers_as_its_parent_and_gives_it_its_events() -> None:
    sim = simulator()
    parent, child = (sim.world.issues[unresolved(sim, n)] for n in (0, 1))
    total, event = parent.count + child.count, sim.world.event_id(child.events[0])
    sim.mutate.merge(parent.id, child.id)
    moved = ask(sim, f"{ORG}/issues/{child.id}/")
    assert (moved.status, moved.body["id"], moved.body["count"]) == (200, parent.id, str(total))
    assert status(sim, child.id) is None
    assert child.id not in issue_ids(walk(sim, LIST, {"query": ""}))
    assert ask(sim, f"{ORG}/eventids/{event}/").body["groupId"] == parent.id
    assert len(ask(sim, f"{ORG}/issues/{parent.id}/hashes/").body) == 2


def test_merging_and_deleting_take_time_when_asked_over_the_api() -> None:
    sim = simulator()
    one = sim.world.issues[unresolved(sim)]
    other = next(i for i in sim.world.issues.values() if i.project is one.project and i is not one)
    answer = ask(sim, LIST, {"id": [one.id, other.id]}, method="PUT", body={"merge": 1})
    parent, child = answer.body["merge"]["parent"], answer.body["merge"]["children"][0]
    assert {parent, child} == {one.id, other.id}
    assert status(sim, child) == "pending_merge"
    assert ask(sim, f"{ORG}/issues/{child}/").status == 404
    gone = next(i.id for i in sim.world.issues.values() if i.id not in (parent, child))
    assert ask(sim, f"{ORG}/issues/{gone}/", method="DELETE").status == 202
    assert status(sim, gone) == "pending_deletion"
    sim.advance(31)
    assert (status(sim, child), status(sim, gone)) == (None, None)
    assert ask(sim, f"{ORG}/issues/{child}/").body["id"] == parent
    assert ask(sim, f"{ORG}/issues/{gone}/").status == 404


def test_a_deleted_issue_takes_its_events_along() -> None:
    sim = simulator()
    issue = max(sim.world.issues.values(), key=lambda found: found.count)
    whole, lost, event = len(sim.world.index), issue.count, sim.world.event_id(issue.events[0])
    sim.mutate.delete(issue.id)
    assert len(sim.world.index) == whole - lost
    assert ask(sim, f"{ORG}/eventids/{event}/").status == 404
    assert ask(sim, f"projects/acme/{issue.project.slug}/events/{event}/").status == 404


def test_writes_over_the_api_change_what_is_read() -> None:
    sim = simulator()
    issue = unresolved(sim)
    row = ask(sim, f"{ORG}/issues/{issue}/", method="PUT", body={"status": "resolved"}).body
    assert (row["id"], row["status"]) == (issue, "resolved")
    many = ask(sim, LIST, {"id": [issue]}, method="PUT", body={"status": "ignored", "assignedTo": "#backend"})
    assert many.body["status"] == "ignored"
    assert sim.world.issues[issue].assigned_to == {"type": "team", "id": "701", "name": "backend"}
    refused = ask(sim, f"{ORG}/issues/{issue}/", method="PUT", body={"status": "gone"})
    assert (refused.status, refused.body) == (400, {"status": ['"gone" is not a valid choice.']})
    assert ask(sim, f"{ORG}/issues/{issue}/", method="POST").status == 405


def test_a_renamed_project_redirects_and_keeps_its_short_ids() -> None:
    sim = simulator()
    issue = next(i for i in sim.world.issues.values() if i.project.slug == "payments")
    sim.mutate.rename_project("payments", "billing")
    moved = ask(sim, "projects/acme/payments/")
    assert (moved.status, moved.headers["Location"]) == (302, "/api/0/projects/acme/billing/")
    assert moved.body["detail"]["code"] == "resource-moved"
    row = ask(sim, LIST, {"group": issue.id}).body[0]
    assert (row["project"]["slug"], row["shortId"].startswith("PAYMENTS-")) == ("billing", True)


def test_time_brings_events_issues_and_releases_the_same_ones_every_time() -> None:
    def after(steps: int) -> tuple[int, list[str], int]:
        sim = simulator(static=False)
        for _ in range(steps):
            sim.advance(3 * 86_400 / steps)
        newest = [sim.world.event_id(number) for number in sim.world.index.order[-50:]]
        return len(sim.world.index), newest, len(sim.world.releases.all)

    quiet = simulator()
    quiet.advance(3 * 86_400)
    arrived = after(1)
    assert arrived[0] == pytest.approx(len(quiet.world.index) + 3 * 120, rel=0.1)
    assert arrived[2] > len(quiet.world.releases.all)
    assert arrived == after(7)


def test_events_of_the_future_are_not_there_yet() -> None:
    sim = simulator(static=False)
    sim.advance(86_400)
    newest = sim.world.index.newest()
    assert newest is not None
    assert newest <= sim.now().timestamp()
    before = len(sim.world.index)
    assert len(sim.world.index) == before
    sim.advance(3_600)
    assert len(sim.world.index) > before

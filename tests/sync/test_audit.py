"""Late events and vanished ones, in hours that no poll reads any more."""

from __future__ import annotations

from array import array
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from sentry_sync.records.intervals import gaps
from sentry_sync.simulator.world.issues import Issue
from sentry_sync.store import tables
from sentry_sync.sync.stream import Policy
from tests.support.rig import Rig
from tests.sync.test_streams import happened, hour_of

HOUR = 3_600


def later(rig: Rig, hours: float) -> None:
    """Time passes in steps, with a sync in each, as a daemon would."""
    for _ in range(int(hours)):
        rig.advance(HOUR)
        assert rig.sync("issues", "events").ok


def held_events(rig: Rig) -> set[tuple[str, str]]:
    [known] = rig.coverage("events")
    return {(r.event_id, r.issue_id) for r in rig.rows(tables.events) if r.timestamp >= known.start}


def true_events(rig: Rig) -> set[tuple[str, str]]:
    [known] = rig.coverage("events")
    return {(e.event_id, e.issue_id) for e in happened(rig.sim) if known.start <= e.at < known.end}


def held_counts(rig: Rig) -> Counter[tuple[str, object]]:
    found: Counter[tuple[str, object]] = Counter()
    for row in rig.rows(tables.error_counts):
        found[row.issue_id, row.hour] += row.count
    return found


def true_counts(rig: Rig) -> Counter[tuple[str, object]]:
    [known] = rig.coverage("error_counts")
    return Counter((e.issue_id, hour_of(e.at)) for e in happened(rig.sim) if known.start <= e.at < known.end)


def doubted(rig: Rig) -> list[Any]:
    return [row for row in rig.rows(tables.doubts) if row.resource != "issue_environments"]


def forget_silently(rig: Rig, issue: Issue, events: list[int]) -> None:
    """Events go, the issue stays: somebody removed a person's data."""
    rig.sim.world.index.forget(array("i", events))
    issue.events = array("i", (event for event in issue.events if event not in events))
    issue.changed()
    rig.sim.world.version += 1


def recent(rig: Rig, least: int = 2) -> tuple[Issue, list[int]]:
    """An issue with events of yesterday, and these."""
    times, now = rig.sim.world.index.timestamp, rig.sim.now().timestamp()
    for issue in rig.sim.world.issues.values():
        found = [event for event in issue.events if now - 30 * HOUR < times[event] < now - 6 * HOUR]
        if len(found) >= least and len(found) < len(issue.events):
            return issue, found
    raise AssertionError("no such issue")


def test_events_that_arrive_days_late_land_in_events_counts_and_environments(rig: Rig) -> None:
    rig.sync("issues", "events")
    later(rig, 1)
    late = {rig.sim.mutate.late_event(seconds_ago=ago * HOUR) for ago in (20, 44, 45)}
    rig.sync("events")
    assert not late & {event for event, _ in held_events(rig)}
    later(rig, 2)
    assert late < {event for event, _ in held_events(rig)}
    assert held_events(rig) == true_events(rig)
    assert held_counts(rig) == true_counts(rig)
    pairs = {(r.issue_id, r.environment): (r.first_seen, r.last_seen) for r in rig.rows(tables.issue_environments)}
    for event in happened(rig.sim):
        first, last = pairs[event.issue_id, event.environment or ""]
        assert first <= event.at <= last


def test_events_that_vanished_leave_no_ghost_and_their_issues_environments_are_mended(rig: Rig) -> None:
    rig.sync("issues", "events")
    later(rig, 1)
    issue, events = recent(rig)
    forget_silently(rig, issue, events)
    later(rig, 2)
    assert held_events(rig) == true_events(rig)
    assert held_counts(rig) == true_counts(rig)
    rest = [event for event in happened(rig.sim) if event.issue_id == issue.id]
    pairs = {
        r.environment: (r.first_seen, r.last_seen)
        for r in rig.rows(tables.issue_environments)
        if r.issue_id == issue.id
    }
    later(rig, 1)  # where the last event is older than those held, the server is asked
    assert pairs.keys() == {event.environment or "" for event in rest}
    for name, (first, last) in pairs.items():
        times = [event.at for event in rest if (event.environment or "") == name]
        assert (first, last) == (min(times), max(times))


def test_an_audit_costs_an_idle_organization_one_request_per_hundred_hours_and_hour(rig: Rig) -> None:
    rig.sync("issues", "events")
    later(rig, 3)
    rig.advance(HOUR)
    rig.sim.requests.clear()
    rig.sync("events")
    asked = [r for r in rig.sim.requests if r.query.get("field") == ["timestamp.to_hour", "count()"]]
    assert len(asked) == 1
    rig.sim.requests.clear()
    rig.advance(60)
    rig.sync("events")
    assert not [r for r in rig.sim.requests if r.query.get("field") == ["timestamp.to_hour", "count()"]]
    assert not doubted(rig)


def test_a_difference_that_reading_again_does_not_settle_is_not_read_every_hour(rig: Rig) -> None:
    rig.sync("issues", "events")
    later(rig, 2)
    marked = rig.rows(select(tables.error_counts.c.hour).order_by(tables.error_counts.c.hour))[-1].hour
    row = marked.strftime('"timestamp.to_hour":"%Y-%m-%dT%H:00:00+00:00","count()":').encode()
    count = sum(n for (_, hour), n in held_counts(rig).items() if hour == marked)
    rig.after = lambda body: body.replace(row + b"%d" % count, row + b"9999")
    rig.advance(HOUR)
    rig.sync("events")
    assert {row.hour for row in doubted(rig)} == {marked}
    later(rig, 1)
    known = rig.coverage("error_counts")
    rig.sim.requests.clear()
    later(rig, 3)
    assert rig.coverage("error_counts")[0].start == known[0].start
    [doubt] = rig.rows(select(tables.doubts).where(tables.doubts.c.resource == "events"))
    assert doubt.doubted_at < rig.sim.now() - timedelta(hours=3)


def test_what_the_server_may_have_dropped_is_not_taken_for_deleted(rig: Rig) -> None:
    rig.sync("issues", "events")
    before = held_events(rig)
    cut = rig.sim.now().timestamp() - 40 * HOUR
    world = rig.sim.world
    for issue in world.issues.values():
        old = [event for event in issue.events if world.index.timestamp[event] < cut]
        if old:
            forget_silently(rig, issue, old)
    later(rig, 3)
    assert before <= held_events(rig)
    assert gaps(rig.coverage("events")[0], rig.coverage("events")) == []


def test_an_event_older_than_all_that_is_synced_reaches_the_environments_of_its_issue(rig: Rig) -> None:
    rig.sync("issues", "events")
    issue = next(iter(rig.sim.world.issues.values()))
    rig.advance(6 * HOUR)
    rig.sync("issues", "events")
    late = rig.sim.mutate.late_event(issue.id, seconds_ago=20 * 24 * HOUR)
    rig.sim.mutate.late_event(issue.id, seconds_ago=4 * 24 * HOUR)
    rig.advance(6 * HOUR)
    rig.sync("events")
    rig.advance(60)
    assert rig.sync("events").ok
    event = next(event for event in happened(rig.sim) if event.event_id == late)
    firsts = [
        row.first_seen
        for row in rig.rows(tables.issue_environments)
        if (row.issue_id, row.environment) == (issue.id, event.environment or "")
    ]
    assert firsts == [event.at]


def first_events(rig: Rig, issue: Issue) -> dict[str, int]:
    """When the issue was first seen in each environment."""
    index = rig.sim.world.index
    newest_first = sorted(issue.events, key=lambda event: index.timestamp[event], reverse=True)
    return {rig.sim.world.environment_of(event) or "": index.timestamp[event] for event in newest_first}


def first_seen(rig: Rig, issue: Issue) -> dict[str, float]:
    """The same as held."""
    rows = [row for row in rig.rows(tables.issue_environments) if row.issue_id == issue.id]
    return {row.environment: row.first_seen.timestamp() for row in rows}


def test_an_event_that_came_late_before_days_without_a_sync_is_in_its_environment(tmp_path: Path) -> None:
    rig = Rig(tmp_path, policy=Policy(history_days=2, performance_hours=1))
    rig.sync("issues", "events")
    issue = max(rig.sim.world.issues.values(), key=lambda found: found.last_second)
    rig.sim.mutate.new_events(issue.id, at=rig.clock.now() - timedelta(hours=30), count=40)
    true = first_events(rig, issue)
    rig.advance(3 * 86_400)
    rig.sync("issues", "events")
    rig.advance(60)
    rig.sync("issues", "events")
    assert first_seen(rig, issue) == true
    rig.close()


def test_a_late_event_of_the_last_hour_before_days_without_a_sync_is_in_its_environment(tmp_path: Path) -> None:
    rig = Rig(tmp_path, policy=Policy(history_days=2, performance_hours=1))
    rig.sync("issues", "events")
    into_the_hour = rig.clock.now().timestamp() % HOUR
    rig.advance(HOUR - into_the_hour + 50 * 60)
    (number,) = rig.sim.mutate.new_issues()
    rig.sync("issues", "events")
    issue = next(one for one in rig.sim.world.issues.values() if one.id == number)
    # Within an hour that is known in part: neither its events nor its counts are ever laid beside the server's.
    rig.sim.mutate.new_events(issue.id, at=rig.clock.now() - timedelta(minutes=45), count=20)
    rig.advance(4 * 86_400)
    rig.sync("issues", "events")
    assert first_seen(rig, issue) == first_events(rig, issue)
    rig.close()


def test_counting_days_before_their_environments_are_read_spares_reading_them_twice(rig: Rig) -> None:
    rig.sync("issues", "events")
    known = rig.coverage("issue_environments")
    rig.advance(60)
    rig.sync("issues", "events")
    assert len(known) == len(rig.coverage("issue_environments")) == 1
    counted = [row.hour for row in rig.rows(tables.doubts) if row.resource == "issue_environments"]
    assert min(counted) - known[0].start < timedelta(days=2)

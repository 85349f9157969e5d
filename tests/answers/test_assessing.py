"""assess-release: from rows to a verdict, with its evidence, and what it says when it can't."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from sentry_sync.answers.asking import Pending
from sentry_sync.answers.judging import AssessmentQuestion, HealthQuestion
from sentry_sync.errors import QuestionError
from sentry_sync.records.event import ErrorCount, Event
from sentry_sync.records.intervals import Interval, floor
from sentry_sync.records.performance import TransactionStat
from sentry_sync.records.release import Release, ReleaseHealth, ReleaseProject
from sentry_sync.store import tables
from sentry_sync.store.unit_of_work import UnitOfWork
from tests.answers.desk import NOW, Asking
from tests.support.rows import event, issue, project

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TODAY = floor(NOW, DAY)
SHIPPED = TODAY - 2 * DAY
"""When the candidate ships, at a midnight: days are then one release's or the other's."""
WINDOW = Interval(TODAY - 14 * DAY, NOW)


def release(version: str, created: datetime) -> list[Any]:
    short = version.partition("@")[2]
    return [
        Release(version, short, "open", None, None, created, None, None, None, 0, 1, 0, NOW),
        ReleaseProject(version, "2", 0, True, NOW),
    ]


def health(version: str, day: datetime, sessions: int, crashed: float = 0.004, **changes: Any) -> ReleaseHealth:
    whole = ReleaseHealth(
        version, "2", "production", day, sessions, sessions // 2, 1 - crashed, 1 - 2 * crashed, 1.0
    )
    return replace(whole, **changes)


def hours(start: datetime, end: datetime) -> list[datetime]:
    return [start + at * HOUR for at in range((end - start) // HOUR)]


def errors(version: str, start: datetime, end: datetime, each: int, issue_id: str = "17") -> list[ErrorCount]:
    return [ErrorCount("2", issue_id, "production", version, hour, each, each) for hour in hours(start, end)]


def requests(start: datetime, end: datetime, p95: float, count: int = 100) -> list[TransactionStat]:
    figures = (count, None, None, p95 / 2, None, p95, None, 0.01, None, None, False)
    return [TransactionStat("2", "production", "/pay", hour, *figures) for hour in hours(start, end)]


def before() -> list[Any]:
    """Two releases that ran a week each before the candidate, ten errors an hour and 4,800 sessions a day."""
    old, last = TODAY - 14 * DAY, TODAY - 9 * DAY
    days = [health("api@1", old + at * DAY, 4800) for at in range(5)]
    days += [health("api@2", last + at * DAY, 4800) for at in range(7)]
    counted = [*errors("api@1", old, last, 10), *errors("api@2", last, SHIPPED, 10)]
    return [project("2", "api"), *release("api@1", old), *release("api@2", last), *days, *counted, issue()]


def after(each: int = 10, crashed: float = 0.004, issue_id: str = "17") -> list[Any]:
    """The candidate's two and a half days."""
    days = [health("api@3", SHIPPED + at * DAY, count, crashed) for at, count in enumerate((4800, 4800, 2500))]
    return [*release("api@3", SHIPPED), *days, *errors("api@3", SHIPPED, floor(NOW, HOUR), each, issue_id)]


KNOWN: dict[str, Any] = {
    "error_counts": WINDOW,
    "release_health": WINDOW,
    "transactions": WINDOW,
    "releases": WINDOW,
}


def told(asking: Asking, *records: Any, **known: Any) -> Asking:
    asking.fill([*before(), *records], **(known or KNOWN))
    return asking


def fresh(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["freshness"]
    return found


@pytest.fixture(scope="module")
def same(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    """A candidate like the release before: only read."""
    asking = told(Asking(Path(tmp_path_factory.mktemp("same"))), *after())
    yield asking
    asking.close()


def test_a_release_like_the_one_before_is_healthy_and_says_what_it_was_held_against(same: Asking) -> None:
    answer = same.offline.assess_release("api", "3")
    assert (answer["verdict"], answer["errors"]["level"]) == ("healthy", "same")
    assert answer["release"]["untrusted"] == {"version": "api@3"}
    assert answer["release"] | {"untrusted": None} == {
        "began": "2026-11-18T00:00:00Z",
        "followed_at": None,
        "adoption": 1.0,
        "current": True,
        "untrusted": None,
    }
    assert answer["baseline"]["untrusted"] == {"version": "api@2"}
    assert answer["baseline"]["compared_on"] == "days before"
    assert answer["exposure"] == {
        "unit": "session",
        "candidate": 12_100,
        "baseline": 33_600,
        "hours_known": 60,
        "hours": 60,
    }
    counted = answer["errors"]
    assert (counted["candidate"], counted["baseline"]) == (600, 1680)
    assert counted["baseline_per_1000_sessions"] == 50.0
    assert counted["ratio"] == pytest.approx(600 / 12_100 / 0.05, abs=1e-3)
    assert counted["low"] < 1 < counted["high"]
    assert answer["crash_free_sessions"]["candidate"] == 0.996
    assert "of latency nothing is said" in " ".join(answer["because"])
    assert (fresh(answer)["complete"], fresh(answer)["as_of"]) == (True, "2026-11-20T12:34:56Z")
    assert fresh(answer)["coverage"] == {"from": "2026-11-18T00:00:00Z", "to": "2026-11-20T12:34:56Z"}


def test_the_same_question_asked_of_the_whole_version_and_in_its_environment_has_the_same_verdict(
    same: Asking,
) -> None:
    plain = same.offline.assess_release("api", "api@3")
    assert same.offline.assess_release("api", "3", environment="production") == plain
    elsewhere = same.offline.assess_release("api", "3", environment="staging")
    assert elsewhere["verdict"] == "too early"


def test_a_wanted_baseline_is_the_one_that_is_compared_with(same: Asking) -> None:
    answer = same.offline.assess_release("api", "3", baseline="api@1")
    assert answer["baseline"]["untrusted"] == {"version": "api@1"}
    assert answer["exposure"]["baseline"] == 24_000


def test_the_first_release_has_nothing_to_be_held_against(same: Asking) -> None:
    answer = same.offline.assess_release("api", "api@1")
    assert (answer["verdict"], answer["baseline"]) == ("too early", None)
    assert answer["because"] == ["no earlier release is known well enough to compare with"]


def test_more_errors_from_a_new_issue_are_a_reason_to_roll_back_and_named(asking: Asking) -> None:
    new = issue(id="99", short_id="API-2R", title="Boom\u202e", first_seen=SHIPPED + HOUR, first_release=None)
    told(asking, *after(issue_id="17"), new, *errors("api@3", SHIPPED, floor(NOW, HOUR), 30, "99"))
    answer = asking.offline.assess_release("api", "3")
    assert answer["verdict"] == "roll back"
    assert answer["errors"]["from_new_issues"] == 1.0
    assert (answer["new_issues"]["count"], answer["new_issues"]["events"]) == (1, 1800)
    (shown,) = answer["new_issues"]["issues"]
    assert (shown["id"], shown["untrusted"]) == ("99", {"title": "Boom"})
    assert "errors per session are 3.9" in answer["because"][0]


def test_an_issue_that_sentry_knows_from_an_older_release_is_not_new(asking: Asking) -> None:
    known = issue(id="99", first_seen=SHIPPED + HOUR, first_release="api@1")
    told(asking, *after(), known, *errors("api@3", SHIPPED, floor(NOW, HOUR), 30, "99"))
    assert asking.offline.assess_release("api", "3")["new_issues"]["count"] == 0


def test_of_a_time_that_is_not_known_no_number_is_told(asking: Asking) -> None:
    """Errors were last read when the release shipped: that there are none of it is not known."""
    days = [health("api@3", SHIPPED + at * DAY, 4800) for at in range(2)]
    told(asking, *release("api@3", SHIPPED), *days, **KNOWN | {"error_counts": Interval(WINDOW.start, SHIPPED)})
    answer = asking.offline.assess_release("api", "3")
    assert (answer["verdict"], answer["exposure"]["hours_known"]) == ("too early", 0)
    assert (answer["exposure"]["candidate"], answer["errors"]["candidate"]) == (None, None)
    assert answer["exposure"]["baseline"] > 0
    assert (answer["new_issues"]["count"], answer["new_issues"]["events"]) == (None, None)
    assert answer["regressed_issues"]["count"] is None


def test_what_did_not_happen_in_a_time_that_is_known_is_0(asking: Asking) -> None:
    told(asking, *after(each=0))
    answer = asking.offline.assess_release("api", "3")
    assert (answer["errors"]["candidate"], answer["new_issues"]["count"]) == (0, 0)
    assert answer["regressed_issues"]["count"] == 0


def test_of_a_day_without_any_session_there_is_no_adoption(asking: Asking) -> None:
    told(asking, *after(), *[health(version, TODAY, 0) for version in ("api@2", "api@3")])
    assert asking.offline.assess_release("api", "3")["release"]["adoption"] is None


def test_a_crash_free_rate_that_fell_is_told_as_lost_points(asking: Asking) -> None:
    told(asking, *after(crashed=0.014))
    answer = asking.offline.assess_release("api", "3")
    assert answer["verdict"] == "regressed"
    found = answer["crash_free_sessions"]
    assert (found["candidate"], found["baseline"]) == (0.986, 0.996)
    assert found["low"] < found["change"] < found["high"] < -0.005
    users = answer["crash_free_users"]
    assert (users["candidate"], users["baseline"], users["candidate_day"]) == (
        0.972,
        0.992,
        "2026-11-19T00:00:00Z",
    )


def test_after_the_next_release_there_is_nothing_to_roll_back(asking: Asking) -> None:
    told(
        asking,
        *after(each=60),
        *release("api@4", NOW - 2 * HOUR),
        health("api@4", TODAY, 20_000),
    )
    answer = asking.offline.assess_release("api", "3")
    assert (answer["verdict"], answer["release"]["current"]) == ("regressed", False)
    assert answer["release"]["followed_at"] is not None


def test_two_releases_side_by_side_are_compared_on_the_same_days(asking: Asking) -> None:
    """An incident hits both: held against the days before, the candidate would look three times as bad."""
    both = [health("api@2", SHIPPED + at * DAY, count) for at, count in enumerate((4800, 4800, 2500))]
    told(asking, *after(each=30), *both, *errors("api@2", SHIPPED, floor(NOW, HOUR), 30))
    answer = asking.offline.assess_release("api", "3")
    assert (answer["baseline"]["compared_on"], answer["verdict"]) == ("same days", "healthy")
    assert answer["exposure"]["baseline"] == 12_100


def test_some_bad_hours_that_are_over_are_watched(asking: Asking) -> None:
    burst = errors("api@3", SHIPPED + 20 * HOUR, SHIPPED + 23 * HOUR, 900, "18")
    told(asking, *after(), issue(id="18"), *burst)
    answer = asking.offline.assess_release("api", "3")
    assert answer["verdict"] == "watch"
    assert answer["because"][0].startswith("without the hours in episodes nothing is worse")
    (episode,) = answer["episodes"]
    assert (episode["from"], episode["to"]) == ("2026-11-18T20:00:00Z", "2026-11-18T23:00:00Z")
    assert (episode["errors"], episode["usual"]) == (2730, 30)


def test_slower_transactions_are_found_from_hours_alike(asking: Asking) -> None:
    times = [*requests(TODAY - 14 * DAY, SHIPPED, 200.0), *requests(SHIPPED, floor(NOW, HOUR), 300.0)]
    told(asking, *after(), *times)
    answer = asking.offline.assess_release("api", "3")
    assert (answer["verdict"], answer["latency"]["slower_share"]) == ("regressed", 1.0)
    (slow,) = answer["latency"]["transactions"]
    assert (slow["percentile"], slow["ratio"], slow["untrusted"]) == ("p95", 1.5, {"transaction": "/pay"})
    assert slow["hours"] == 48


def test_an_issue_that_was_resolved_and_came_back_is_watched(asking: Asking) -> None:
    resolved = issue(status="resolved", substatus=None, verified_at=SHIPPED)
    asking.fill([*before()[:-1], *after(), resolved], **KNOWN)
    asking.write(lambda uow: uow.upsert([issue(verified_at=NOW)]))
    answer = asking.offline.assess_release("api", "3")
    assert (answer["verdict"], answer["regressed_issues"]["count"]) == ("watch", 1)


def test_without_sessions_requests_are_the_exposure_and_it_says_so(asking: Asking) -> None:
    plain = [row for row in [*before(), *after(each=60)] if not isinstance(row, ReleaseHealth)]
    asking.fill([*plain, *requests(TODAY - 14 * DAY, floor(NOW, HOUR), 200.0)], **KNOWN)
    answer = asking.offline.assess_release("api", "3")
    assert (answer["exposure"]["unit"], answer["verdict"]) == ("transaction", "roll back")
    assert answer["errors"]["candidate_per_1000_transactions"] == 600
    assert answer["errors"]["baseline_per_1000_transactions"] == 100
    assert (answer["crash_free_sessions"]["level"], answer["release"]["adoption"]) == ("unknown", None)
    assert any("no sessions are known" in note for note in fresh(answer)["notes"])


def test_with_neither_an_hour_is_the_exposure_and_more_errors_are_only_watched(asking: Asking) -> None:
    plain = [row for row in [*before(), *after(each=60)] if not isinstance(row, ReleaseHealth)]
    asking.fill(plain, **KNOWN)
    answer = asking.offline.assess_release("api", "3")
    assert (answer["exposure"]["unit"], answer["verdict"]) == ("hour", "watch")
    assert any("more traffic looks like more errors" in note for note in fresh(answer)["notes"])


# -- what is not known --------------------------------------------------------------------


def test_hours_that_are_missing_make_it_incomplete_and_are_counted(asking: Asking) -> None:
    gap = Interval(TODAY - 14 * DAY, SHIPPED + 30 * HOUR)
    told(asking, *after(), **(KNOWN | {"error_counts": gap}))
    answer = asking.offline.assess_release("api", "3")
    assert (answer["exposure"]["hours_known"], fresh(answer)["complete"]) == (30, True)
    asking.write(lambda uow: uow.cover("error_counts", "", Interval(TODAY, NOW), source="explore"))
    answer = asking.offline.assess_release("api", "3")
    assert (answer["exposure"]["hours_known"], answer["exposure"]["hours"]) == (42, 60)
    assert not fresh(answer)["complete"]
    assert "errors are known for 42 of the 60 hours since the release began" in fresh(answer)["notes"]
    assert answer["exposure"]["candidate"] == 4800 + 2500


def test_a_store_without_counts_has_no_verdict_but_a_reason(asking: Asking) -> None:
    told(asking, *after(), releases=WINDOW)
    answer = asking.online.assess_release("api", "3")
    assert (answer["verdict"], fresh(answer)["complete"]) == ("too early", False)
    assert fresh(answer)["could_not_fall_through_because"] == "not_supported"
    assert "never_synced" in fresh(answer)["notes"][0]
    assert asking.requests() == 0
    asking.write(lambda uow: uow.learn("explore.errors", NOW, available=False))
    assert "counts no errors by the hour" in fresh(asking.online.assess_release("api", "3"))["notes"][0]


def test_extrapolated_counts_are_named(asking: Asking) -> None:
    told(asking, *after())
    asking.write(lambda uow: uow.cover("error_counts", "", Interval(TODAY, NOW), source="x", approximate=True))
    assert "some counts are extrapolated" in " ".join(fresh(asking.offline.assess_release("api", "3"))["notes"])


def test_a_release_nobody_knows_is_looked_for_at_sentry_once(asking: Asking) -> None:
    asking.rig.sync("projects", "releases")
    asking.rig.sim.mutate.new_release(asking.slug, f"{asking.slug}@9.9.9")
    asked = asking.requests("/releases/")
    answer = asking.online.assess_release(asking.slug, f"{asking.slug}@9.9.9")
    assert asking.requests("/releases/") == asked + 1
    assert (fresh(answer)["source"], fresh(answer)["fell_through_because"]) == ("mixed", "unknown_id")
    assert answer["release"]["untrusted"]["version"] == f"{asking.slug}@9.9.9"
    nobody = asking.online.assess_release(asking.slug, "nope@1")
    assert (nobody["verdict"], fresh(nobody)["complete"], fresh(nobody)["source"]) == (None, True, "live")
    assert "there is nothing to judge: the release is not known" in fresh(nobody)["notes"]
    offline = asking.offline.assess_release(asking.slug, "nope@1", baseline="nope@0")
    assert (offline["verdict"], fresh(offline)["complete"]) == (None, False)


def test_a_baseline_nobody_knows_is_said_to_be_that(same: Asking) -> None:
    answer = same.offline.assess_release("api", "3", baseline="nope@1")
    assert (answer["verdict"], fresh(answer)["complete"]) == (None, False)
    assert any("unknown_id" in note for note in fresh(answer)["notes"])


def test_a_release_is_not_held_against_itself(same: Asking) -> None:
    with pytest.raises(QuestionError, match="baseline is the release itself"):
        same.offline.assess_release("api", "3", baseline="api@3")


def test_a_release_older_than_the_newest_fifty_is_still_found(asking: Asking) -> None:
    later = [row for at in range(55) for row in release(f"api@n{at}", NOW - timedelta(minutes=at))]
    told(asking, *later)
    assert asking.offline.assess_release("api", "api@2")["release"]["untrusted"] == {"version": "api@2"}


@pytest.mark.parametrize("question", [AssessmentQuestion("api", "3"), HealthQuestion("api")])
def test_a_servers_loop_does_not_wait_for_it(same: Asking, question: Any) -> None:
    found = same.offline.begin(question)
    assert isinstance(found, Pending)
    assert found.resume()["project"]["slug"] == "api"


def test_an_answer_is_small(same: Asking) -> None:
    assert len(orjson.dumps(same.offline.assess_release("api", "3"))) < 4_000


# -- a seeded world -----------------------------------------------------------------------


def test_the_worlds_bad_release_is_found_after_a_sync_and_those_before_it_are_not(tmp_path: Path) -> None:
    from sentry_sync.simulator import WorldSize
    from sentry_sync.sync.stream import Policy

    size = WorldSize(projects=2, issues=24, events_per_day=150, releases=4, days=6)
    asking = Asking(tmp_path, size=size, policy=Policy(history_days=6, performance_hours=3, bodies_per_run=0))
    asking.rig.sync("projects", "issues", "releases", "events")
    bad = asking.rig.sim.world.bad_release()
    assert bad is not None
    slug = bad.projects[0].slug
    found = asking.offline.assess_release(slug, bad.version)
    assert found["verdict"] == "regressed"  # the next one has taken its place
    assert found["crash_free_sessions"]["level"] == "much worse"
    assert fresh(found)["complete"]
    truth = asking.rig.rows(tables.release_health)
    mine = [row for row in truth if row.release == bad.version and row.project_id == bad.projects[0].id]
    assert found["exposure"]["candidate"] == sum(row.sessions for row in mine)
    timeline = asking.rig.sim.world.releases.current_list(bad.projects[0])
    earlier = timeline[timeline.index(bad) - 1]
    assert asking.offline.assess_release(slug, earlier.version)["verdict"] in ("healthy", "watch")
    asking.close()


def one_by_one(counts: list[ErrorCount]) -> list[Event]:
    """As many events as were counted, within their hours."""
    events: list[Event] = []
    for row in counts:
        for number in range(row.count):
            at = row.hour + (HOUR / row.count) * number
            changes = {"project_id": row.project_id, "issue_id": row.issue_id, "environment": row.environment}
            events.append(event(len(events), at, release=row.release or None, user_key=f"id:{number}", **changes))
    return events


def test_where_nobody_counts_errors_they_are_counted_from_all_the_events_held(asking: Asking) -> None:
    """As on a server without Explore: its events are listed project by project, and all of them are held."""
    records = [*before(), *after(each=25, issue_id="18"), issue(id="18", first_seen=SHIPPED + HOUR)]
    asking.fill(records, **KNOWN)
    counted = asking.offline.assess_release("api", "3")
    other = Asking(asking.rig.directory.parent / "other")
    plain = [row for row in records if not isinstance(row, ErrorCount)]
    known = {name: part for name, part in KNOWN.items() if name != "error_counts"}
    other.fill([*plain, *one_by_one([row for row in records if isinstance(row, ErrorCount)])], **known)

    def listed(uow: UnitOfWork) -> None:
        uow.cover("events", "project:2", WINDOW, source="project_events")
        uow.mark("events", "project:2", WINDOW.end, WINDOW.end)

    assert other.offline.assess_release("api", "3")["verdict"] == "too early"
    other.write(listed)
    answer = other.offline.assess_release("api", "3")
    other.close()

    assert counted["verdict"] != "healthy"
    parts = ("verdict", "because", "errors", "exposure", "new_issues", "regressed_issues", "episodes")
    assert {name: answer[name] for name in parts} == {name: counted[name] for name in parts}
    assert (fresh(answer)["complete"], fresh(answer)["rung"]) == (True, "project_events")
    assert "no hourly counts are held: errors were counted from the events held" in fresh(answer)["notes"][0]
    assert "no hourly counts" not in " ".join(fresh(counted)["notes"])

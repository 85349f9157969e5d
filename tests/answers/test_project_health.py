"""project-health: a score of parts that are told, and what is left out since nothing is known of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sentry_sync.answers.desk import Means
from sentry_sync.records.event import ErrorCount
from sentry_sync.records.intervals import Interval, floor
from sentry_sync.records.performance import TransactionStat
from sentry_sync.records.release import ReleaseHealth
from sentry_sync.trends.verdicts.health import Targets
from tests.answers.desk import NOW, Asking, ago
from tests.support.rows import event, issue, project

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TODAY, END = floor(NOW, DAY), floor(NOW, HOUR)
WINDOW = Interval(TODAY - 21 * DAY, NOW)
HOURS = [WINDOW.start + at * HOUR for at in range((END - WINDOW.start) // HOUR)]
KNOWN: dict[str, Any] = dict.fromkeys(("error_counts", "release_health", "transactions", "issues"), WINDOW)


def counts(each: int = 10) -> list[ErrorCount]:
    return [ErrorCount("2", "17", "production", "api@1", hour, each, each) for hour in HOURS]


def sessions(crashed: float = 0.002) -> list[ReleaseHealth]:
    days = [TODAY - back * DAY for back in range(22)]
    return [ReleaseHealth("api@1", "2", "production", day, 1000, 500, 1 - crashed, None, 1.0) for day in days]


def requests(p95: float = 200.0, name: str = "/pay") -> list[TransactionStat]:
    figures = (100, None, None, None, None, p95, None, None, None, None, False)
    return [TransactionStat("2", "production", name, hour, *figures) for hour in HOURS[-24:]]


ORDINARY = [
    project("2", "api"),
    *counts(),
    *sessions(),
    *requests(),
    issue(substatus="ongoing", verified_at=ago(days=8)),
]


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    """A project as it always is: only read."""
    asking = Asking(Path(tmp_path_factory.mktemp("ordinary")))
    asking.fill(ORDINARY, **KNOWN)
    yield asking
    asking.close()


def part(answer: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [one for one in answer["parts"] if one["part"] == name]
    return dict(found)


def fresh(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["freshness"]
    return found


def test_a_project_as_it_always_is_scores_well_and_shows_what_of(ordinary: Asking) -> None:
    answer = ordinary.offline.project_health("api")
    assert (answer["score"], answer["state"]) == (100.0, "good")
    assert part(answer, "errors") | {} == {
        "part": "errors", "score": 100.0, "weight": 0.3, "last_24h": 240, "usual": 240.0
    }  # fmt: skip
    assert (part(answer, "crash_free")["last_7_days"], part(answer, "crash_free")["target"]) == (0.998, 0.995)
    assert part(answer, "latency")["requests_within"] == 1.0
    assert part(answer, "backlog")["unresolved"] == 1
    assert answer["anomalies"] == []
    assert answer["trend"]["errors_ratio"] == 1.0
    assert (fresh(answer)["complete"], fresh(answer)["as_of"]) == (True, "2026-11-20T12:34:56Z")


def test_the_error_budget_is_counted_in_sessions_that_may_crash(ordinary: Asking) -> None:
    objective, _ = ordinary.offline.project_health("api")["objectives"]
    assert (objective["budget_used"], objective["burn_7_days"], objective["met"]) == (0.4, 0.4, True)
    assert (objective["days"], objective["days_left"]) == (22, None)


def test_the_forecast_is_of_the_days_to_come_from_whole_days(ordinary: Asking) -> None:
    forecast = ordinary.offline.project_health("api")["forecast"]
    assert (forecast["from_days"], forecast["level"]) == (21, 0.8)
    assert [day["day"][:10] for day in forecast["days"]] == [f"2026-11-{day}" for day in range(20, 27)]
    assert all(day["low"] < day["expected"] == 240 < day["high"] for day in forecast["days"])


def test_targets_are_the_users_own(ordinary: Asking) -> None:
    strict = ordinary.answers(None, means=Means(targets=Targets(crash_free=0.999, latency_ms=100)))
    answer = strict.project_health("api")
    assert part(answer, "crash_free")["score"] == 0
    assert part(answer, "latency") | {} == {
        "part": "latency", "score": 0.0, "weight": 0.2, "requests_within": 0.0, "target_p95_ms": 100
    }  # fmt: skip
    assert answer["objectives"][0]["budget_used"] == 2.0
    strict.close()


def test_a_bad_night_is_an_anomaly_and_costs_errors(asking: Asking) -> None:
    night = [ErrorCount("2", "18", "production", "api@1", END - back * HOUR, 200, 9) for back in (3, 2)]
    asking.fill([*ORDINARY, *night], **KNOWN)
    answer = asking.offline.project_health("api")
    (odd,) = answer["anomalies"]
    assert (odd["from"], odd["to"], odd["errors"]) == ("2026-11-20T09:00:00Z", "2026-11-20T11:00:00Z", 420)
    assert odd["usual"] == pytest.approx(20, abs=0.5)
    assert part(answer, "errors")["last_24h"] == 640
    assert part(answer, "errors")["score"] < 20


def test_issues_that_want_somebody_are_counted_and_shown(asking: Asking) -> None:
    rows = [
        issue(id="20", substatus="escalating", title="Boom\u202e"),
        issue(id="21", substatus="regressed"),
        issue(id="22", substatus="new", priority="high", first_seen=ago(days=1)),
        issue(id="23", substatus="new", priority="low", first_seen=ago(days=1)),
        issue(id="24", substatus="escalating", last_seen=ago(days=3)),
        issue(id="25", substatus="escalating", status="resolved"),
        issue(id="26", substatus="escalating", project_id="3"),
    ]
    asking.fill([*ORDINARY, *rows], **KNOWN)
    answer = asking.offline.project_health("api")
    assert part(answer, "alerting") == {"part": "alerting", "score": 50.0, "weight": 0.15, "issues": 3}
    assert [row["id"] for row in answer["alerting"]] == ["20", "21", "22"]
    assert answer["alerting"][0]["untrusted"] == {"title": "Boom"}
    backlog = part(answer, "backlog")
    assert (backlog["unresolved"], backlog["new"], backlog["grown"]) == (6, 2, 2)


def test_what_was_resolved_this_week_makes_the_backlog_smaller(asking: Asking) -> None:
    closing = [issue(id=str(40 + at), verified_at=ago(days=2)) for at in range(3)]
    asking.fill([*ORDINARY, *closing], **KNOWN)
    resolved = [replace(row, status="resolved", substatus=None, verified_at=NOW) for row in closing]
    asking.write(lambda uow: uow.upsert(resolved))
    backlog = part(asking.offline.project_health("api"), "backlog")
    assert (backlog["unresolved"], backlog["settled"], backlog["grown"], backlog["score"]) == (1, 3, -3, 100)


def test_parts_of_which_nothing_is_known_are_left_out_and_said(asking: Asking) -> None:
    asking.fill([project("2", "api"), *counts(), issue(substatus=None)], error_counts=WINDOW, issues=WINDOW)
    answer = asking.offline.project_health("api")
    assert [one["score"] for one in answer["parts"]] == [100, None, None, None, None]
    assert (answer["score"], answer["state"]) == (None, "unknown")
    assert part(answer, "alerting")["issues"] is None
    backlog = part(answer, "backlog")
    assert (backlog["unresolved"], backlog["settled"], backlog["reopened"], backlog["grown"]) == (
        1,
        None,
        None,
        None,
    )
    notes = " ".join(fresh(answer)["notes"])
    assert "which issues escalate or came back is not known" in notes
    assert "looked at for less than a week" in notes
    assert "no sessions are known" in notes
    assert "no hours of transactions are known" in notes
    assert answer["objectives"][0]["met"] is None


def test_a_few_days_are_not_enough_for_what_is_usual_or_a_forecast(asking: Asking) -> None:
    recent = Interval(TODAY - 2 * DAY, NOW)
    asking.fill([project("2", "api"), *counts()[-60:]], error_counts=recent, issues=recent)
    answer = asking.offline.project_health("api")
    assert (part(answer, "errors")["score"], answer["forecast"]) == (None, None)
    assert fresh(answer)["coverage"] == {"from": "2026-11-18T00:00:00Z", "to": "2026-11-20T12:00:00Z"}
    assert any("takes a week" in note for note in fresh(answer)["notes"])


def test_a_gap_is_no_day_without_errors(asking: Asking) -> None:
    asking.fill(ORDINARY, **(KNOWN | {"error_counts": Interval(TODAY - 21 * DAY, TODAY - 4 * DAY)}))
    asking.write(lambda uow: uow.cover("error_counts", "", Interval(TODAY - 3 * DAY, NOW), source="explore"))
    answer = asking.offline.project_health("api")
    assert answer["forecast"] is None  # three whole days since the gap
    assert answer["trend"]["hours_known"][0] == 144
    assert not fresh(answer)["complete"]


def test_a_day_of_which_an_hour_is_missing_is_no_day_without_errors(asking: Asking) -> None:
    asking.fill(ORDINARY, **(KNOWN | {"error_counts": Interval(TODAY - 21 * DAY, NOW - 5 * HOUR)}))
    asking.write(lambda uow: uow.cover("error_counts", "", Interval(NOW - 3 * HOUR, NOW), source="explore"))
    answer = asking.offline.project_health("api")
    assert (part(answer, "errors")["last_24h"], part(answer, "errors")["score"]) == (None, None)
    assert any("not every hour of the last day is known" in note for note in fresh(answer)["notes"])


def test_a_project_without_issues_has_no_backlog(asking: Asking) -> None:
    asking.fill([project("2", "api"), *counts()], error_counts=WINDOW, issues=WINDOW)
    answer = asking.offline.project_health("api")
    assert (part(answer, "backlog")["unresolved"], part(answer, "backlog")["grown"]) == (0, 0)
    assert part(answer, "alerting")["issues"] == 0


def test_an_empty_store_knows_nothing_and_says_why(asking: Asking) -> None:
    asking.fill([project("2", "api")])
    answer = asking.offline.project_health("api")
    assert (answer["score"], answer["state"], answer["forecast"]) == (None, "unknown", None)
    assert (fresh(answer)["complete"], fresh(answer)["could_not_fall_through_because"]) == (False, "not_supported")
    assert "run sentry-sync sync" in fresh(answer)["notes"][0]


def test_without_hourly_counts_health_is_told_from_the_events_held(asking: Asking) -> None:
    plain = [row for row in ORDINARY if not isinstance(row, ErrorCount)]
    known = {name: part for name, part in KNOWN.items() if name != "error_counts"}
    each = [event(at * 10 + n, hour + n * HOUR / 10) for at, hour in enumerate(HOURS) for n in range(10)]
    asking.fill([*plain, *each], **known, events=WINDOW)
    answer = asking.offline.project_health("api")
    assert (answer["score"], part(answer, "errors")["last_24h"], part(answer, "errors")["usual"]) == (
        100,
        240,
        240,
    )
    assert (answer["forecast"]["from_days"], fresh(answer)["complete"], fresh(answer)["rung"]) == (
        21,
        True,
        "events",
    )
    assert "no hourly counts are held" in fresh(answer)["notes"][0]


def test_the_latency_budget_is_counted_in_requests_of_slow_hours(asking: Asking) -> None:
    """Of 24 hours 3 were slow: 12.5% of the requests, where 5% may be."""
    slow = [replace(row, p95=1_001.0) for row in requests()[-5:-2]]
    older = [replace(row, hour=row.hour - 3 * DAY, count=4_600) for row in requests()]
    asking.fill([*ORDINARY, *slow], **KNOWN)
    objective = asking.offline.project_health("api")["objectives"][1]
    assert (objective["objective"], objective["target"], objective["target_p95_ms"]) == ("latency", 0.95, 1000)
    assert (objective["budget_used"], objective["met"], objective["days_left"]) == (2.5, False, 0)
    assert objective["days"] == 2
    asking.fill(older)
    objective = asking.offline.project_health("api")["objectives"][1]
    assert (objective["budget_used"], objective["met"], objective["days"]) == (0.053, True, 4)


def test_without_transactions_the_latency_budget_is_not_known(asking: Asking) -> None:
    asking.fill([row for row in ORDINARY if not isinstance(row, TransactionStat)], **KNOWN)
    objective = asking.offline.project_health("api")["objectives"][1]
    assert (objective["budget_used"], objective["met"], objective["days"]) == (None, None, 0)

"""get-performance: exact windows, never percentiles added up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sentry_sync.answers.asking import Ask
from sentry_sync.answers.performance import PerformanceQuestion
from sentry_sync.errors import QuestionError
from sentry_sync.records.intervals import Interval, floor
from sentry_sync.records.performance import (
    QueryStat,
    TransactionStat,
    TransactionWindow,
    WebVital,
)
from sentry_sync.sync.streams.performance import CUT
from tests.answers.desk import NOW, Asking
from tests.support.rows import project

HOUR = timedelta(hours=1)
FULL = floor(NOW, HOUR)
DAY = Interval(FULL - 24 * HOUR, FULL)


def window(name: str, span: Interval = DAY, **changes: Any) -> TransactionWindow:
    whole = TransactionWindow(
        "2", "production", name, span.start, span.end, 100, 1.0, 10.0, 8.0, 12.0, 30.123, 50.0, 0.01, 0.9, 7, False
    )
    return replace(whole, **changes)


def stat(name: str, hours_ago: int, **changes: Any) -> TransactionStat:
    whole = TransactionStat(
        "2", "production", name, FULL - hours_ago * HOUR, 10, 1.0, 10.0, 8.0, 12.0, 30.0, 50.0, 0.1, 0.9, 7, False
    )
    return replace(whole, **changes)


def fresh(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["freshness"]
    return found


def names(answer: dict[str, Any]) -> list[str]:
    return [found["untrusted"]["transaction"] for found in answer["transactions"]]


def synced(asking: Asking, *records: Any, period: str = "24h", at: Any = FULL) -> None:
    asking.fill([project("2", "api"), *records])
    asking.write(lambda uow: uow.mark(f"transaction_windows.{period}", "", at, at))


@pytest.fixture
def filled(asking: Asking) -> Asking:
    synced(
        asking,
        window("/slow", count=10, avg=1000.0),
        window("/busy", count=1000, avg=5.0),
        window("/pay\u202e", count=1, avg=None, p50=None, environment="staging"),
        window("/other", project_id="3"),
        window("/old", span=Interval(DAY.start - HOUR, DAY.end - HOUR)),
    )
    return asking


def test_the_last_day_is_what_the_server_computed_for_it_by_total_time(filled: Asking) -> None:
    answer = filled.offline.get_performance("api")
    assert names(answer) == ["/slow", "/busy", "/pay"]
    assert answer["window"] == {"from": "2026-11-19T12:00:00Z", "to": "2026-11-20T12:00:00Z"}
    assert (fresh(answer)["complete"], fresh(answer)["as_of"]) == (True, "2026-11-20T12:00:00Z")
    first = answer["transactions"][0]
    assert (first["count"], first["p95_ms"], first["failure_rate"], first["users"]) == (10, 30.12, 0.01, 7)
    assert first["untrusted"] == {"transaction": "/slow", "environment": "production"}


@pytest.mark.parametrize("start", ["-24h", "24h", "-1d", " -24H "])
def test_asking_for_a_day_back_is_asking_for_the_day_that_is_kept(filled: Asking, start: str) -> None:
    assert len(filled.offline.get_performance("api", start_time=start, end_time="now")["transactions"]) == 3


def test_an_environment_and_a_transaction_are_exact_names(filled: Asking) -> None:
    assert names(filled.offline.get_performance("api", environment="staging")) == ["/pay"]
    assert names(filled.offline.get_performance("api", transaction="/busy")) == ["/busy"]
    missed = filled.offline.get_performance("api", transaction="/BUS")
    assert (missed["transactions"], missed["untrusted"]) == ([], {"similar_transactions": ["/busy"]})


def test_a_day_window_is_stale_only_after_the_next_is_overdue(filled: Asking) -> None:
    filled.rig.advance(55 * 60 - 1)  # 12:34:56 and 55 minutes: an hour and a half after the window's end
    assert not fresh(filled.offline.get_performance("api"))["stale"]
    filled.rig.advance(60)
    assert fresh(filled.offline.get_performance("api"))["stale"]


def test_no_more_than_fifty_rows_are_shown(asking: Asking) -> None:
    synced(asking, *(window(f"/t{number}", count=number + 1) for number in range(60)))
    answer = asking.offline.get_performance("api")
    assert (len(answer["transactions"]), answer["more"], names(answer)[0]) == (50, True, "/t59")


def test_the_cursor_goes_on_behind_them_ties_by_name_and_without_the_queries_again(asking: Asking) -> None:
    synced(asking, *(window(f"/t{number:02}", avg=None) for number in range(60)))
    first = asking.offline.get_performance("api")
    second = asking.offline.get_performance("api", cursor=first["next_cursor"])
    assert names(first) + names(second) == [f"/t{number:02}" for number in range(60)]
    assert (second["more"], second["next_cursor"]) == (False, None)
    assert "database" in first
    assert "database" not in second


def test_a_cursor_is_refused_once_the_window_has_moved_on(asking: Asking) -> None:
    synced(asking, *(window(f"/t{number:02}") for number in range(60)))
    cursor = asking.offline.get_performance("api")["next_cursor"]
    later = Interval(DAY.start + HOUR, DAY.end + HOUR)
    synced(asking, *(window(f"/t{number:02}", later) for number in range(60)), at=later.end)
    with pytest.raises(QuestionError, match="the window has moved on"):
        asking.offline.get_performance("api", cursor=cursor)


def test_a_window_the_sync_could_not_finish_is_not_taken_for_whole(filled: Asking) -> None:
    filled.write(lambda uow: uow.mark("transaction_windows.24h", CUT, FULL, FULL))
    with filled.rig.store.write() as uow:
        run = uow.begin_pass("transaction_windows.24h", "", DAY, NOW)
        uow.end_pass(run, "failed", NOW, "the server is down")
    assert not fresh(filled.offline.get_performance("api"))["complete"]


def test_a_window_after_one_that_the_sync_could_not_finish_is_whole(filled: Asking) -> None:
    filled.write(lambda uow: uow.mark("transaction_windows.24h", CUT, FULL - HOUR, FULL - HOUR))
    assert fresh(filled.offline.get_performance("api"))["complete"]


def test_another_window_is_answered_by_the_hour_with_ranges_when_nobody_can_be_asked(asking: Asking) -> None:
    asking.fill(
        [
            project("2", "api"),
            stat("/pay", 1, count=10, failure_rate=0.5, p95=30.0, avg=10.0),
            stat("/pay", 2, count=30, failure_rate=0.1, p95=50.0, avg=20.0),
            stat("/pay", 9),
        ],
        transactions=Interval(FULL - 3 * HOUR, NOW),
    )
    answer = asking.offline.get_performance("api", start_time="-3h")
    (found,) = answer["transactions"]
    assert (found["count"], found["hours"], found["failure_rate"], found["avg_ms"]) == (40, 2, 0.2, 17.5)
    assert found["p95_ms"] == {"hourly_min": 30.0, "hourly_max": 50.0}
    assert (fresh(answer)["complete"], fresh(answer)["could_not_fall_through_because"]) == (False, "offline")
    notes = " ".join(fresh(answer)["notes"])
    assert "percentiles do not add up" in notes
    assert "3 of 4 hours are known" in notes


def test_an_hour_that_is_over_is_the_hourly_row_itself(asking: Asking) -> None:
    asking.fill([project("2", "api"), stat("/pay", 5, p95=31.5)], transactions=Interval(FULL - 9 * HOUR, NOW))
    start, end = (FULL - 5 * HOUR).isoformat(), (FULL - 4 * HOUR).isoformat()
    answer = asking.offline.get_performance("api", start_time=start, end_time=end)
    assert (answer["transactions"][0]["p95_ms"], fresh(answer)["complete"]) == (31.5, True)


def test_an_hour_that_is_hardly_over_is_not_final(asking: Asking) -> None:
    asking.fill([project("2", "api"), stat("/pay", 1)], transactions=Interval(FULL - 9 * HOUR, NOW))
    start, end = (FULL - HOUR).isoformat(), FULL.isoformat()
    assert not fresh(asking.offline.get_performance("api", start_time=start, end_time=end))["complete"]


def test_queries_and_vitals_are_summed_over_the_hours_known(filled: Asking) -> None:
    query = QueryStat(
        "2",
        "production",
        "q1",
        "SELECT\u200b 1",
        "postgresql",
        "SELECT",
        "t",
        FULL - HOUR,
        5,
        1.0,
        2.0,
        4.0,
        10.0,
        False,
    )
    vital = WebVital("2", "production", "/home", FULL - HOUR, 9, 1200.0, 800.0, 0.1, None, 90.0, 0.8, False)
    filled.fill(
        [
            query,
            replace(query, hour=FULL - 2 * HOUR, p95=9.0, total=90.0),
            replace(query, query_id="q2", total=50.0),
            vital,
            replace(vital, hour=FULL - 2 * HOUR, lcp=2400.0),
        ],
        queries=Interval(FULL - 2 * HOUR, FULL),
        web_vitals=DAY,
    )
    answer = filled.offline.get_performance("api")
    database, vitals = answer["database"], answer["web_vitals"]
    assert (database["hours_known"], database["hours"], database["complete"]) == (2, 24, False)
    assert [(found["total_ms"], found["count"], found["p95_ms"]) for found in database["queries"]] == [
        (100.0, 10, {"hourly_min": 4.0, "hourly_max": 9.0}),
        (50.0, 5, {"hourly_min": 4.0, "hourly_max": 4.0}),
    ]
    assert database["queries"][0]["untrusted"]["description"] == "SELECT 1"
    assert vitals["complete"]
    (page,) = vitals["pages"]
    assert (page["count"], page["lcp"]) == (18, {"hourly_min": 1200.0, "hourly_max": 2400.0})
    assert "inp" not in page


def test_rows_the_server_extrapolated_are_marked_and_told(asking: Asking) -> None:
    synced(asking, window("/pay", approximate=True))
    answer = asking.offline.get_performance("api")
    assert answer["transactions"][0]["approximate"]
    assert any("the server sampled" in note for note in fresh(answer)["notes"])


def test_wrong_times_are_refused_before_anything_is_asked(asking: Asking) -> None:
    with pytest.raises(QuestionError, match="before end_time"):
        asking.online.get_performance("api", start_time="-1h", end_time="-2h")
    assert asking.requests() == 0


# -- from Sentry --------------------------------------------------------------------------


def test_sentrys_own_day_is_the_one_the_store_gives_after_a_sync(asking: Asking) -> None:
    live = asking.online.get_performance(asking.slug)
    assert (fresh(live)["source"], fresh(live)["complete"]) == ("live", True)
    assert fresh(live)["fell_through_because"] == "never_synced"
    asking.rig.sync("performance")
    local = asking.offline.get_performance(asking.slug)
    assert (fresh(local)["source"], fresh(local)["complete"]) == ("local", True)
    assert local["transactions"] == live["transactions"]
    assert local["window"] == live["window"]
    assert len(local["transactions"]) > 3


def test_a_window_is_written_back_and_stands_once_it_is_final(asking: Asking) -> None:
    asking.rig.sync("projects", "performance")
    past = {"start_time": "2026-11-18T08:00Z", "end_time": "2026-11-18T11:00Z"}
    first = asking.online.get_performance(asking.slug, **past)
    assert (fresh(first)["source"], fresh(first)["fell_through_because"]) == ("live", "outside_coverage")
    assert first["transactions"]
    asking.rig.advance(86_400)
    again = asking.offline.get_performance(asking.slug, **past)
    assert (fresh(again)["source"], fresh(again)["complete"], fresh(again)["stale"]) == ("local", True, False)
    assert again["transactions"] == first["transactions"]


def test_asked_fresh_the_window_is_read_anew(asking: Asking) -> None:
    asking.rig.sync("projects", "performance")
    asked = asking.requests()
    answer = asking.online.ask(PerformanceQuestion(asking.slug), Ask(fresh=True))
    assert asking.requests() > asked
    assert (fresh(answer)["source"], fresh(answer)["fell_through_because"]) == ("live", "asked_fresh")


def test_a_window_still_running_is_asked_again_once_stale(asking: Asking) -> None:
    asking.rig.sync("projects")
    asking.online.get_performance(asking.slug, start_time="-3h")
    asked = asking.requests()
    asking.rig.advance(60)
    asking.online.get_performance(asking.slug, start_time="2026-11-20T09:00Z", end_time="2026-11-20T13:00Z")
    assert asking.requests() == asked
    asking.rig.advance(3600)
    asking.online.get_performance(asking.slug, start_time="2026-11-20T09:00Z", end_time="2026-11-20T13:00Z")
    assert asking.requests() > asked


def test_a_window_with_rows_that_cannot_be_read_is_not_taken_for_whole(asking: Asking) -> None:
    asking.rig.sync("projects")
    asking.rig.after = lambda body: body.replace(b'"transaction":', b'"transaktion":', 1)
    found = fresh(asking.online.get_performance(asking.slug))
    assert not found["complete"]
    assert any("1 transactions could not be read (transaction is missing)" in note for note in found["notes"])
    asked = asking.requests()
    asking.online.get_performance(asking.slug)
    assert asking.requests() > asked


def test_one_environment_is_asked_for_alone_and_kept_apart(asking: Asking) -> None:
    asking.rig.sync("projects")
    one = asking.online.get_performance(asking.slug, environment="production")
    assert {found["untrusted"]["environment"] for found in one["transactions"]} == {"production"}
    asked = asking.requests()
    whole = asking.online.get_performance(asking.slug)
    assert asking.requests() > asked
    assert len(whole["transactions"]) > len(one["transactions"])
    nowhere = asking.online.get_performance(asking.slug, environment="nowhere")
    assert (nowhere["transactions"], fresh(nowhere)["complete"]) == ([], True)


def test_a_server_without_explore_is_not_asked_again(asking: Asking) -> None:
    asking.fill([project("2", "api")])
    asking.write(lambda uow: uow.learn("explore.spans", NOW, available=False))
    asking.write(lambda uow: uow.learn("explore.transactions", NOW, available=False))
    asking.write(lambda uow: uow.learn("explore.discover", NOW, available=False))
    found = fresh(asking.online.get_performance("api"))
    assert (found["complete"], found["could_not_fall_through_because"]) == (False, "not_supported")
    assert asking.requests() == 0


def test_an_older_server_is_asked_for_transactions(tmp_path: Any) -> None:
    asking = Asking(tmp_path, profile="self-hosted")
    try:
        found = asking.online.get_performance(asking.slug)
        assert (fresh(found)["source"], fresh(found)["complete"]) == ("live", True)
        assert found["transactions"]
    finally:
        asking.close()

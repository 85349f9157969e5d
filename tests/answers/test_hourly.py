"""get-performance by the hour: what is known of each hour, what is not, and how the rest is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from sentry_sync.answers.asking import Ask
from sentry_sync.answers.performance_views import performance_question
from sentry_sync.errors import QuestionError
from sentry_sync.records.intervals import Interval, floor
from sentry_sync.records.performance import QueryStat, TransactionStat, WebVital
from tests.answers.desk import NOW, Asking
from tests.support.rig import Killed
from tests.support.rows import project

HOUR = timedelta(hours=1)
FULL = floor(NOW, HOUR)
DAY = Interval(FULL - 24 * HOUR, FULL)
ROWS = {"queries": "queries", "vitals": "pages", "trend": "trends"}


def query(name: str, hours_ago: int = 1, **changes: Any) -> QueryStat:
    hour = FULL - hours_ago * HOUR
    whole = QueryStat(
        "2",
        "production",
        name,
        f"SELECT {name}",
        "postgresql",
        "SELECT",
        "t",
        hour,
        10,
        1.0,
        2.0,
        9.0,
        20.0,
        False,
    )
    return replace(whole, **changes)


def vital(name: str, hours_ago: int = 1, **changes: Any) -> WebVital:
    hour = FULL - hours_ago * HOUR
    whole = WebVital("2", "production", name, hour, 10, 2000.0, 900.0, 0.1, 150.0, 300.0, 0.9, False)
    return replace(whole, **changes)


def stat(name: str, hours_ago: int = 1, **changes: Any) -> TransactionStat:
    hour = FULL - hours_ago * HOUR
    whole = TransactionStat(
        "2", "production", name, hour, 10, 1.0, 10.0, 8.0, 12.0, 30.123, 50.0, 0.1, 0.9, 7, False
    )
    return replace(whole, **changes)


KNOWN = Interval(DAY.start, NOW)


def filled(asking: Asking, *records: Any, known: Interval = KNOWN) -> Asking:
    asking.fill([project("2", "api"), *records], queries=known, web_vitals=known, transactions=known)
    return asking


def ask(asking: Asking, view: str, **options: Any) -> dict[str, Any]:
    return asking.online.get_performance("api", view=view, **options)


def pages(asking: Asking, view: str, **options: Any) -> Iterator[list[Any]]:
    answer = ask(asking, view, **options)
    yield answer[ROWS[view]]
    while answer["next_cursor"]:
        answer = ask(asking, view, cursor=answer["next_cursor"], **options)
        yield answer[ROWS[view]]


def test_queries_are_those_that_took_the_most_time_over_the_hours(asking: Asking) -> None:
    filled(asking, query("a"), query("a", 2, total=30.0), query("b", total=45.0), query("c", project_id="3"))
    answer = ask(asking, "queries")
    assert [(row["untrusted"]["description"], row["total_ms"]) for row in answer["queries"]] == [
        ("SELECT a", 50.0),
        ("SELECT b", 45.0),
    ]
    assert (answer["hours_known"], answer["hours"], answer["freshness"]["complete"]) == (24, 24, True)
    assert answer["window"] == {"from": "2026-11-19T12:00:00Z", "to": "2026-11-20T12:00:00Z"}
    assert asking.requests() == 0


def test_vitals_are_the_pages_loaded_most(asking: Asking) -> None:
    filled(asking, vital("/a", lcp=1000.0), vital("/a", 2, lcp=3000.0), vital("/b", count=15))
    answer = ask(asking, "vitals")
    assert [(row["untrusted"]["transaction"], row["count"]) for row in answer["pages"]] == [("/a", 20), ("/b", 15)]
    assert answer["pages"][0]["lcp"] == {"hourly_min": 1000.0, "hourly_max": 3000.0}
    assert [row["count"] for row in ask(asking, "vitals", transaction="/b")["pages"]] == [15]


def test_a_trend_has_a_value_for_each_hour_and_tells_none_from_unknown(asking: Asking) -> None:
    known = Interval(FULL - 4 * HOUR, NOW)
    filled(asking, stat("/pay\u202e", 1), stat("/pay\u202e", 3, count=4, p95=None), known=known)
    answer = asking.offline.get_performance("api", view="trend", start_time="-6h")
    (row,) = answer["trends"]
    assert (row["from"], row["step_seconds"]) == ("2026-11-20T06:00:00Z", 3600)
    assert row["counts"] == [None, None, 0, 4, 0, 10, 0]
    assert row["p95_ms"] == [None, None, None, None, None, 30.12, None]
    assert row["failure_rate"][5] == 0.1
    assert row["untrusted"] == {"transaction": "/pay", "environment": "production"}
    assert (answer["hours_known"], answer["freshness"]["complete"]) == (4, False)
    assert answer["freshness"]["could_not_fall_through_because"] == "offline"
    assert "2 of 7 hours are not known" in answer["freshness"]["notes"]


def test_one_transaction_and_one_environment_are_exact_names(asking: Asking) -> None:
    filled(asking, stat("/a"), stat("/a", environment="staging", count=3), stat("/b"))
    found = ask(asking, "trend", transaction="/a")["trends"]
    assert [row["untrusted"]["environment"] for row in found] == ["production", "staging"]
    (only,) = ask(asking, "trend", transaction="/a", environment="staging")["trends"]
    assert only["count"] == 3


@pytest.mark.parametrize(
    ("view", "size", "make"), [("queries", 25, query), ("vitals", 25, vital), ("trend", 5, stat)]
)
def test_pages_show_every_row_once_ties_too(asking: Asking, view: str, size: int, make: Any) -> None:
    names = [f"n{number:02}" for number in range(size * 2 + 3)]
    filled(asking, *(make(name) for name in names))
    shown = list(pages(asking, view))
    assert [len(rows) for rows in shown] == [size, size, 3]
    told = [str(sorted(row["untrusted"].items())) for rows in shown for row in rows]
    assert len(set(told)) == len(names)
    assert all(before < after for before, after in pairwise(told)), "ties stand by their names"


def test_an_answer_cut_to_its_size_goes_on_behind_its_last_row(asking: Asking) -> None:
    filled(asking, *(stat(f"n{number}") for number in range(5)))
    question = performance_question("api", view="trend")
    answer = asking.online.ask(question, Ask(max_bytes=4_000))
    assert 1 <= len(answer["trends"]) < 5
    rest = ask(asking, "trend", cursor=answer["next_cursor"])
    assert len(answer["trends"]) + len(rest["trends"]) == 5


def test_a_cursor_does_not_outlive_its_window(asking: Asking) -> None:
    filled(asking, *(stat(f"n{number}") for number in range(9)))
    cursor = ask(asking, "trend")["next_cursor"]
    asking.rig.advance(3600)
    asking.fill([], transactions=Interval(DAY.start, NOW + HOUR))
    with pytest.raises(QuestionError, match="the window has moved on"):
        ask(asking, "trend", cursor=cursor)


def test_a_cursor_of_another_view_is_refused(asking: Asking) -> None:
    filled(asking, *(stat(f"n{number}") for number in range(9)))
    cursor = ask(asking, "trend")["next_cursor"]
    with pytest.raises(QuestionError, match="another question"):
        ask(asking, "vitals", cursor=cursor)


def test_what_the_last_sync_could_not_know_yet_is_not_missing(asking: Asking) -> None:
    filled(asking, stat("/a"))
    asking.rig.advance(20 * 60)
    answer = ask(asking, "trend", start_time="-3h")
    assert (asking.requests(), answer["freshness"]["complete"]) == (0, True)
    assert answer["freshness"]["as_of"] == "2026-11-20T12:34:56Z"


def test_hours_long_after_the_last_sync_are_missing_where_they_are_asked_for(asking: Asking) -> None:
    filled(asking, stat("/a"))
    asking.rig.advance(2 * 3600)
    assert ask(asking, "trend")["freshness"]["complete"] is True, "the last day known is stale, not partial"
    assert asking.requests() == 0
    answer = asking.offline.get_performance("api", view="trend", start_time="-3h")
    assert answer["freshness"]["complete"] is False


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"view": "queries", "transaction": "/a"}, "leave transaction out"),
        ({"view": "trend", "start_time": "-20d"}, "14 days at most"),
        ({"view": "trend", "start_time": "soon"}, "start_time is not a time"),
    ],
)
def test_what_cannot_be_told_is_refused(asking: Asking, options: dict[str, Any], says: str) -> None:
    with pytest.raises(QuestionError, match=says):
        asking.online.get_performance("api", **options)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Asking]:
    asking = Asking(tmp_path)
    asking.rig.sync("projects")
    yield asking
    asking.close()


@pytest.mark.parametrize("view", ["vitals", "trend"])
def test_missing_hours_are_read_of_the_one_project_and_known_from_then_on(live: Asking, view: str) -> None:
    asked = live.requests()
    answer = live.online.get_performance(live.slug, view=view, start_time="-4h")
    assert live.requests() == asked + 5, "the running hour and the four before it"
    assert (answer["freshness"]["complete"], answer["hours_known"]) == (True, 4), "one is still running"
    assert answer["freshness"]["fell_through_because"] == "never_synced"
    assert answer[ROWS[view]]
    again = live.online.get_performance(live.slug, view=view, start_time="-4h")
    assert (live.requests(), again[ROWS[view]]) == (asked + 5, answer[ROWS[view]])


def test_no_more_than_six_hours_are_read_at_once_and_the_answer_says_so(live: Asking) -> None:
    asked = live.requests()
    answer = live.online.get_performance(live.slug, view="trend")
    assert live.requests() == asked + 6
    assert (answer["hours_known"], answer["freshness"]["complete"]) == (6, False)
    assert "18 of 24 hours are not known" in answer["freshness"]["notes"]
    for _ in range(3):
        answer = live.online.get_performance(live.slug, view="trend")
    assert (answer["hours_known"], answer["freshness"]["complete"]) == (24, True)


def test_what_was_read_of_one_project_is_not_known_of_another(live: Asking) -> None:
    live.online.get_performance(live.slug, view="trend", start_time="-2h")
    other = str(live.rig.sim.world.projects[1].slug)
    assert live.offline.get_performance(other, view="trend", start_time="-2h")["freshness"]["complete"] is False


def test_sentrys_own_hours_are_those_the_store_gives_after_a_sync(live: Asking) -> None:
    asked = live.online.get_performance(live.slug, view="trend", start_time="-3h")["trends"]
    live.rig.sync("performance")
    assert live.offline.get_performance(live.slug, view="trend", start_time="-3h")["trends"] == asked


def test_asked_fresh_the_hours_that_may_have_changed_are_read_again(live: Asking) -> None:
    live.rig.sync("performance")
    asked = live.requests()
    question = performance_question(live.slug, view="trend", start_time="-3h")
    answer = live.online.ask(question, Ask(fresh=True))
    assert live.requests() == asked + 2, "the running hour, and the one that is not final"
    assert answer["freshness"]["fell_through_because"] == "asked_fresh"


def test_a_server_without_explore_is_not_asked_and_said_to_have_none(live: Asking) -> None:
    with live.rig.store.write() as uow:
        uow.learn("explore.spans", NOW, available=False)
    answer = live.online.get_performance(live.slug, view="queries")
    assert answer["freshness"]["could_not_fall_through_because"] == "not_supported"


def test_rows_that_cannot_be_read_leave_their_hour_unknown(live: Asking) -> None:
    live.rig.after = lambda body: body.replace(b'"count(span.duration)":', b'"count(span.duration)":"x","was":', 1)
    answer = live.online.get_performance(live.slug, view="trend", start_time="-1h")
    assert answer["freshness"]["complete"] is False
    assert any("could not be read" in note for note in answer["freshness"]["notes"])


def test_what_was_read_of_a_project_is_not_claimed_once_a_sync_has_begun_to_replace_it(live: Asking) -> None:
    live.online.get_performance(live.slug, view="trend", start_time="-1h")
    assert live.offline.get_performance(live.slug, view="trend", start_time="-1h")["freshness"]["complete"] is True

    def killed(request: httpx.Request, headers: dict[str, str]) -> dict[str, str]:
        link = headers.get("Link", "").replace('results="false"', 'results="true"')
        return headers | {"Link": link} if "is_transaction" in str(request.url) else headers

    def before(request: httpx.Request) -> None:
        if "is_transaction" in str(request.url) and "cursor" in str(request.url):
            raise Killed

    live.rig.headers, live.rig.before = killed, before
    with live.rig.store.write() as uow:  # so that the hours come before the windows
        for name in ("24h", "7d"):
            uow.mark(f"transaction_windows.{name}", "", NOW, NOW)
    with pytest.raises(Killed):
        live.rig.sync("performance")
    assert (
        live.offline.get_performance(live.slug, view="trend", start_time="-1h")["freshness"]["complete"] is False
    )

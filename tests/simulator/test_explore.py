"""The Explore table: fields, groups, sorting, filters, datasets by profile, and its limits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sentry_sync.simulator import Simulator, WorldSize
from tests.simulator.asking import NOW, ORG, Answer, ask, simulator, walk

TABLE = f"{ORG}/events/"
SPAN_FIELDS = ["project", "environment", "transaction", "count(span.duration)", "epm()", "failure_rate()",
               "failure_count()", "avg(span.duration)", "apdex(span.duration,300)", "count_unique(user)"]  # fmt: skip


@pytest.fixture(scope="module")
def sim() -> Simulator:
    return simulator()


def table(sim: Simulator, fields: list[str], **query: Any) -> Answer:
    return ask(sim, TABLE, {"dataset": "errors", "field": fields, "project": -1, "statsPeriod": "14d", **query})


def test_fields_are_one_to_twenty(sim: Simulator) -> None:
    assert table(sim, []).status == 400
    assert table(sim, [f"tag{n}" for n in range(21)]).status == 400
    assert table(sim, [f"tag{n}" for n in range(20)]).status == 200


def test_one_sorts_by_selected_fields_only_under_either_spelling(sim: Simulator) -> None:
    refused = table(sim, ["project"], sort="-count()")
    assert (refused.status, refused.body) == (400, {"detail": "Cannot sort by a field that is not selected."})
    rows = table(sim, ["project", "count()"], sort="-count()").body["data"]
    assert [row["count()"] for row in rows] == sorted((row["count()"] for row in rows), reverse=True)
    assert table(sim, ["project", "count()"], sort="-count").body["data"] == rows


def test_rows_of_events_come_newest_first_with_types(sim: Simulator) -> None:
    fields = ["id", "issue.id", "issue", "project", "project.id", "timestamp", "title", "message", "release",
              "environment", "level", "transaction", "user.display", "user.id", "platform", "event.type"]  # fmt: skip
    body = table(sim, fields).body
    row = body["data"][0]
    assert [row["timestamp"] for row in body["data"]] == sorted(
        (row["timestamp"] for row in body["data"]), reverse=True
    )
    assert row["timestamp"].endswith("+00:00")
    issue = sim.world.issues[str(row["issue.id"])]
    assert (row["issue"], row["title"], row["project.id"]) == (issue.short_id, issue.title, int(issue.project.id))
    assert body["meta"]["fields"]["timestamp"] == "date"
    assert set(fields) <= set(row)


def test_the_end_is_exclusive_equal_ends_are_refused(sim: Simulator) -> None:
    newest = sim.world.index.newest()
    assert newest is not None
    query = {"dataset": "errors", "field": "id", "project": -1, "start": newest}
    assert len(ask(sim, TABLE, {**query, "end": newest + 1}).body["data"]) == 1
    assert ask(sim, TABLE, {**query, "end": newest}).status == 400
    assert ask(sim, TABLE, {**query, "end": newest - 5}).status == 400


def test_filters_narrow_and_lists_widen(sim: Simulator) -> None:
    first, second, *_ = sim.world.issues.values()
    rows = table(sim, ["issue.id", "count()"], query=f"issue.id:[{first.id},{second.id}]").body["data"]
    assert {row["issue.id"]: row["count()"] for row in rows} == {int(i.id): i.count for i in (first, second)}
    whole = table(sim, ["count()"]).body["data"][0]["count()"]
    rest = table(sim, ["count()"], query=f"!issue.id:{first.id}").body["data"][0]["count()"]
    assert whole - rest == first.count
    production = table(sim, ["count()"], environment="production").body["data"][0]["count()"]
    assert production == table(sim, ["count()"], query="environment:production").body["data"][0]["count()"] < whole


def test_page_size_and_depth_are_limited() -> None:
    sim = simulator(size=WorldSize(issues=20, events_per_day=800, days=14))
    assert table(sim, ["id"], per_page=101).status == 400
    assert table(sim, ["id"], per_page=0).status == 400
    deepest = table(sim, ["id"], cursor="0:9900:0", per_page=100)
    assert (len(deepest.body["data"]), deepest.link("next")["results"]) == (100, "true")
    assert table(sim, ["id"], cursor=deepest.link("next")["cursor"], per_page=100).status == 400


def test_spans_answer_transactions_with_their_aggregates(sim: Simulator) -> None:
    query = {
        "dataset": "spans",
        "query": "is_transaction:true",
        "statsPeriod": "2h",
        "sampling": "HIGHEST_ACCURACY",
    }
    body = table(sim, [*SPAN_FIELDS, "p99(span.duration)"], **query).body
    assert body["meta"]["dataScanned"] == "full"
    for row in body["data"]:
        assert row["failure_count()"] <= row["count(span.duration)"]
        assert 0 <= row["apdex(span.duration,300)"] <= 1
        assert row["epm()"] == pytest.approx(row["count(span.duration)"] / 120, rel=0.01)
    assert table(sim, SPAN_FIELDS, **{**query, "sampling": "NORMAL"}).body["meta"]["dataScanned"] == "partial"
    assert table(sim, ["p95()"], dataset="spans").status == 400
    assert table(sim, ["tpm()"], dataset="spans").status == 400


def test_web_vitals_come_from_pages_and_inp_from_interactions(sim: Simulator) -> None:
    vitals = [
        "transaction",
        "project",
        "p75(measurements.lcp)",
        "p75(measurements.cls)",
        "p75(measurements.inp)",
        "count()",
    ]
    pages = table(sim, vitals, dataset="spans", query="is_transaction:true has:measurements.lcp").body["data"]
    assert {row["project"] for row in pages} == {"web-storefront"}
    assert all(row["p75(measurements.lcp)"] > 100 > 1 > row["p75(measurements.cls)"] for row in pages)
    assert all(row["p75(measurements.inp)"] is None for row in pages)
    clicks = table(sim, vitals, dataset="spans", query="span.op:[ui.interaction.click]").body["data"]
    assert all(row["p75(measurements.inp)"] > 10 for row in clicks)
    assert clicks


def test_database_spans_are_grouped_by_query(sim: Simulator) -> None:
    fields = ["project", "span.group", "sentry.normalized_description", "span.system", "span.action", "span.domain",
              "count(span.duration)", "avg(span.self_time)", "sum(span.self_time)", "time_spent_percentage()"]  # fmt: skip
    rows = table(sim, fields, dataset="spans", query="span.category:db", sort="-sum(span.self_time)").body["data"]
    sums = [row["sum(span.self_time)"] for row in rows]
    assert sums == sorted(sums, reverse=True)
    assert sum(row["time_spent_percentage()"] for row in rows) == pytest.approx(1)
    assert {row["project"] for row in rows} == {"checkout-api", "payments", "data-worker"}


def test_the_incident_makes_its_project_slower(sim: Simulator) -> None:
    incident = sim.world.incident
    project = sim.world.projects[incident.project]

    def p95(start: int, end: int) -> float:
        query = {"dataset": "spans", "query": "is_transaction:true", "field": "p95(span.duration)",
                 "project": project.id, "start": start, "end": end}  # fmt: skip
        return float(ask(sim, TABLE, query).body["data"][0]["p95(span.duration)"])

    during = p95(incident.start, incident.end)
    assert during > 2 * p95(incident.start - 86_400, incident.end - 86_400)


def test_older_servers_have_transactions_instead_of_spans() -> None:
    old = simulator(profile="self-hosted")
    assert table(old, SPAN_FIELDS, dataset="spans").status == 400
    fields = [
        "transaction",
        "project",
        "count()",
        "tpm()",
        "p95(transaction.duration)",
        "apdex(300)",
        "failure_rate()",
    ]
    rows = table(old, fields, dataset="transactions").body["data"]
    assert rows
    assert table(old, fields, dataset="discover", query="event.type:transaction").body["data"] == rows
    assert table(old, ["p95(span.duration)"], dataset="transactions").status == 400
    assert table(old, ["count()"], dataset="transactions", query="is_transaction:true").body["data"] == []
    assert table(simulator(), fields, dataset="transactions").status == 400


def test_a_series_of_time_names_buckets_that_are_not_over(sim: Simulator) -> None:
    query = {"dataset": "errors", "yAxis": "count()", "statsPeriod": "6h", "interval": "1h", "project": -1}
    values = ask(sim, f"{ORG}/events-timeseries/", query).body["timeSeries"][0]["values"]
    assert [value["incomplete"] for value in values] == [False] * 6 + [True]
    top = {**query, "topEvents": 3, "groupBy": "project"}
    groups = ask(sim, f"{ORG}/events-timeseries/", top).body["timeSeries"]
    assert len({group["groupBy"][0]["value"] for group in groups}) == 3
    assert ask(sim, f"{ORG}/events-timeseries/", {**top, "topEvents": 11}).status == 400


def test_statistics_count_accepted_errors_as_the_index_has_them(sim: Simulator) -> None:
    query = {"field": "sum(quantity)", "groupBy": ["category", "outcome"], "statsPeriod": "14d", "interval": "1d"}
    groups = ask(sim, f"{ORG}/stats_v2/", query).body["groups"]
    totals = {(g["by"]["category"], g["by"]["outcome"]): g["totals"]["sum(quantity)"] for g in groups}
    assert totals["error", "accepted"] == len(sim.world.index)
    assert ask(sim, f"{ORG}/stats_v2/", {**query, "interval": "10m"}).status == 400


def test_a_window_that_reaches_into_the_future_grows_with_the_clock() -> None:
    sim = simulator()
    query = {"dataset": "spans", "query": "is_transaction:true", "field": "count(span.duration)", "project": -1,
             "start": NOW.isoformat(), "end": (NOW + timedelta(hours=1)).isoformat()}  # fmt: skip
    counts = []
    for _ in range(3):
        data = ask(sim, TABLE, query).body["data"]
        counts.append(data[0]["count(span.duration)"] if data else 0)
        sim.advance(1_200)
    assert counts == sorted(counts)
    assert counts[0] == 0 < counts[1] < counts[2]


def test_all_pages_together_are_the_whole_table(sim: Simulator) -> None:
    query = {"dataset": "errors", "field": ["issue.id", "environment", "count()"], "project": -1, "per_page": 11,
             "statsPeriod": "14d", "sort": ["-count()", "issue.id", "environment"]}  # fmt: skip
    rows = [row for page in walk(sim, TABLE, query) for row in page.body["data"]]
    assert len({(row["issue.id"], row["environment"]) for row in rows}) == len(rows)
    assert sum(row["count()"] for row in rows) == len(sim.world.index)

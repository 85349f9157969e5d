"""Which rung of a ladder is stood on, and what makes a sync step down or up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from sentry_sync.errors import BadRequest, Gone, NotSupported
from sentry_sync.store import tables
from sentry_sync.sync.capabilities import BROWNOUT, FORGET, HOLDS, Evidence, Verdict, verdict
from tests.support.rig import Rig

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ODD = Evidence(
    BadRequest("the server refuses the request (400): oops"),
    known=True,
    works=False,
    proven=True,
    doubted_at=None,
    now=NOW,
)


def test_a_first_refusal_means_that_the_server_has_no_such_thing() -> None:
    assert verdict(replace(ODD, known=False)) is Verdict.LACKING


def test_one_odd_refusal_of_what_has_worked_is_a_doubt_and_a_lasting_one_is_believed() -> None:
    assert verdict(ODD) is Verdict.DOUBTED
    assert verdict(replace(ODD, doubted_at=NOW - HOLDS / 2)) is Verdict.DOUBTED
    assert verdict(replace(ODD, doubted_at=NOW - HOLDS)) is Verdict.LACKING


def test_a_refusal_that_names_the_dataset_is_believed_at_once() -> None:
    named = BadRequest("the server refuses the request (400): dataset must be one of: errors, spans")
    assert verdict(replace(ODD, error=named)) is Verdict.LACKING
    assert verdict(replace(ODD, error=named, works=True)) is Verdict.FAILED


def test_a_missing_endpoint_is_not_believed_of_what_may_be_a_login_page() -> None:
    missing = NotSupported("the server has no explore endpoint")
    assert verdict(replace(ODD, error=missing, known=False, proven=False)) is Verdict.FAILED
    assert verdict(replace(ODD, error=missing, known=False)) is Verdict.LACKING


def test_a_brownout_is_no_retirement_until_it_has_lasted_a_day() -> None:
    gone = replace(ODD, error=Gone("the server is retiring its explore endpoint (410)"))
    assert verdict(replace(gone, known=False)) is Verdict.DOUBTED
    assert verdict(replace(gone, doubted_at=NOW - HOLDS)) is Verdict.DOUBTED
    assert verdict(replace(gone, doubted_at=NOW - BROWNOUT)) is Verdict.LACKING


def refusing(rig: Rig, *datasets: str, text: str = "Invalid query") -> None:
    """Let the server refuse every question to these datasets."""

    def before(request: httpx.Request) -> None:
        if request.url.params.get("dataset") in datasets:
            rig.sim.faults.add("/events/", "status", status=400, body={"detail": text})

    rig.before = before


def source(rig: Rig, resource: str) -> set[str]:
    found = tables.coverage.c
    return {row.source for row in rig.rows(select(found.source).where(found.resource == resource))}


def able(rig: Rig) -> dict[str, bool]:
    return {row.name: row.available for row in rig.rows(tables.capabilities)}


@pytest.mark.parametrize(
    ("without", "stood_on"),
    [(("spans",), "transactions"), (("spans", "transactions"), "discover")],
)
def test_performance_stands_on_the_best_dataset_the_server_has(
    tmp_path: Path, without: tuple[str, ...], stood_on: str
) -> None:
    rig = Rig(tmp_path, profile="self-hosted")
    refusing(rig, *without)
    assert rig.sync("projects", "performance").ok
    assert source(rig, "transactions") == {stood_on}
    assert source(rig, "web_vitals") == {stood_on}
    assert rig.rows(tables.transaction_stats)
    assert len(rig.rows(tables.transaction_windows)) > 0
    rig.close()


def test_an_endpoint_that_begins_to_fail_is_left_after_a_quarter_of_an_hour_and_found_again(rig: Rig) -> None:
    rig.sync("projects", "events")
    refusing(rig, "errors")
    rig.advance(60)
    assert not rig.sync("projects", "events").ok
    assert able(rig)["explore.errors"] is True
    rig.advance(HOLDS.total_seconds())
    assert rig.sync("projects", "events").ok
    assert able(rig)["explore.errors"] is False
    assert source(rig, "events") == {"explore", "project_events"}
    rig.before = lambda request: None
    rig.advance(FORGET.total_seconds())
    assert rig.sync("projects", "events").ok
    assert able(rig)["explore.errors"] is True
    assert rig.coverage("events")[-1].end == rig.sim.now()


def test_what_fails_once_and_works_again_is_no_longer_in_doubt(rig: Rig) -> None:
    rig.sync("projects", "events")
    refusing(rig, "errors")
    rig.advance(60)
    rig.sync("projects", "events")
    assert "doubted:explore.errors" in able(rig)
    rig.before = lambda request: None
    rig.advance(60)
    assert rig.sync("projects", "events").ok
    assert "doubted:explore.errors" not in able(rig)


def test_another_version_of_the_program_asks_again_for_what_was_lacking(rig: Rig) -> None:
    rig.sync("projects")
    rig.sync("projects")
    with rig.store.write() as uow:
        uow.unlearn(next(name for name in able(rig) if name.startswith("program:")))
        uow.learn("program:0.0.1", rig.clock.now(), available=True)
        uow.learn("explore.errors", rig.clock.now(), available=False)
    assert rig.sync("projects", "events").ok
    assert able(rig)["explore.errors"] is True
    assert [name for name in able(rig) if name.startswith("program:")] != ["program:0.0.1"]


def test_a_pass_begun_on_one_rung_is_not_gone_on_with_on_another(rig: Rig) -> None:
    rig.sync("projects")
    with rig.store.write() as uow:
        run = uow.begin_pass("events", "", None, rig.clock.now())
        uow.turn_page(run, "0:100:0", 100, [], rig.clock.now())
        uow.learn("explore.errors", rig.clock.now() - timedelta(days=8), available=False)
    assert rig.sync("events").ok
    assert rig.passes("events")[0].state == "abandoned"


def test_a_first_no_is_asked_about_again_within_hours(rig: Rig) -> None:
    rig.sim.faults.add("dataset=errors", "html")
    rig.sync("projects", "events")
    assert rig.coverage("error_counts") == []
    rig.advance(2 * 3600)
    rig.sync("events")
    assert rig.coverage("error_counts")
    rig.close()


def test_a_second_no_is_believed_for_a_week(rig: Rig) -> None:
    rig.sim.faults.add("dataset=errors", "html", times=10_000)
    for _ in range(2):
        rig.sync("projects", "events")
        rig.advance(2 * 3600)
    rig.sim.faults.clear()
    rig.advance(2 * 86_400)
    rig.sync("events")
    assert rig.coverage("error_counts") == []
    rig.advance(5 * 86_400)
    rig.sync("events")
    assert rig.coverage("error_counts")
    rig.close()

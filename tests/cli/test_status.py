from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sentry_sync.cli import status
from sentry_sync.cli.settings import Settings, load
from sentry_sync.records.audit import Retention
from sentry_sync.records.budget import Lane, Reservation
from sentry_sync.records.intervals import Interval
from sentry_sync.records.schedule import AWAY, Rest
from sentry_sync.store import tables
from sentry_sync.store.ledger import RequestLedger
from sentry_sync.store.presence import this_process
from sentry_sync.sync.plan import stale_after
from sentry_sync.sync.run import LADDERS, RESOURCES
from tests.support.cli import CommandLine, environment
from tests.support.rig import START, Rig

HOUR = timedelta(hours=1)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


@pytest.fixture
def settings(rig: Rig) -> Settings:
    return load({"store": str(rig.directory)})


def resource(found: dict[str, Any], name: str) -> dict[str, Any]:
    entries: list[dict[str, Any]] = found["resources"]
    return next(entry for entry in entries if entry["resource"] == name)


def stream(found: dict[str, Any], name: str) -> dict[str, Any]:
    entries: list[dict[str, Any]] = [entry for each in found["resources"] for entry in each["streams"]]
    return next(entry for entry in entries if entry["stream"] == name)


def test_without_a_store_the_line_says_what_to_do(cli: CommandLine, tmp_path: Path) -> None:
    assert cli("status", "--store", tmp_path / "none").refused(11) == (
        f"there is no store at {tmp_path / 'none'} yet: run `sentry-sync sync` first"
    )
    assert not (tmp_path / "none").exists()


def test_every_resource_and_stream_has_its_place(rig: Rig, settings: Settings) -> None:
    rig.sync()
    found = status.document(settings, rig.clock)
    assert [entry["resource"] for entry in found["resources"]] == list(RESOURCES)
    shown = {entry["stream"] for each in found["resources"] for entry in each["streams"]}
    assert shown == {ladder[0].name for ladder in LADDERS}
    assert (found["organization"], found["base_url"]) == ("acme", "http://127.0.0.1")


def test_after_a_sync_everything_is_fresh_and_counted(rig: Rig, settings: Settings) -> None:
    rig.sync()
    found = status.document(settings, rig.clock)
    for entry in found["resources"]:
        assert entry["stale"] is False, entry
        assert entry["as_of"] is not None
        assert entry["rejected"] == 0
    assert resource(found, "issues")["rows"] == {"issues": len(rig.sim.world.issues)}
    assert resource(found, "projects")["rows"]["projects"] == 3
    assert resource(found, "issues")["as_of"] == START
    assert found["store"]["database"] > 0
    assert found["store"]["bytes"] == sum(found["store"][name] for name in ("database", "ledger", "lake"))


def test_a_resource_is_stale_once_it_is_older_than_two_of_its_intervals(rig: Rig, settings: Settings) -> None:
    rig.sync()
    rig.clock.advance(stale_after("issues").total_seconds())
    assert resource(status.document(settings, rig.clock), "issues")["stale"] is False
    rig.clock.advance(1)
    issues = resource(status.document(settings, rig.clock), "issues")
    assert (issues["stale"], issues["age_seconds"]) == (True, stale_after("issues").total_seconds() + 1)


def test_a_resource_that_lacks_one_of_its_streams_has_no_date(rig: Rig, settings: Settings) -> None:
    rig.sim.faults.add("/environments/", "status", status=403, times=100)
    rig.sync("projects")
    projects = resource(status.document(settings, rig.clock), "projects")
    assert (projects["as_of"], projects["stale"]) == (None, True)


def test_what_was_never_synced_says_never_and_is_stale(rig: Rig, settings: Settings) -> None:
    rig.sync("issues")
    found = status.document(settings, rig.clock)
    assert stream(found, "releases")["state"] == "never"
    assert resource(found, "releases")["stale"] is True
    assert resource(found, "releases")["age_seconds"] is None


def test_a_pass_that_failed_shows_its_error(rig: Rig, settings: Settings) -> None:
    rig.sim.faults.add("/releases/", "status", status=403, times=100)
    rig.sync("releases")
    releases = stream(status.document(settings, rig.clock), "releases")
    assert releases["state"] == "failed"
    assert "403" in releases["error"]


def test_a_pass_is_running_while_somebody_syncs_and_interrupted_when_nobody_does(
    rig: Rig, settings: Settings
) -> None:
    rig.sync("projects")
    with rig.store.write() as uow:
        uow.begin_pass("releases", "", None, START)
    found = status.document(settings, rig.clock)
    assert (found["syncing"], stream(found, "releases")["state"]) == (False, "interrupted")
    with rig.store.syncing():
        found = status.document(settings, rig.clock)
    assert (found["syncing"], stream(found, "releases")["state"]) == (True, "running")
    assert found["syncing_process"] == this_process()
    assert found["syncing_since"] == found["syncing_heard_of_at"] == START


def test_a_rest_is_a_line_with_its_reason_and_what_ends_it(
    rig: Rig, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    rig.sync("projects")
    with rig.store.syncing():
        with rig.store.write() as uow:
            uow.rest(Rest(START + timedelta(minutes=10), AWAY))
        status.run(settings, as_json=False, clock=rig.clock)
    printed = capsys.readouterr().out
    assert (
        "rest    until 2026-11-20 12:44:56Z nothing is asked of Sentry, since Sentry could not be reached: "
        "sync-now, SIGHUP or a restart ends that\n"
    ) in printed


def test_rows_that_could_not_be_read_are_counted_with_a_reason(rig: Rig, settings: Settings) -> None:
    rig.after = lambda body: body.replace(b'"level":"error"', b'"level":{"x":1}', 1)
    rig.sync("issues")
    found = status.document(settings, rig.clock)
    issues = stream(found, "issues.hot")
    assert issues["rejected"] > 0
    assert issues["reject_reason"]
    assert resource(found, "issues")["rejected"] == issues["rejected"]


def test_coverage_tells_from_when_to_when_and_the_gaps_between(rig: Rig, settings: Settings) -> None:
    rig.sync("issues")
    day = timedelta(days=1)
    with rig.store.write() as uow:
        uow.cover("events", "", Interval(START - 5 * day, START - 4 * day), source="explore")
        uow.cover("events", "", Interval(START - 2 * day, START), source="explore")
    found = status.document(settings, rig.clock)
    (events,) = (entry for entry in found["coverage"] if entry["resource"] == "events")
    assert (events["from"], events["to"]) == (START - 5 * day, START)
    assert events["gaps"] == [{"from": START - 4 * day, "to": START - 2 * day}]
    assert events["sources"] == ["explore"]


def test_coverage_tells_how_fine_it_is_and_what_sentry_no_longer_serves(rig: Rig, settings: Settings) -> None:
    rig.sync()
    oldest = min(row.timestamp for row in rig.rows(tables.events))
    with rig.store.write() as uow:
        uow.upsert([Retention("events", oldest + HOUR, rig.clock.now())])
    found = status.document(settings, rig.clock)
    assert {entry["resource"]: entry["resolution_seconds"] for entry in found["coverage"]}["error_counts"] == 3600
    [events] = found["retention"]
    assert (events["resource"], events["served_since"]) == ("events", oldest + HOUR)
    assert events["held_beyond"] == sum(row.timestamp < oldest + HOUR for row in rig.rows(tables.events)) > 0


def test_scopes_covered_one_by_one_claim_only_the_time_they_share(rig: Rig, settings: Settings) -> None:
    rig.sync("projects")
    with rig.store.write() as uow:
        uow.cover("events", "project:1", Interval(START - 9 * HOUR, START - HOUR), source="project_events")
        uow.cover("events", "project:2", Interval(START - 5 * HOUR, START - 3 * HOUR), source="project_events")
        uow.cover("events", "project:2", Interval(START - 2 * HOUR, START), source="project_events")
    (events,) = status.document(settings, rig.clock)["coverage"]
    assert (events["scope"], events["scopes"]) == ("project:*", 2)
    assert (events["from"], events["to"]) == (START - 5 * HOUR, START - HOUR)
    assert events["gaps"] == [{"from": START - 3 * HOUR, "to": START - 2 * HOUR}]


def test_scopes_that_share_no_time_claim_none(rig: Rig, settings: Settings) -> None:
    rig.sync("projects")
    with rig.store.write() as uow:
        uow.cover("events", "issue:1", Interval(START - 9 * HOUR, START - 8 * HOUR), source="issue_events")
        uow.cover("events", "issue:2", Interval(START - 2 * HOUR, START), source="issue_events")
    (events,) = status.document(settings, rig.clock)["coverage"]
    assert (events["from"], events["to"], events["gaps"]) == (None, None, [])


def test_a_server_that_lacks_performance_is_called_that_and_not_stale_data(rig: Rig, settings: Settings) -> None:
    rig.sync("projects")
    needed = {rung.needs for ladder in LADDERS if ladder[0].resource == "performance" for rung in ladder}
    with rig.store.write() as uow:
        for name in needed:
            assert name is not None
            uow.learn(name, START, available=False)
    performance = resource(status.document(settings, rig.clock), "performance")
    assert performance["supported"] is False
    assert {entry["state"] for entry in performance["streams"]} == {"unsupported"}


def test_what_the_server_can_do_is_told_without_the_notes_kept_beside_it(rig: Rig, settings: Settings) -> None:
    rig.sync("projects")
    with rig.store.write() as uow:
        uow.learn("explore.spans", START, available=False)
        uow.learn("doubted:explore.spans", START, available=False)
    told = status.document(settings, rig.clock)["capabilities"]
    assert told["explore.spans"] is False
    assert not [name for name in told if ":" in name]


def test_the_budget_counts_every_lane_of_the_last_minute(rig: Rig, settings: Settings) -> None:
    rig.sync("projects")
    with RequestLedger(rig.store.paths.ledger, rig.clock) as ledger:
        before = status.document(settings, rig.clock)["budget"]
        for lane in (Lane.LIVE, Lane.WARM):
            leave = ledger.reserve("issues", lane)
            assert isinstance(leave, Reservation)
            ledger.settle(leave, 200, None)
    after = status.document(settings, rig.clock)["budget"]
    assert after["spent"] == before["spent"] + 2
    assert after["left_for_questions"] == before["left_for_questions"] - 2
    assert after["spent_by_lane"]["live"] == before["spent_by_lane"]["live"] + 1
    rig.clock.advance(61)
    assert status.document(settings, rig.clock)["budget"]["spent"] == 0


def test_it_works_without_token_organization_or_network(cli: CommandLine, rig: Rig) -> None:
    rig.sync()
    asked = rig.asked()
    outcome = cli("status", "--store", rig.directory)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[0] == "acme at http://127.0.0.1"
    assert rig.asked() == asked


def test_the_json_is_one_line_with_the_same_content(cli: CommandLine, rig: Rig) -> None:
    rig.sync("issues", "projects")
    found = cli("status", "--store", rig.directory, "--json").document
    assert resource(found, "issues")["rows"] == {"issues": len(rig.sim.world.issues)}
    assert resource(found, "issues")["as_of"] == START.isoformat()


def test_it_imports_nothing_that_it_does_not_use(rig: Rig, tmp_path: Path) -> None:
    rig.sync("projects")
    unused = {"httpx", "alembic", "duckdb", "rich", "mcp", "uvicorn", "apscheduler", "jinja2", "starlette"}
    code = (
        "import sys; from sentry_sync.cli.main import run; "
        f"code = run(['status', '--json', '--store', {str(rig.directory)!r}]); "
        f"print(sorted({unused!r} & set(sys.modules)), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(tmp_path), check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "[]\n")

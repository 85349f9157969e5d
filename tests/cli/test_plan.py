from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sentry_sync.cli.plan import Wish, of_the_store, supposed
from sentry_sync.cli.settings import load
from sentry_sync.errors import SettingsError
from sentry_sync.records.schedule import Entry
from sentry_sync.sync.stream import Policy
from tests.support.cli import CommandLine
from tests.support.rig import START, Rig


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    found = Rig(tmp_path)
    monkeypatch.setenv("SENTRY_SYNC_STORE", str(found.directory))
    monkeypatch.setenv("SENTRY_SYNC_HISTORY_DAYS", "3")
    yield found
    found.close()


def stream(plan: Any, name: str) -> Any:
    return next(line for line in plan["streams"] if line["stream"] == name)


def test_a_plan_of_the_copy_is_made_of_its_own_rows_and_asks_nobody(cli: CommandLine, rig: Rig) -> None:
    rig.sync()
    asked = rig.asked()
    plan = cli("plan", "--json").document
    assert rig.asked() == asked
    world = rig.sim.world
    assert plan["organization"] == "acme"
    assert plan["shape"]["projects"] == 3
    assert plan["shape"]["issues"] == len(world.issues)
    assert plan["shape"]["unresolved"] == sum(issue.status == "unresolved" for issue in world.issues.values())
    assert plan["total"]["fits"]
    assert plan["notes"] == []


def test_what_is_not_covered_yet_is_still_to_be_read(rig: Rig) -> None:
    settings, policy = load({"store": str(rig.directory)}), Policy(history_days=3, performance_hours=3)
    rig.sync("projects", "issues")
    before = of_the_store(settings, policy, START)
    rig.sync()
    after = of_the_store(settings, policy, START)
    assert stream(before, "release_health")["backfill"] == pytest.approx(3, abs=0.1)
    for name in ("issues.hot", "events", "error_counts", "release_health", "transactions"):
        assert stream(after, name)["backfill"] == 0, name
    assert 0 < stream(after, "event_bodies")["backfill"] < stream(before, "event_bodies")["backfill"]


def test_a_stream_that_keeps_failing_is_named(rig: Rig) -> None:
    rig.sync()
    failing = Entry("release_health", timedelta(minutes=15), START, failures=3, requests=1)
    with rig.store.write() as uow:
        uow.keep_schedule(failing, START)
    plan = of_the_store(load({"store": str(rig.directory)}), Policy(), START)
    assert (stream(plan, "release_health")["failures"], stream(plan, "release_health")["last_requests"]) == (3, 1)
    assert plan["notes"][0].startswith("release_health failed 3 times in a row")


def test_without_a_copy_it_says_that_there_is_none(cli: CommandLine, rig: Rig) -> None:
    assert cli("plan").refused(11)


def test_an_enormous_organization_is_told_what_will_not_be_held(cli: CommandLine) -> None:
    numbers = ("--projects", "1000", "--unresolved", "200000", "--events-per-day", "50000000")
    plan = cli("plan", *numbers, "--json").document
    assert not plan["total"]["fits"]
    assert plan["total"]["per_minute"] == pytest.approx(80, rel=0.01)
    assert plan["total"]["wanted_per_minute"] > 500
    assert 0 < stream(plan, "events")["share"] < 0.05
    assert stream(plan, "events")["backfill_seconds"] is None
    said = " ".join(plan["notes"])
    for part in ("does not fit", "Of event rows about", "Hourly counts will not be complete", "A sweep of the"):
        assert part in said
    text = cli("plan", *numbers).out
    assert all(note in text for note in plan["notes"])
    assert "80.0 requests a minute of 80" in text


def test_a_small_organization_fits_and_the_plan_says_how_long_its_past_takes(cli: CommandLine) -> None:
    plan = cli("plan", "--projects", "20", "--json").document
    assert plan["total"]["fits"]
    assert plan["shape"]["unresolved"] == 500
    assert stream(plan, "events")["backfill"] == pytest.approx(14 * 30_000 / 100)
    assert 0 < stream(plan, "events")["backfill_seconds"] < 24 * 3600
    assert stream(plan, "issues.sweep")["age_seconds"] < 600


def test_a_larger_budget_holds_more(cli: CommandLine) -> None:
    numbers = ("--events-per-day", "5000000", "--json")
    small = cli("plan", *numbers).document
    large = cli("plan", *numbers, "--rate-limit", "1000").document
    assert stream(small, "events")["share"] < stream(large, "events")["share"]


def test_numbers_that_contradict_each_other_are_refused(cli: CommandLine) -> None:
    assert "--unresolved" in cli("plan", "--unresolved", "10", "--issues", "5").refused(2)
    assert cli("plan", "--projects", "-1").code == 2
    with pytest.raises(SettingsError):
        supposed(Wish(unresolved=2, issues=1))


def test_no_events_are_no_issues_and_no_rows() -> None:
    assert supposed(Wish(events_per_day=0)).count_rows_per_hour == 0

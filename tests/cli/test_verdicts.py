"""``assess`` and ``health``: what a person reads, what a program reads, and the exit codes of a gate."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentry_sync.simulator import WorldSize
from sentry_sync.sync.stream import Policy
from tests.support.cli import CommandLine
from tests.support.rig import Rig

SIZE = WorldSize(projects=2, issues=24, events_per_day=150, releases=4, days=6)
POLICY = Policy(history_days=6, performance_hours=3, bodies_per_run=0)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str, str]:
    """A store that is only read, a project, its bad release and the one before that."""
    rig = Rig(tmp_path_factory.mktemp("verdicts"), size=SIZE, policy=POLICY)
    rig.sync("projects", "issues", "releases", "events")
    bad = rig.sim.world.bad_release()
    assert bad is not None
    timeline = rig.sim.world.releases.current_list(bad.projects[0])
    rig.close()
    return rig.directory, bad.projects[0].slug, bad.version, timeline[timeline.index(bad) - 1].version


@pytest.fixture
def world(filled: tuple[Path, str, str, str], monkeypatch: pytest.MonkeyPatch) -> tuple[str, str, str]:
    monkeypatch.setenv("SENTRY_SYNC_STORE", str(filled[0]))
    return filled[1:]


def test_a_gate_is_told_by_the_exit_code(cli: CommandLine, world: tuple[str, str, str]) -> None:
    project, bad, good = world
    outcome = cli("assess", bad, "--project", project)
    assert outcome.code == 20
    assert outcome.out.startswith("verdict: regressed\n  because: ")
    assert "points of crash-free sessions are lost" in outcome.out
    assert outcome.err.startswith("as of 2026-11-20T12:34:56Z")
    assert cli("assess", good, "--project", project).code == 0


def test_json_is_the_answer_itself_with_the_same_code(cli: CommandLine, world: tuple[str, str, str]) -> None:
    project, bad, _ = world
    outcome = cli("assess", bad, "--project", project, "--json")
    assert (outcome.code, outcome.document["verdict"], outcome.err) == (20, "regressed", "")


def test_a_release_nobody_knows_is_no_verdict(cli: CommandLine, world: tuple[str, str, str]) -> None:
    outcome = cli("assess", "nope@1", "--project", world[0])
    assert outcome.code == 22
    assert outcome.out == "verdict: none, the release is not known\n"
    assert "incomplete" in outcome.err


def test_a_project_nobody_knows_is_an_error(cli: CommandLine, world: tuple[str, str, str]) -> None:
    assert "unknown project 'nope'" in cli("assess", "x@1", "--project", "nope").refused(2)


def test_health_shows_the_score_its_parts_and_the_week_to_come(
    cli: CommandLine, world: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = cli("health", world[0])
    assert outcome.code == 0
    assert outcome.out.startswith(f"{world[0]}: ")
    for name in ("errors", "crash_free", "latency", "alerting", "backlog"):
        assert f"\n{name} " in outcome.out
    assert "crash-free sessions, target 99.50%: error budget" in outcome.out
    monkeypatch.setenv("SENTRY_SYNC_TARGET_CRASH_FREE", "0.9")
    found = cli("health", world[0], "--json").document
    assert found["objectives"][0]["target"] == 0.9

"""A command line in an environment with nothing of the tester's in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentry_sync.simulator import Simulator, SimulatorOptions, WorldSize
from tests.support.cli import SECRET, CommandLine, environment

SMALL = WorldSize(projects=2, issues=20, events_per_day=20, releases=2, days=2)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith(("SENTRY_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with Simulator(SimulatorOptions(size=SMALL, token=SECRET, static=True, rate_limit=None)) as running:
        yield running


@pytest.fixture
def variables(tmp_path: Path, server: Simulator) -> dict[str, str]:
    """The environment of a process that syncs from the server, which has nothing wrong with it yet."""
    server.faults.clear()
    server.requests.clear()
    return environment(
        tmp_path,
        SENTRY_BASE_URL=server.url,
        SENTRY_AUTH_TOKEN=SECRET,
        SENTRY_ORG="acme",
        SENTRY_SYNC_STORE=str(tmp_path / "store"),
        SENTRY_SYNC_RATE_LIMIT="10000",
        SENTRY_SYNC_HISTORY_DAYS="2",
    )

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from sentry_sync.cli import simulate
from sentry_sync.errors import SettingsError
from sentry_sync.simulator import Simulator
from tests.support.cli import CommandLine, environment

WORLD = simulate.World(seed=3, projects=2, issues=10, events_per_day=5, releases=1, days=1)


def test_what_it_prints_points_a_sync_at_it_and_ctrl_c_ends_it_quietly(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "sentry_sync.cli", "simulate", "--projects", "1", "--issues", "5", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(tmp_path),
    ) as running:
        assert running.stdout is not None
        said = json.loads(running.stdout.readline())
        url = f"{said['SENTRY_BASE_URL']}/api/0/organizations/{said['SENTRY_ORG']}/projects/"
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {said['SENTRY_AUTH_TOKEN']}"})
        with urllib.request.urlopen(request) as answer:
            assert len(json.load(answer)) == 1
        running.send_signal(signal.SIGINT)
        rest, err = running.communicate()
    assert (running.returncode, rest, err) == (0, "", "")


def test_the_line_for_a_shell_is_an_export(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "sentry_sync.cli", "simulate", "--issues", "5"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(tmp_path),
    ) as running:
        assert running.stdout is not None
        line = running.stdout.readline()
        running.send_signal(signal.SIGINT)
    done = subprocess.run(
        ["sh", "-c", f"{line} env"], capture_output=True, text=True, env=environment(tmp_path), check=True
    )
    assert "SENTRY_ORG=acme" in done.stdout.splitlines()


def test_the_options_reach_the_simulator() -> None:
    options = simulate.options(WORLD, "glitchtip", "7/2", static=True, latency_ms=3)
    assert (options.seed, options.profile, options.rate_limit) == (3, "glitchtip", (7, 2))
    assert (options.static, options.latency_ms) == (True, 3)
    assert (options.size.projects, options.size.issues, options.size.events_per_day) == (2, 10, 5)
    assert (options.size.releases, options.size.days) == (1, 1)
    assert simulate.options(WORLD, "saas", "off", static=False, latency_ms=0).rate_limit is None


@pytest.mark.parametrize("text", ["", "40", "0/1", "1/0", "-1/1", "40/1/1", "many/1"])
def test_a_rate_limit_it_cannot_read_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="such as 40/1, or off"):
        simulate.options(WORLD, "saas", text, static=False, latency_ms=0)


def test_an_unknown_profile_is_refused_with_the_known_ones(cli: CommandLine) -> None:
    assert cli("simulate", "--profile", "azure").refused(2) == (
        "--profile must be one of saas, self-hosted, glitchtip"
    )


def test_a_port_that_is_taken_is_one_line(cli: CommandLine) -> None:
    with Simulator(simulate.options(WORLD, "saas", "off", static=True, latency_ms=0)) as other:
        port = other.url.rsplit(":", 1)[1]
        assert cli("simulate", "--port", port).refused(1) == (
            f"Port {port} on 127.0.0.1 is in use; choose another with --port."
        )


def test_a_size_that_makes_no_world_is_refused(cli: CommandLine) -> None:
    assert cli("simulate", "--projects", "0").refused(2)

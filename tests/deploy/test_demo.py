"""The two services of the demo, started as Compose would start them out of the image, but for the engine: the same
entry point, arguments and variables, nothing else in the environment, and no file to write to outside its volumes.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.compose import read, secrets
from tests.deploy.confined import Walls, possible
from tests.deploy.image import IMAGE, Here
from tests.deploy.running import asked, free_port, running, until
from tests.deploy.tools import lacking

SMALL = ("--projects=1", "--issues=10", "--events-per-day=10", "--releases=1", "--days=2")
"""A smaller world than the demo's own, so that its first copy takes a second."""


@dataclass
class Demo:
    """The demo's daemon."""

    here: Here
    process: subprocess.Popen[str]
    port: int
    token: str

    def health(self) -> int:
        """How the image's health check ends."""
        command = self.here.command(IMAGE.health)
        return subprocess.run(command, env=self.here.environment(), capture_output=True, check=False).returncode


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    if not possible():
        lacking("this kernel has no Landlock, with which a read-only file system is made here")
    found = read("demo")
    services = found["services"]
    ports = {"8000": free_port(), "9000": free_port()}
    there = Here(tmp_path / "simulator", ports)
    here = Here(tmp_path / "demo", ports, secrets(found))
    with _started(services["simulator"], there, SMALL) as simulator:
        until(simulator.stdout, "export SENTRY_BASE_URL")
        kind, *check = services["simulator"]["healthcheck"]["test"]
        assert kind == "CMD"
        subprocess.run(there.command(check), env=there.environment(), check=True)
        with _started(services["demo"], here) as daemon:
            token = Path(here.secrets["demo_mcp_token"]).read_text(encoding="utf-8").strip()
            yield Demo(here, daemon, ports["8000"], token)


@contextmanager
def _started(service: Any, here: Here, more: tuple[str, ...] = ()) -> Iterator[subprocess.Popen[str]]:
    words = [*IMAGE.words("ENTRYPOINT"), *(service["command"] or IMAGE.words("CMD")), *more]
    here.prepare()
    command = Walls(here.writable).command(*here.command(words))
    with running(command, here.environment(service.get("environment") or {}), here.folder / "data") as process:
        yield process


def test_the_demo_syncs_and_answers_with_its_file_system_read_only(demo: Demo) -> None:
    said = until(demo.process.stdout, "http://", "issues.hot:", "projects:")
    assert demo.health() == 0
    assert asked(demo.port, "/readyz")[0] == 200
    assert asked(demo.port, "/metrics")[0] == 401
    figures = {"Authorization": f"Bearer {demo.token}", "Host": "sentry-sync:8000"}
    status, text = asked(demo.port, "/metrics", **figures)
    assert (status, 'sentry_sync_rows{table="issues"} 10.0' in text) == (200, True)
    demo.process.terminate()
    rest, _ = demo.process.communicate(timeout=20)
    assert demo.process.returncode == 0
    assert demo.health() != 0
    for line in (said + rest).splitlines():
        assert json.loads(line)["level"] == "info", line

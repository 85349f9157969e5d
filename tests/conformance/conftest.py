"""A server over HTTP as a user starts it, and the tools of the protocol's authors that speak to it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.cli import environment
from tests.support.rig import Rig

HERE = Path(__file__).parent
INSTALLED = HERE / "node_modules" / ".bin"
HOW = "npm ci --prefix tests/conformance"


@dataclass(frozen=True)
class Npm:
    """Runs what package.json names."""

    home: Path

    def __call__(
        self, command: str, *arguments: str, stdin: str | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join((str(INSTALLED), os.environ["PATH"]))
        return subprocess.run(
            [INSTALLED / command, *arguments],
            input=stdin,
            cwd=self.home,
            env=environment(self.home, PATH=path, PYTHONPATH=str(HERE.parents[1]), **variables),
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )


@pytest.fixture(scope="session")
def npm(tmp_path_factory: pytest.TempPathFactory) -> Npm:
    if not (INSTALLED / "node").exists():
        said = f"Node and the protocol's tools are not installed: {HOW}"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)
    return Npm(tmp_path_factory.mktemp("npm"))


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rig = Rig(tmp_path_factory.mktemp("conformance"))
    rig.sync()
    rig.close()
    return rig.directory


@contextmanager
def served(store: Path, home: Path, **variables: str) -> Iterator[str]:
    """The base URL of a server that runs until the block ends."""
    command = [sys.executable, "-m", "sentry_sync.cli", "mcp", "--http", "127.0.0.1:0"]
    env = environment(home, SENTRY_SYNC_STORE=str(store), PYTHONPATH=str(HERE.parents[1]), **variables)
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stderr.readline())
        try:
            assert found
            yield found[0]
        finally:
            process.terminate()
            rest = process.stderr.read()
            assert process.wait(timeout=20) == 0
            assert rest == ""

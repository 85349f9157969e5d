"""Every example of the README is run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sentry_sync.simulator import Simulator, SimulatorOptions, WorldSize
from tests.support.cli import environment

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
SHELL = [text for language, text in BLOCKS if language == "sh"]


def test_only_kinds_of_examples_that_are_tested_are_used() -> None:
    assert {language for language, _ in BLOCKS} == {"sh", "json", "toml", "text"}


@pytest.mark.parametrize("target", re.findall(r"^make (\w+)$", "\n".join(SHELL), re.MULTILINE))
def test_each_make_target_is_there_and_needs_only_python(target: str, tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    # Not as a part of the make that may be running this test.
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    planned = subprocess.run(
        ["make", "--dry-run", target], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    ).stdout
    assert planned.splitlines()[0].startswith("python3 -c")
    assert {"demo": "sentry-sync demo", "test": "pytest -q"}[target] in planned.splitlines()[-1]


def test_the_shell_examples_run_in_their_order_against_a_simulated_sentry(tmp_path: Path) -> None:
    (tmp_path / "sentry-sync").write_text(f'#!/bin/sh\nexec {sys.executable} -m sentry_sync.cli "$@"\n')
    (tmp_path / "sentry-sync").chmod(0o700)
    script = "\n".join(block for block in SHELL if not block.startswith(("make ", "claude ")))
    assert "sentry-sync sync" in script
    size = WorldSize(projects=2, issues=20, events_per_day=20, releases=2, days=3)
    with Simulator(SimulatorOptions(size=size, token="your-token", rate_limit=None)) as server:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            env=environment(
                tmp_path,
                PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
                PYTHONPATH=str(ROOT),
                SENTRY_BASE_URL=server.url,
                SENTRY_SYNC_RATE_LIMIT="10000",
                SENTRY_SYNC_HISTORY_DAYS="3",
            ),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert ": up to date\n" in done.stdout
    assert "acme at http://127.0.0.1" in done.stdout
    assert "short_id" in done.stdout
    assert "Errors per day: errors" in done.stdout


def test_every_file_that_is_linked_is_there() -> None:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), (page.name, target)

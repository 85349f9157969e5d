"""Programs that check what is deployed: those of the development group, and those of the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest


def ours(name: str) -> str:
    """A program of the development group."""
    return str(Path(sys.executable).parent / name)


def theirs(name: str, package: str) -> str:
    """A program that a machine may lack: without it the test is skipped, on the build machine it fails."""
    found = shutil.which(name)
    if found is None:
        lacking(f"{name} is not installed: it is part of Debian's {package}")
    return str(found)


def lacking(what: str) -> None:
    """Skip for want of something, on the build machine fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


def said_by(*command: str, env: Mapping[str, str] | None = None) -> str:
    """What a check prints; it must be content."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr

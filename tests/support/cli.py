"""Running commands: inside this process where that is enough, as a process of their own where it is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sentry_sync.cli.main import run

SECRET = "sntrys_this_token_must_never_be_printed"


@dataclass(frozen=True)
class Outcome:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """Its JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def document(self) -> Any:
        """Its one JSON document."""
        (found,) = self.lines
        return found

    def refused(self, code: int) -> str:
        """The one line it refused with, after checking that it is one line, ours, and tells no secret."""
        assert self.code == code, self
        assert SECRET not in self.out + self.err
        (line,) = self.err.splitlines()
        assert line.startswith("sentry-sync: "), line
        return line.removeprefix("sentry-sync: ")


class CommandLine:
    """``sentry-sync`` run inside this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: object) -> Outcome:
        self._capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        captured = self._capsys.readouterr()
        return Outcome(code, captured.out, captured.err)


def environment(home: Path, **variables: str) -> dict[str, str]:
    """An environment for a process of its own, with nothing of the tester's Sentry or Python settings in it."""
    alien = ("SENTRY_", "XDG_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(alien)}
    return {**kept, "HOME": str(home), **variables}


def process(*arguments: str, env: Mapping[str, str], **options: Any) -> Outcome:
    """``sentry-sync`` as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "sentry_sync.cli", *arguments],
        env=env,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=90,
        **options,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)

"""A process of another container that has this one's host name and process number, and shares its store."""

from __future__ import annotations

import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from sentry_sync.store.presence import this_process

PROGRAM = """
import sys
from pathlib import Path
from sentry_sync.store.presence import Presence
print(Presence(Path(sys.argv[1])).name, flush=True)
sys.stdin.read()
"""


class Neighbour(AbstractContextManager["Neighbour"]):
    """Is there until it is killed."""

    def __init__(self, presence: Path) -> None:
        presence.parent.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(presence)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        self.name = f"{this_process()}:{self._process.stdout.readline().strip().rpartition(':')[2]}"

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def __exit__(self, *exc: object) -> None:
        self.kill()

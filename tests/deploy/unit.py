"""What the systemd unit says, and what its walls come to on this machine."""

from __future__ import annotations

import shlex
import socket
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tests.deploy.confined import Walls
from tests.deploy.image import ROOT
from tests.deploy.tools import said_by, theirs

UNIT = ROOT / "deploy" / "sentry-sync.service"


class Unit:
    """The unit's settings; those that may stand more than once are lists."""

    def __init__(self, text: str) -> None:
        lines = [line.partition("=") for line in text.splitlines() if line and line[0] not in "#["]
        self._lines = [(name, value) for name, _, value in lines]

    def all(self, name: str) -> list[str]:
        return [value for found, value in self._lines if found == name]

    def one(self, name: str) -> str:
        (found,) = self.all(name)
        return found

    def environment(self, specifiers: Mapping[str, str]) -> dict[str, str]:
        """The variables that it sets, with folders in place of ``%S`` and its like."""
        found: dict[str, str] = {}
        for value in self.all("Environment"):
            for word in shlex.split(value):
                name, _, text = word.partition("=")
                for specifier, folder in specifiers.items():
                    text = text.replace(specifier, folder)
                found[name] = text
        return found

    def calls(self) -> set[str]:
        """The system calls that ``SystemCallFilter=`` leaves, as systemd adds and takes away."""
        found = set(_calls("@default"))
        for value in self.all("SystemCallFilter"):
            named = {call for word in value.removeprefix("~").split() for call in _calls(word)}
            found = found - named if value.startswith("~") else found | named
        return found

    def walls(self, *writable: Path) -> Walls:
        """What the service may do, if these are its folders."""
        assert self.one("ProtectSystem") == "strict"
        assert self.one("MemoryDenyWriteExecute") == "yes"
        families = tuple(int(getattr(socket, name)) for name in self.one("RestrictAddressFamilies").split())
        return Walls(tuple(map(str, writable)), tuple(sorted(self.calls())), families)


def read() -> Unit:
    """The unit that is shipped."""
    return Unit(UNIT.read_text(encoding="utf-8"))


@cache
def _sets() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    name = ""
    for line in said_by(theirs("systemd-analyze", "systemd"), "--no-pager", "syscall-filter").splitlines():
        if line.startswith("    ") and not line.strip().startswith("#"):
            found.setdefault(name, []).append(line.strip())
        elif line.strip() and not line.startswith("    "):
            name = line.strip()
    return found


def _calls(name: str) -> set[str]:
    """The system calls of a set, or of a name that is none."""
    if not name.startswith("@"):
        return {name}
    return {call for part in _sets()[name] for call in _calls(part)}

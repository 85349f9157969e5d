"""What the Dockerfile says, and how what it starts is started here."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Stage:
    """One stage: its instructions by name, in their order."""

    base: str
    instructions: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        return [value for found, value in self.instructions if found == name]

    def one(self, name: str) -> str:
        (found,) = self.all(name)
        return found

    def words(self, name: str) -> list[str]:
        """The words of an instruction in exec form; ValueError for one that a shell would run."""
        found: list[str] = json.loads(self.one(name))
        return found

    @property
    def environment(self) -> dict[str, str]:
        return dict(word.split("=", 1) for value in self.all("ENV") for word in shlex.split(value))

    @property
    def health(self) -> list[str]:
        """The command of its health check."""
        flags, _, command = self.one("HEALTHCHECK").partition("CMD ")
        assert all(flag.startswith("--") for flag in flags.split())
        found: list[str] = json.loads(command)
        return found


def stages(text: str) -> list[Stage]:
    """The stages of a Dockerfile."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    whole = re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()
    found: list[Stage] = []
    for line in whole:
        name, _, value = line.partition(" ")
        if name == "FROM":
            found.append(Stage(value.split()[0], ()))
        else:
            found[-1] = Stage(found[-1].base, (*found[-1].instructions, (name, value.strip())))
    return found


BUILD, IMAGE = stages((ROOT / "Dockerfile").read_text(encoding="utf-8"))

COPIED = [(source, value.split()[-1]) for value in BUILD.all("COPY") for source in value.split()[:-1]]
"""What of the work tree the image is made of, and where it is copied to."""

SOURCES = [source for source, _ in COPIED]


@dataclass(frozen=True)
class Here:
    """This machine in the container's place: its paths are folders of ours, its ports free ones of ours."""

    folder: Path
    ports: Mapping[str, int]
    secrets: Mapping[str, str] = field(default_factory=dict)
    """The files behind /run/secrets."""

    @property
    def writable(self) -> tuple[str, ...]:
        """All that the container may write to."""
        return (str(self.folder / "data"), str(self.folder / "tmp"))

    def prepare(self) -> None:
        for name in self.writable:
            Path(name).mkdir(mode=0o700, parents=True)

    def text(self, value: str) -> str:
        """``value`` with what it names there by the name it has here."""
        secret = re.fullmatch(r"/run/secrets/(\w+)", value)
        if secret:
            return self.secrets[secret[1]]
        for port, ours in self.ports.items():
            value = re.sub(rf"(?<=[:= ]){port}\b", str(ours), value)
        return re.sub(r"^/(data|tmp)\b", f"{self.folder}/\\1", value)

    def command(self, words: Sequence[str]) -> list[str]:
        programs = {"sentry-sync": [sys.executable, "-m", "sentry_sync.cli"], "python": [sys.executable]}
        return [*programs[words[0]], *map(self.text, words[1:])]

    def environment(self, *given: Mapping[str, str]) -> dict[str, str]:
        """Nothing of the tester's: the image's variables, and those that its container is given."""
        merged = {name: value for one in (IMAGE.environment, *given) for name, value in one.items()}
        found = {name: self.text(value) for name, value in merged.items() if name != "PATH"}
        return {**found, "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "TMPDIR": str(self.folder / "tmp")}

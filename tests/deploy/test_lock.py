"""What the image's build is locked to: all that pyproject.toml asks for, one version of each, each with its hashes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deploy.image import BUILD, ROOT
from tests.support.distributions import wanted

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WANTED = {
    "requirements.txt": PROJECT["project"]["dependencies"],
    "build.txt": PROJECT["build-system"]["requires"],
}
PYTHONS = [f"3.{minor}" for minor in (11, 12, 13)]
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Locked:
    """One line of a lock."""

    requirement: Requirement
    hashes: int

    @property
    def version(self) -> str:
        (one,) = self.requirement.specifier
        assert one.operator == "=="
        return one.version


def locked(name: str) -> list[Locked]:
    text = (ROOT / "deploy/image" / name).read_text(encoding="utf-8")
    lines = [line for line in text.replace("\\\n", "").splitlines() if line and not line.startswith("#")]
    return [Locked(Requirement(_HASH.sub("", line).strip()), len(_HASH.findall(line))) for line in lines]


def image(python: str) -> dict[str, str]:
    """The markers' values inside an image of this Python."""
    return {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "platform_machine": "x86_64",
        "extra": "",
    }


def chosen(name: str, python: str) -> dict[str, Locked]:
    """What pip takes of a lock there, by name."""
    taken = [
        one for one in locked(name) if not one.requirement.marker or one.requirement.marker.evaluate(image(python))
    ]
    found: dict[str, Locked] = {canonicalize_name(one.requirement.name): one for one in taken}
    assert len(found) == len(taken), "one version of each"
    return found


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("name", WANTED)
def test_the_lock_has_what_the_project_asks_for_and_what_that_needs(name: str, python: str) -> None:
    held = chosen(name, python)
    waiting, seen = [Requirement(text) for text in WANTED[name]], set[tuple[str, frozenset[str]]]()
    while waiting:
        one = waiting.pop()
        key = canonicalize_name(one.name)
        assert key in held, f"{one} is not locked: run `make lock`"
        assert one.specifier.contains(held[key].version), f"{one} is locked to another: run `make lock`"
        if (key, frozenset(one.extras)) not in seen:
            seen.add((key, frozenset(one.extras)))
            waiting += needs(one, held[key].version, image(python))


def needs(one: Requirement, version: str, where: Mapping[str, str]) -> Iterator[Requirement]:
    """What a distribution needs there, as far as that very version is installed here to be asked."""
    try:
        found = metadata.distribution(one.name)
    except metadata.PackageNotFoundError:
        return
    if found.version == version:
        yield from wanted(found.requires or (), where, one.extras)


@pytest.mark.parametrize("name", WANTED)
def test_nothing_is_taken_that_has_no_hash_or_comes_from_elsewhere(name: str) -> None:
    assert all(one.hashes and not one.requirement.url for one in locked(name))
    text = Path(ROOT / "deploy/image" / name).read_text(encoding="utf-8")
    for foreign in ("://", "index", "find-links", "/home", "/tmp", "/opt"):
        assert foreign not in text


def test_all_that_is_installed_in_the_image_is_of_the_lock_or_the_wheel_itself() -> None:
    installs = re.findall(r"pip(?: --python \S+)? (?:install|wheel) ([^&]*)", BUILD.one("RUN"))
    assert len(installs) == 4
    for words in installs:
        assert "--require-hashes -r deploy/image/" in words or "--no-deps" in words
    assert "--no-build-isolation" in BUILD.one("RUN")
    for name in WANTED:
        assert f"--require-hashes -r deploy/image/{name}" in BUILD.one("RUN")

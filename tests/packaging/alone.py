"""Environments that hold what somebody says to need and nothing else: of what is installed here, so without a network."""

from __future__ import annotations

import venv
from collections.abc import Iterable
from pathlib import Path

from tests.support.distributions import closure


def environment_of(requirements: Iterable[str], folder: Path) -> Path:
    """The Python of a new environment in ``folder`` with these and what they need, each file a link to ours."""
    venv.create(folder)
    (site,) = folder.glob("lib/python*/site-packages")
    for found in closure(requirements).values():
        for file in found.files or ():
            if ".." not in file.parts:  # a command in bin
                link = site / file
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(str(found.locate_file(file)))
    return folder / "bin" / "python"

"""What docker-compose.yml comes to, as the Compose plugin itself reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.deploy.image import ROOT
from tests.deploy.tools import ours, said_by

FILE = ROOT / "docker-compose.yml"


def read(*profiles: str, **variables: str) -> Any:
    """The whole of it with these profiles, in an environment that has nothing but ``variables``."""
    flags = [word for profile in profiles for word in ("--profile", profile)]
    nothing = Path("/dev/null")  # not the .env that whoever tests may have
    said = said_by(
        ours("docker-compose"), "-f", str(FILE), "--env-file", str(nothing), *flags, "config", "--format", "json",
        env={"PATH": "/usr/bin:/bin", **variables},
    )  # fmt: skip
    return json.loads(said)


def secrets(found: Any) -> dict[str, str]:
    """The file behind each secret."""
    return {name: secret["file"] for name, secret in found["secrets"].items()}

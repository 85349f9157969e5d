"""Secrets out of files of their own, as containers and systemd hand them over: ``SENTRY_AUTH_TOKEN_FILE``.

Such a file is not asked whether others may read it, unlike the settings file: Docker and Kubernetes mount secrets
readable by everyone in the container, and who is in there can read the process's environment as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sentry_sync.errors import SettingsError

SUFFIX = "_FILE"
"""Behind a secret's variable: what every image on Docker Hub understands by it."""

LARGEST = 10_000
"""Bytes. Sentry's tokens have some hundred; a file that is larger, or never ends, is another."""


def file_variable(variables: Sequence[str]) -> str:
    """The variable that names the file of the secret that else stands in one of ``variables``."""
    return variables[0] + SUFFIX


def secret_from_file(environment: Mapping[str, str], variables: Sequence[str]) -> str | None:
    """What is in the file that the environment names for the secret, None where it names none.

    Raises SettingsError for a file that can't be read or holds nothing, and where the secret is in the environment
    as well: one of the two is then an old one, and nobody could say which.
    """
    naming = file_variable(variables)
    path = environment.get(naming)
    if not path:
        return None
    both = [variable for variable in variables if environment.get(variable)]
    if both:
        raise SettingsError(f"{both[0]} and {naming} are both set: unset one")
    try:
        with Path(path).open("rb") as file:
            found = file.read(LARGEST + 1)
    except OSError as error:
        raise SettingsError(f"cannot read {path}, which {naming} names: {error.strerror}") from None
    if len(found) > LARGEST:
        raise SettingsError(f"{path}, which {naming} names, holds more than a secret")
    if not found.strip():
        raise SettingsError(f"{path}, which {naming} names, is empty")
    # Bytes that are no text become characters that no secret has, and the line that refuses them is the usual one.
    return found.decode("utf-8", errors="replace")

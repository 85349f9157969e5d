"""The settings file: TOML, private to its owner when it holds a token."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from sentry_sync.errors import SettingsError

CONFIG_VARIABLE = "SENTRY_SYNC_CONFIG"
"""Names the settings file, where ``--config`` does not."""

SECRETS = ("auth_token", "mcp_token", "webhook_secret", "alert_targets")
"""Keys that nobody else may read."""


def read_file(path: Path, *, must_exist: bool, known: Collection[str]) -> dict[str, Any]:
    """The file's keys and values, empty when there is no file and ``must_exist`` is False.

    Raises SettingsError for a file that is missing, unreadable, not TOML, has keys outside ``known``, or holds a
    secret and can be read by others.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            found = tomllib.load(file)
    except FileNotFoundError:
        if not must_exist:
            return {}
        raise SettingsError(f"there is no settings file {path}") from None
    except OSError as error:
        raise SettingsError(f"cannot read the settings file {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        # Not the parser's words: they may quote the line that holds the token.
        raise SettingsError(f'the settings file {path} is not TOML: write lines such as org = "acme"') from None
    unknown = sorted(set(found) - set(known))
    if unknown:
        raise SettingsError(f"{path} has an unknown key {unknown[0]!r}: the keys are {', '.join(known)}")
    if any(key in found for key in SECRETS) and stat.S_IMODE(mode) & 0o077:
        raise SettingsError(f"{path} holds a secret and others can read it: run chmod 600 {path}")
    return found

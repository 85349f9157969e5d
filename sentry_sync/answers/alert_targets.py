"""Where alerts go, and how they get there. An address is a secret: it stands in no error, log or answer."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

SECONDS = 10.0
"""How long a target may take: alerts of others wait meanwhile."""

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")
"""Variables that a command is given: what a program needs to run, and no token."""


class Undelivered(Exception):
    """It did not get there; in one line, without the address."""


class Target(Protocol):
    """Somebody who can be told."""

    def tell(self, message: Mapping[str, Any]) -> None:
        """Tell it; raises Undelivered."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that takes the message as JSON, by POST."""

    url: str = field(repr=False)

    def tell(self, message: Mapping[str, Any]) -> None:
        """Post the message."""
        _post(self.url, message)


@dataclass(frozen=True, slots=True)
class Slack:
    """An incoming webhook of Slack, or of what understands the same."""

    url: str = field(repr=False)

    def tell(self, message: Mapping[str, Any]) -> None:
        """Post the message as a text."""
        from sentry_sync.answers.alert_messages import as_slack

        _post(self.url, as_slack(message))


@dataclass(frozen=True, slots=True)
class Command:
    """A program with its arguments, run without a shell; the message comes on its standard input."""

    arguments: tuple[str, ...] = field(repr=False)

    def tell(self, message: Mapping[str, Any]) -> None:
        """Run the program to its end."""
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        try:
            done = subprocess.run(  # noqa: S603 (the user's own command, out of a file that is private)
                self.arguments,
                input=orjson.dumps(message),
                stdout=subprocess.DEVNULL,
                # What it prints may quote the message.
                stderr=subprocess.DEVNULL,
                env=environment,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Undelivered(f"its command did not end within {SECONDS:g} seconds") from None
        except (OSError, ValueError) as error:
            raise Undelivered(f"its command could not be run ({type(error).__name__})") from None
        if done.returncode:
            raise Undelivered(f"its command ended with {done.returncode}")


def _post(url: str, body: Mapping[str, Any]) -> None:
    import httpx  # here, since who only lists rules must not wait for it

    headers = {"Content-Type": "application/json", "User-Agent": "sentry-sync"}
    try:
        # Never redirected: the address was chosen by the user, and no other was.
        answer = httpx.post(
            url, content=orjson.dumps(body), headers=headers, timeout=SECONDS, follow_redirects=False
        )
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        # Not the error's own words: they quote the address.
        raise Undelivered(f"it could not be reached ({type(error).__name__})") from None
    if not answer.is_success:
        raise Undelivered(f"it answered {answer.status_code}")

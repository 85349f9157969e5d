"""Log lines of a server: on stderr, one line each, for people or as JSON.

The SDK and uvicorn log what they cannot handle, with a traceback and sometimes with what a client sent. Neither is
shown: a traceback may quote the text of events, and what was sent may hold line breaks and worse.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

from sentry_sync.answers import untrusted

LONGEST = 500
"""Characters of one line."""

OURS = "sentry_sync"

BESIDE = "sentry_sync_beside"
"""The attribute of a record that holds what is told beside its message."""


class OneLine(logging.Formatter):
    """``sentry-sync: what happened``, and of an exception its type and place alone."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of ``record``."""
        said = untrusted.line(record.getMessage(), LONGEST)
        error = record.exc_info[1] if record.exc_info else None
        return f"sentry-sync: {said} ({place(error)})" if error else f"sentry-sync: {said}"


class JsonLine(logging.Formatter):
    """An object of ``at``, ``level``, ``logger``, ``message``, what is told beside it, and ``error`` as above."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of ``record``."""
        error = record.exc_info[1] if record.exc_info else None
        told: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": untrusted.line(record.getMessage(), LONGEST),
            **getattr(record, BESIDE, {}),
        }
        # Escaped to ASCII: no control or bidirectional character in it reaches a terminal.
        return json.dumps(told | {"error": place(error)} if error else told, separators=(",", ":"))


def place(error: BaseException) -> str:
    """Type and place of ``error``, without its text, which may be that of an event."""
    stack = traceback.extract_tb(error.__traceback__)
    if not stack:
        return type(error).__name__
    return f"{type(error).__name__} at {'/'.join(stack[-1].filename.split('/')[-3:])}:{stack[-1].lineno}"


def to_stderr(*, as_json: bool = False, level: str = "warning") -> None:
    """Send warnings and errors of the whole process to stderr, a line each; our own lines from ``level`` on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLine() if as_json else OneLine())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    # It warns of an alarm that rings while the one before still does: nobody misses it.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    set_level(level)


def set_level(level: str) -> None:
    """Log our own lines from ``level`` on."""
    logging.getLogger(OURS).setLevel(level.upper())


def beside(**fields: object) -> dict[str, Any]:
    """What a JSON line tells beside its message, as ``extra`` of a call; None is left out."""
    return {BESIDE: {name: value for name, value in fields.items() if value is not None}}

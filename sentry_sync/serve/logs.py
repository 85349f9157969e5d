"""Log lines of a server: on stderr, one line each.

The SDK and uvicorn log what they cannot handle, with a traceback and sometimes with what a client sent. Neither is
shown: a traceback may quote the text of events, and what was sent may hold line breaks and worse.
"""

from __future__ import annotations

import logging
import sys
import traceback

from sentry_sync.answers import untrusted

LONGEST = 500
"""Characters of one line."""


class OneLine(logging.Formatter):
    """``sentry-sync: what happened``, and of an exception its type and place alone."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of ``record``."""
        said = untrusted.line(record.getMessage(), LONGEST)
        error = record.exc_info[1] if record.exc_info else None
        return f"sentry-sync: {said} ({place(error)})" if error else f"sentry-sync: {said}"


def place(error: BaseException) -> str:
    """Type and place of ``error``, without its text, which may be that of an event."""
    stack = traceback.extract_tb(error.__traceback__)
    if not stack:
        return type(error).__name__
    return f"{type(error).__name__} at {'/'.join(stack[-1].filename.split('/')[-3:])}:{stack[-1].lineno}"


def to_stderr() -> None:
    """Send warnings and errors of the whole process to stderr, a line each."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])

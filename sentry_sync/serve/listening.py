"""Whoever called a tool, as its command sees it: told of progress from a thread, gone once nobody waits for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import anyio.from_thread
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from sentry_sync.answers.command import Listener


@contextmanager
def listening(context: Any) -> Iterator[Listener]:
    """A listener for the call of ``context``, from the thread that its command runs in, while the block lasts."""
    gone = threading.Event()

    async def report(done: int, message: str) -> None:
        try:
            await _report(context, done, message)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            gone.set()

    def tell(done: int, message: str) -> None:
        if not gone.is_set():
            anyio.from_thread.run(report, done, message)

    try:
        yield Listener(tell, gone.is_set, client_name(context))
    finally:
        gone.set()


async def _report(context: Any, done: int, message: str) -> None:
    """Tell of progress, if the call asked for it.

    A session of the older era is told on its own stream, not the call's: over HTTP the call is answered by one
    piece of JSON, which has no room for anything else.
    """
    token = (context.meta or {}).get("progress_token")
    if token is None or context.protocol_version not in HANDSHAKE_PROTOCOL_VERSIONS:
        await context.session.report_progress(done, None, message)
    else:
        await context.session.send_progress_notification(token, done, None, message)


def client_name(context: Any) -> str:
    """What the client calls itself."""
    told = context.session.client_params
    return f"MCP client {told.client_info.name}" if told and told.client_info else "an MCP client"

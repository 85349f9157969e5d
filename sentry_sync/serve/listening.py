"""Whoever called a tool, as its command sees it: told of progress from a thread, gone once nobody waits for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import anyio.from_thread

from sentry_sync.answers.command import Listener


@contextmanager
def listening(context: Any) -> Iterator[Listener]:
    """A listener for the call of ``context``, from the thread that its command runs in, while the block lasts."""
    gone = threading.Event()

    async def report(done: int, message: str) -> None:
        try:
            await context.session.report_progress(done, None, message)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            gone.set()

    def tell(done: int, message: str) -> None:
        if not gone.is_set():
            anyio.from_thread.run(report, done, message)

    try:
        yield Listener(tell, gone.is_set, _name(context))
    finally:
        gone.set()


def _name(context: Any) -> str:
    """What the client calls itself."""
    told = context.session.client_params
    return f"MCP client {told.client_info.name}" if told and told.client_info else "an MCP client"
